"""Points that come as lines of text: the short form of shells, and what trainers print."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from agnez_client.loglines import LogReader, Reading, read_short
from agnez_server import checks
from agnez_server.catalog.posted import Posted, Target
from agnez_server.errors import BadRequest, TooLarge

_HINT: Final = "a line is `name value [x]`, or one of a log like `Train step=10 loss=0.8`"


@dataclass(slots=True)
class TextPoints:
    """
    What a body of lines holds.

    Attributes:
        points: By target.
        accepted: How many points.
        ignored: Lines that are no comment and hold no point.
        first_ignored: The first of these: its number, from 1, and its beginning.
    """

    points: dict[Target, Posted] = field(default_factory=dict)
    accepted: int = 0
    ignored: int = 0
    first_ignored: dict[str, object] | None = None

    def ignore(self, number: int, line: str) -> None:
        """Count a line that holds no point."""
        self.ignored += 1
        self.first_ignored = self.first_ignored or {"line": number, "text": line[:80]}

    def add(self, target: Target, reading: Reading) -> None:
        """Take a point."""
        posted = self.points.setdefault(target, Posted())
        posted.x.append(reading.x)
        posted.y.append(reading.value)
        posted.wall.append(None)
        self.accepted += 1


def parse_lines(
    text: str, run: str, project: str, experiment: str | None, limit: int
) -> TextPoints:
    """
    The points in the lines of *text* for the *run* with this id or name.

    A line in the short form counts as such, else as a line of a log. Blank ones and those that
    begin with # are comments.

    Raises:
        BadRequest: If no line holds a point; ``line`` is the number of the first that should.
        TooLarge: If there are more than *limit* points.
    """
    found, log = TextPoints(), LogReader()
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        short = read_short(line)
        readings = log.read(line) if short is None else [short]
        for reading in readings:
            name = checks.name(reading.channel, "channel")
            found.add(Target(run, project, experiment, name, "NUMERIC"), reading)
        if not readings:
            found.ignore(number, line)
        if found.accepted > limit:
            raise TooLarge(f"more than {limit} points in one body", hint="send several")
    if not found.accepted:
        raise _nothing_in(found)
    return found


def _nothing_in(found: TextPoints) -> BadRequest:
    first = found.first_ignored
    if first is None:
        return BadRequest("the body holds no line", hint=_HINT)
    shown = checks.shown(first["text"])
    return BadRequest(f"line {first['line']} holds no point: {shown}", hint=_HINT, **first)
