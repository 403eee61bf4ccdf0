"""
What a terminal would show of a stream of text, line by line.

A progress bar writes one line again and again, with carriage returns or by moving the cursor. Here
it stays one line, with one number, whose text changes. Colours and all other signs to the terminal
are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from agnez_client.protocol import MAX_LINE_LENGTH

HEIGHT: Final = 64
"""Lines that the cursor can go back to; what scrolls out above does not change any more."""
_LONGEST_SIGN: Final = 256
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TOKEN: Final = re.compile(
    r"\x1b\[(?P<args>[0-9;?<=>:]*)[ -/]*(?P<move>[@-~])"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles, links
    r"|\x1b[PX^_][^\x1b]*\x1b\\"
    r"|\x1b[ -/]*[0-~]"
    r"|(?P<control>[\x00-\x09\x0b-\x1f\x7f-\x9f])"
    r"|(?P<newline>\n)"
    r"|(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
)
_CUT_SIGN: Final = re.compile(r"\x1b(?:\[[0-9;?<=>:]*[ -/]*|\][^\x07\x1b]*\x1b?|[ -/]*)\Z")


class Line:
    """
    Attributes:
        number: Its place among the lines of all streams; -1 for one that is not kept.
        text: As it stands now.
        wall: When it was last written to, µs UTC.
        told: The text that was told last; None before the first time.
        told_at: When that was, s.
        left: Whether the cursor has gone on to the next line.
        waits: Whether it is about to be told.
    """

    __slots__ = ("left", "number", "text", "told", "told_at", "waits", "wall")

    def __init__(self, number: int, text: str, wall: int) -> None:
        self.number, self.text, self.wall = number, text, wall
        self.told: str | None = None
        self.told_at = 0.0
        self.left = self.waits = False

    @property
    def is_new(self) -> bool:
        """Whether it has something to tell."""
        return self.number >= 0 and self.text != self.told


class Screen:
    """
    The last lines of one stream, and the cursor.

    Args:
        number: Gives a line its number when it begins; called with the text that begins it.
        scrolled: Told of each line that can't change any more.
    """

    def __init__(self, number: Callable[[str], int], scrolled: Callable[[Line], None]) -> None:
        self.lines: list[Line] = []
        self._number, self._scrolled = number, scrolled
        self._row = self._column = 0
        self._home: int | None = None
        self._rest = ""
        self._wall = 0

    def write(self, text: str, wall: int) -> None:
        """Take *text*, written at *wall*, µs UTC. A sign that is cut off waits for its end."""
        self._wall = wall
        if self._rest:
            text, self._rest = self._rest + text, ""
        if not _CONTROL.search(text):
            self._write_plain(text)
        else:
            cut = _CUT_SIGN.search(text, max(0, len(text) - _LONGEST_SIGN))
            if cut:
                self._rest, text = cut.group(), text[: cut.start()]
            for token in _TOKEN.finditer(text):
                self._obey(token)
        self._scroll()

    def _write_plain(self, text: str) -> None:
        first, *others = text.split("\n")
        if first:
            self._put(first)
        for other in others:
            self._newline()
            if other:
                self._put(other)
            if len(self.lines) > 2 * HEIGHT:
                self._scroll()

    def _obey(self, token: re.Match[str]) -> None:
        kind = token.lastgroup
        if kind == "text":
            self._put(token.group())
        elif kind == "newline":
            self._newline()
        elif kind == "control":
            self._control(token.group())
        elif kind == "move":
            self._move(token["move"], _arguments(token["args"]))

    def _control(self, sign: str) -> None:
        if sign == "\r":
            self._column = 0
        elif sign == "\b":
            self._column = max(0, self._column - 1)
        elif sign == "\t":
            self._put("\t")
        elif sign == "\f":
            self._newline()

    def _move(self, sign: str, arguments: list[int]) -> None:
        count = max(1, arguments[0])
        if sign in "AF":
            self._row = max(0, self._row - count)
        elif sign in "BE":
            self._down(count)
        elif sign == "C":
            self._column += min(count, MAX_LINE_LENGTH)
        elif sign == "D":
            self._column = max(0, self._column - count)
        elif sign == "G":
            self._column = count - 1
        elif sign in "Hf":
            self._go_home(count - 1)
        elif sign == "K":
            self._erase(arguments[0])
        elif sign == "J":
            self._erase_below(arguments[0])
        if sign in "EFHf":
            self._column = 0

    def _down(self, count: int) -> None:
        for _ in range(min(count, HEIGHT)):
            column = self._column
            self._newline()
            self._column = column

    def _go_home(self, row: int) -> None:
        """The top of the terminal is where the program first went there."""
        if self._home is None:
            self._home = len(self.lines)
        self._row = self._home
        self._down(row)

    def _erase(self, what: int) -> None:
        line = self._line()
        if line is None:
            return
        if what == 0:
            self._set(line, line.text[: self._column])
        elif what == 1:
            self._set(line, " " * self._column + line.text[self._column :])
        else:
            self._set(line, "")

    def _erase_below(self, what: int) -> None:
        first = self._row if what == 0 else (self._home or 0)
        if what >= 2 and self._home is None:
            self._home = self._row = len(self.lines)
            return
        for line in self.lines[first + (what == 0) :]:
            self._set(line, "")
        if what == 0:
            self._erase(0)

    def _line(self) -> Line | None:
        return self.lines[self._row] if self._row < len(self.lines) else None

    def _set(self, line: Line, text: str) -> None:
        line.text, line.wall = text, self._wall

    def _put(self, text: str) -> None:
        line, column = self._line(), self._column
        self._column = column + len(text)
        if line is None:
            text = (" " * min(column, MAX_LINE_LENGTH) + text)[:MAX_LINE_LENGTH]
            self.lines.append(Line(self._number(text), text, self._wall))
            return
        before = line.text[:column].ljust(min(column, MAX_LINE_LENGTH))
        after = line.text[self._column :]
        self._set(line, (before + text + after)[:MAX_LINE_LENGTH])

    def _newline(self) -> None:
        line = self._line()
        if line is None:
            line = Line(self._number(""), "", self._wall)
            self.lines.append(line)
        line.left = True
        self._row += 1
        self._column = 0

    def _scroll(self) -> None:
        extra = len(self.lines) - HEIGHT
        if extra <= 0:
            return
        for line in self.lines[:extra]:
            self._scrolled(line)
        del self.lines[:extra]
        self._row = max(0, self._row - extra)
        if self._home is not None:
            self._home = max(0, self._home - extra)


def _arguments(text: str) -> list[int]:
    numbers = [int(part[:6]) if part.isdigit() else 0 for part in text.split(";")]
    return numbers or [0]
