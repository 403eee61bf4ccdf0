"""What viewers ask for, as types; whatever is wrong with it becomes a BadRequest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agnez_server import checks
from agnez_server.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Place:
    """
    One channel to watch, and from where.

    ``dx`` is the width of a pixel in x, None where the page knows none yet. ``cursors`` are the
    ordinals that it wants next, by series. ``ranks`` are those whose points are wanted, None is
    all. ``band`` is of how many points the band is that the page draws, None where it draws none.
    """

    channel: int
    dx: float | None
    cursors: Mapping[int, int]
    ranks: frozenset[int] | None = None
    band: int | None = None

    def wants(self, rank: int) -> bool:
        """Whether points of *rank* are wanted."""
        return self.ranks is None or rank in self.ranks


def run_of(given: Mapping[str, Any]) -> str:
    """The id of the run that a message names."""
    return checks.text(given.get("run"), "run")


def places(value: object) -> list[Place]:
    """The ``channels`` of a `watch` message."""
    return [_place(key, v) for key, v in checks.mapping(value, "channels").items()]


def numbers(value: object) -> set[int] | None:
    """The ``channels`` of an `unwatch` message; None means all."""
    if value is None:
        return None
    if not isinstance(value, list):
        raise BadRequest(
            f"channels must be a list of numbers, found {checks.shown(value)}", field="channels"
        )
    return {checks.integer(number, "channels", 0, 10**9) for number in value}


def _place(key: str, value: object) -> Place:
    given = checks.mapping(value, "a watched channel")
    cursors = given.get("cursors")
    found = checks.mapping({} if cursors is None else cursors, "cursors")
    band = given.get("band")
    return Place(
        channel=_number(key, "channels"),
        dx=_dx(given.get("dx")),
        cursors={
            _number(series, "cursors"): checks.integer(ordinal, "cursors", 0, 2**62)
            for series, ordinal in found.items()
        },
        ranks=_ranks(given.get("ranks")),
        band=None if band is None else checks.integer(band, "band", 0, 2**62),
    )


def _ranks(value: object) -> frozenset[int] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise BadRequest(f"ranks must be a list, found {checks.shown(value)}", field="ranks")
    return frozenset(checks.integer(rank, "ranks", 0, 2**32 - 1) for rank in value)


def _number(key: str, field: str) -> int:
    if not (key.isascii() and key.isdigit() and len(key) < 19):
        raise BadRequest(f"{field} has the key {checks.shown(key)}, expected a number", field=field)
    return int(key)


def _dx(value: object) -> float | None:
    """The width of a pixel: 0 and null are a page that has no range yet."""
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        width = _as_float(value)
        if math.isfinite(width) and width >= 0:
            return width or None
    raise BadRequest(
        f"dx must be a finite number, 0 or above, found {checks.shown(value)}", field="dx"
    )


def _as_float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf
