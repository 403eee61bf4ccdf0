"""Spools made by hand, for tests that look at one room alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agnez_client.protocol import MARK_INT, RECORD_INT, new_ulid
from agnez_client.spool.budget import Budget
from agnez_client.spool.header import SpoolHeader
from agnez_client.spool.pen import Pen
from agnez_client.spool.spool import Spool

PLENTY = 1 << 40


def budget(limit: int = PLENTY) -> Budget:
    """A budget of *limit* bytes."""
    return Budget(None, "", run_limit=limit, user_limit=limit)


def new_spool(
    place: Path | None,
    *,
    now: Callable[[], float] = lambda: 0.0,
    limit: int = PLENTY,
    destination: str | None = "http://127.0.0.1:9",
    run: str | None = None,
) -> tuple[Spool, Pen]:
    """A spool in the directory *place* (in memory without one) and a pen that writes to it."""
    if place is not None:
        place.mkdir(parents=True, exist_ok=True)
    header = SpoolHeader.new(run or new_ulid(), 0, destination, "host")
    spool = Spool.create(header, place, budget(limit), now)
    pen = Pen(lambda: False, lambda: None)
    pen.write_to(spool)
    return spool, pen


def write(pen: Pen, *values: int) -> None:
    """A point for each value, x and y being the value."""
    for value in values:
        assert pen.append(value, float(value), 1, 0, MARK_INT)


def claim(pen: Pen) -> Callable[[int], None]:
    """Claim a slot and leave it a hole; the answer fills it with a value."""
    segment = pen.segment
    at = segment.claim()
    assert at <= segment.limit

    def fill(value: int) -> None:
        RECORD_INT.pack_into(segment.buffer, at, value, float(value), 1, 0, MARK_INT)

    return fill


class Clock:
    """A clock that stands until it is moved, s."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time
