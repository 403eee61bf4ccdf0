"""Running figures of series: of points, and of two stretches put together."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from agnez_server.store.base import SeriesStats
from agnez_server.store.points import Points


def tally(points: Points) -> SeriesStats:
    """The figures of *points*."""
    if not len(points):
        return SeriesStats()
    x, y, wall = points.x, points.y, points.wall
    nan, finite = 0, y
    if not (math.isfinite(y.min()) and math.isfinite(y.max())):
        nan, finite = int(np.count_nonzero(np.isnan(y))), y[np.isfinite(y)]
    return SeriesStats(
        count=len(y),
        nan=nan,
        inf=len(y) - len(finite) - nan,
        min=float(finite.min()) if len(finite) else None,
        max=float(finite.max()) if len(finite) else None,
        last_x=x[-1].item(),
        last_y=float(y[-1]),
        last_wall=int(wall[-1]),
        min_x=x.min().item(),
        max_x=x.max().item(),
        min_wall=int(wall.min()),
        max_wall=int(wall.max()),
    )


def add(older: SeriesStats, newer: SeriesStats) -> SeriesStats:
    """The figures of *older* followed by *newer*."""
    if not newer.count:
        return older
    if not older.count:
        return newer
    return SeriesStats(
        count=older.count + newer.count,
        nan=older.nan + newer.nan,
        inf=older.inf + newer.inf,
        min=_pick(min, older.min, newer.min),
        max=_pick(max, older.max, newer.max),
        last_x=newer.last_x,
        last_y=newer.last_y,
        last_wall=newer.last_wall,
        min_x=_pick(min, older.min_x, newer.min_x),
        max_x=_pick(max, older.max_x, newer.max_x),
        min_wall=_pick_int(min, older.min_wall, newer.min_wall),
        max_wall=_pick_int(max, older.max_wall, newer.max_wall),
    )


def as_row(stats: SeriesStats) -> tuple[float | int | None, ...]:
    """*stats* in the order of the columns of the table `series`; SQLite keeps NaN as null."""
    return (stats.count, stats.nan, stats.inf, stats.min, stats.max, stats.last_x, stats.last_y,
            stats.last_wall, stats.min_x, stats.max_x, stats.min_wall, stats.max_wall)  # fmt: skip


def from_row(row: tuple[float | int | None, ...]) -> SeriesStats:
    """The inverse of `as_row`."""
    stats = SeriesStats(*row)  # type: ignore[arg-type]  # the schema has the types
    if stats.count and stats.last_y is None:
        values = list(row)
        values[6] = math.nan
        return SeriesStats(*values)  # type: ignore[arg-type]
    return stats


def _pick(
    choose: Callable[[float | int, float | int], float | int],
    a: float | int | None,
    b: float | int | None,
) -> float | int | None:
    if a is None or b is None:
        return b if a is None else a
    return choose(a, b)


def _pick_int(choose: Callable[[int, int], int], a: int | None, b: int | None) -> int | None:
    if a is None or b is None:
        return b if a is None else a
    return choose(a, b)
