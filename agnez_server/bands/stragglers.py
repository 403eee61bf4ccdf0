"""
How far each rank is, and which are clearly behind.

Behind is measured against the rank in the middle (of an even number, the one ahead): how many
steps its newest x is larger. That is *clearly* behind when it is more than `SPACINGS` of the steps
between points, the rank's own or the usual ones, whichever are larger, and, while the run goes on,
more than what the others do in `SECONDS`: so long may points be on their way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agnez_server.bands.members import Bound, Member
from agnez_server.store.base import SeriesStats

SPACINGS: Final = 3
SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Standing:
    """``x`` is the newest of the rank, ``behind`` how far it is behind, None where not clearly."""

    rank: int
    count: int
    x: Bound
    y: float | None
    wall: int
    behind: Bound | None


def standings(members: Sequence[Member], *, running: bool) -> list[Standing]:
    """All ranks of *members*, by number. Nobody is behind where there is one rank only."""
    best: dict[int, SeriesStats] = {}
    counts: dict[int, int] = {}
    for member in members:
        stats = member.newest.stats
        counts[member.rank] = counts.get(member.rank, 0) + sum(p.stats.count for p in member.parts)
        if member.rank not in best or _newest(stats) > _newest(best[member.rank]):
            best[member.rank] = stats
    ranks = list(best.values())
    front = _middle([_newest(s) for s in ranks])
    usual, pace = _middle([_spacing(s) for s in ranks]), _middle([_pace(s) for s in ranks])
    return [
        Standing(
            rank, counts[rank], _newest(stats), stats.last_y, stats.max_wall or 0,
            _behind(front - _newest(stats), max(usual, _spacing(stats)), pace if running else None),
        )
        for rank, stats in sorted(best.items())
    ]  # fmt: skip


def _behind(away: Bound, spacing: float, pace: float | None) -> Bound | None:
    """*pace* is seconds a step, None once the run has ended: then nothing is on its way."""
    in_time = pace is not None and away * pace <= SECONDS
    return None if away <= SPACINGS * spacing or in_time else away


def _newest(stats: SeriesStats) -> Bound:
    return 0 if stats.max_x is None else stats.max_x


def _spacing(stats: SeriesStats) -> float:
    if stats.max_x is None or stats.min_x is None or stats.count < 2:
        return 0.0
    return (stats.max_x - stats.min_x) / (stats.count - 1)


def _pace(stats: SeriesStats) -> float:
    """Seconds a step, 0 where that can't be told."""
    if stats.max_x is None or stats.min_x is None or stats.max_x <= stats.min_x:
        return 0.0
    took_us = (stats.max_wall or 0) - (stats.min_wall or 0)
    return took_us / 1e6 / (stats.max_x - stats.min_x)


def _middle(values: Sequence[Bound]) -> Bound:
    return sorted(values)[len(values) // 2] if values else 0
