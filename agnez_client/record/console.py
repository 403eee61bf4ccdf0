"""
The console output of a process as numbered lines: text goes in, `console` events come out.

A line is told when it is whole. One that is written again, a progress bar, is told again with its
number, at most once a second. What comes faster than anyone reads is counted, not kept.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from agnez_client.record.screen import Line, Screen

RETELL_S: Final = 1.0
"""How often a line that changes is told."""
RETRY_S: Final = 0.25
"""How long `feed` leaves it to `tend` to tell what could not be told."""
BURST: Final = 4 << 20
"""Characters that are taken at once, whatever their pace."""
PACE: Final = 64 << 10
"""Characters a second that are taken for ever."""
_LINE_COST: Final = 64
_AT_ONCE: Final = 50
"""Events that are written at once, and a second; what comes faster is told by `tend`."""
_MOST_LINES: Final = 500
_MOST_CHARACTERS: Final = 128 << 10
_MOST_PIECES: Final = 64
_MOST_WAITING: Final = 10_000
_PATIENCE_S: Final = 2.0

Tell = Callable[[str, int, list[str], list[int]], bool]


class Allowance:
    """What may be spent: at most *burst* at once, *pace* a second in the long run."""

    def __init__(self, burst: float, pace: float, now: Callable[[], float]) -> None:
        self._burst, self._pace, self._now = burst, pace, now
        self._left, self._at = burst, now()

    def spend(self, amount: float, leaving: float = 0) -> bool:
        """Whether *amount* is there, and *leaving* besides; then *amount* is spent."""
        if amount + leaving > self._left:
            now = self._now()
            self._left = min(self._burst, self._left + (now - self._at) * self._pace)
            self._at = now
            if amount + leaving > self._left:
                return False
        self._left -= amount
        return True


class ConsoleLines:
    """
    The lines of both streams of one process.

    `feed` may be called from any thread and from a signal's handler, and never waits: whoever
    finds another at work leaves the text to that one.

    Args:
        tell: Takes stream, number of the first line, texts and wall times (µs UTC) of lines that
            follow each other; False if it can't at present: they are offered again.
        now: A clock that only goes forward, s.
    """

    def __init__(self, tell: Tell, now: Callable[[], float] = time.monotonic) -> None:
        self._tell, self._now = tell, now
        self._chunks: deque[tuple[str, str, int]] = deque(maxlen=10_000)
        self._lock = threading.Lock()
        self._telling: int | None = None
        self._screens: dict[str, Screen] = {}
        self._count = self._skipped = 0
        self._due: list[tuple[str, Line]] = []
        self._room = Allowance(BURST, PACE, now)
        self._events = Allowance(_AT_ONCE, _AT_ONCE, now)
        self._retell_at = self._retry_at = 0.0

    def feed(self, stream: str, text: str) -> None:
        """Take *text* that was written to *stream*, "stdout" or "stderr"."""
        if self._telling == threading.get_ident():  # what telling itself writes would never end
            return
        self._chunks.append((stream, text, time.time_ns() // 1000))
        if "\n" not in text and len(self._chunks) < _MOST_PIECES:
            return  # `print` writes a line in pieces
        while self._chunks and self._lock.acquire(blocking=False):
            try:
                self._take()
                if self._due and self._may_tell():
                    self._tell_due()
            finally:
                self._lock.release()

    def tend(self) -> None:
        """Tell what waits, and lines that have changed; call this some times a second."""
        if self._lock.acquire(blocking=False):
            try:
                self._take()
                now = self._now()
                if now >= self._retell_at:
                    self._retell_at = now + RETELL_S / 4
                    self._collect_changed(now)
                self._tell_due()
            finally:
                self._lock.release()

    def close(self) -> None:
        """Tell all there is, lines without an end too."""
        if not self._lock.acquire(timeout=_PATIENCE_S):
            return
        try:
            self._take()
            for stream, screen in self._screens.items():
                self._note_skipped(stream)
                for line in screen.lines:
                    self._queue(stream, line)
            self._tell_due()
        finally:
            self._lock.release()

    def _may_tell(self) -> bool:
        is_many = len(self._due) >= _MOST_LINES
        return self._now() >= self._retry_at and (is_many or self._events.spend(1))

    # -- with the lock held -----------------------------------------------------------------------

    def _take(self) -> None:
        while self._chunks:
            stream, text, wall = self._chunks.popleft()
            pieces = [text]
            while self._chunks and self._chunks[0][0] == stream:
                _, text, wall = self._chunks.popleft()
                pieces.append(text)
            screen = self._screens.get(stream) or self._open(stream)
            screen.write("".join(pieces), wall)
            self._collect_left(stream, screen)

    def _open(self, stream: str) -> Screen:
        screen = Screen(
            lambda text: self._number(stream, text), lambda line: self._queue(stream, line)
        )
        self._screens[stream] = screen
        return screen

    def _number(self, stream: str, text: str) -> int:
        """The next number, -1 without room; once there is none, a second's pace has to be saved."""
        leaving = PACE if self._skipped else 0
        full = len(self._due) > _MOST_WAITING
        if full or not self._room.spend(len(text) + _LINE_COST, leaving):
            self._skipped += 1
            return -1
        self._note_skipped(stream)
        self._count += 1
        return self._count - 1

    def _queue(self, stream: str, line: Line) -> None:
        if line.is_new and not line.waits:
            line.waits = True
            self._due.append((stream, line))

    def _collect_left(self, stream: str, screen: Screen) -> None:
        """Lines that have ended and were never told; the youngest are the last."""
        for line in reversed(screen.lines):
            if line.left and line.number >= 0:
                if line.waits or line.told is not None:
                    break
                self._queue(stream, line)

    def _note_skipped(self, stream: str) -> None:
        """Say in a line of its own how many are missing."""
        if self._skipped:
            text = f"[{self._skipped} lines came too fast and were not kept]"
            self._queue(stream, Line(self._count, text, time.time_ns() // 1000))
            self._count += 1
            self._skipped = 0

    def _collect_changed(self, now: float) -> None:
        for stream, screen in self._screens.items():
            for line in screen.lines:
                if not line.is_new or line.waits or now - line.told_at < RETELL_S:
                    continue
                if line.told is None and not line.told_at:
                    line.told_at = now - RETELL_S / 2  # it may be whole in a moment
                elif self._room.spend(len(line.text)):
                    self._queue(stream, line)

    def _tell_due(self) -> None:
        due, self._due = sorted(self._due, key=lambda found: found[1].number), []
        now = self._now()
        self._telling = threading.get_ident()
        try:
            for stream, lines in _groups(due):
                texts, walls = [line.text for line in lines], [line.wall for line in lines]
                if self._tell(stream, lines[0].number, texts, walls):
                    for line, text in zip(lines, texts, strict=True):
                        line.told, line.told_at, line.waits = text, now, False
                else:
                    self._retry_at = now + RETRY_S
                    self._due += [(stream, line) for line in lines]
        finally:
            self._telling = None


def _groups(due: list[tuple[str, Line]]) -> list[tuple[str, list[Line]]]:
    """*due* cut where the stream changes, a number is missing, or an event would be too large."""
    groups: list[tuple[str, list[Line]]] = []
    size = 0
    for stream, line in due:
        last = groups[-1] if groups else None
        size += len(line.text)
        if (
            last is None
            or last[0] != stream
            or last[1][-1].number + 1 != line.number
            or len(last[1]) >= _MOST_LINES
            or size > _MOST_CHARACTERS
        ):
            groups.append((stream, [line]))
            size = len(line.text)
        else:
            last[1].append(line)
    return groups
