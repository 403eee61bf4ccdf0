"""
The members of a channel: the curves that are drawn of it, each the newest session at each x.

A rank is one member, whose sessions follow one another; sessions of a rank that ran side by side
are members of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from agnez_server.catalog.sessions import superseded_from
from agnez_server.store.base import Axis, FloatColumn, Series, SeriesStats, Store

Bound = float | int
_WHOLE = 1 << 53
"""Beyond it float64 leaves integers out."""


@dataclass(frozen=True, slots=True)
class Part:
    """One session of a member; ``until`` is from where on it is superseded, None if nowhere."""

    series: Series
    stats: SeriesStats
    until: Bound | None


@dataclass(frozen=True, slots=True)
class Member:
    """``parts`` follow one another, oldest first; none is without points."""

    rank: int
    parts: Sequence[Part]

    @property
    def newest(self) -> Part:
        """The session that began last."""
        return self.parts[-1]


@dataclass(frozen=True, slots=True)
class Curve:
    """
    Points of a member by the axis, ties in the order sent: ``x`` and ``y`` float64 ``(N,)``.

    ``exact``: all of the range are here; otherwise at least the extremes of each column.
    """

    x: FloatColumn
    y: FloatColumn
    exact: bool


def members_of(series: Iterable[tuple[Series, SeriesStats]]) -> list[Member]:
    """The members of a channel by rank, from all of its *series*."""
    given = sorted(((s, stats) for s, stats in series if stats.count), key=_age)
    superseded = superseded_from(given)
    members: list[list[Part]] = []
    for one, stats in given:
        part = Part(one, stats, superseded.get(one.id))
        for parts in reversed(members):
            if _follows(one, parts[-1]):
                parts.append(part)
                break
        else:
            members.append([part])
    return [Member(parts[0].series.rank, parts) for parts in members]


def _age(given: tuple[Series, SeriesStats]) -> tuple[int, int]:
    return given[0].rank, given[0].session


def _follows(later: Series, earlier: Part) -> bool:
    return (
        later.rank == earlier.series.rank
        and later.session > earlier.series.session
        and later.session >= (earlier.stats.max_wall or 0)
    )


def bounds_of(members: Sequence[Member], axis: Axis) -> tuple[Bound, Bound] | None:
    """Between which values all points of *members* lie; None if there are none."""
    stats = [part.stats for member in members for part in member.parts]
    lows = [s.min_x if axis == "x" else s.min_wall for s in stats]
    highs = [s.max_x if axis == "x" else s.max_wall for s in stats]
    known = [v for v in lows if v is not None], [v for v in highs if v is not None]
    return (min(known[0]), max(known[1])) if known[0] and known[1] else None


def read_curve(store: Store, member: Member, lo: Bound, hi: Bound, px: int, axis: Axis) -> Curve:
    """*member* between *lo* and *hi*, decimated for *px* columns; may block on disk."""
    xs, ys, exact = list[FloatColumn](), list[FloatColumn](), True
    for part in member.parts:
        end = hi
        if axis == "x" and part.until is not None:
            end = min(hi, below(part.until))
        if end < lo:
            continue
        # As wide as the columns of the whole: no spike hides behind what is superseded.
        share = 1.0 if end == hi else share_of(lo, hi, lo, end)
        found = store.view(part.series.id, lo, end, max(1, math.ceil(px * share)), axis)
        along, y = found.x if axis == "x" else found.wall, found.y
        if axis == "wall" and part.until is not None:
            kept = found.x < part.until
            along, y = along[kept], y[kept]
        xs.append(along.astype(np.float64))
        ys.append(y)
        exact &= found.exact
    return _joined(xs, ys, exact)


def tails_of(members: Sequence[Member]) -> list[Part]:
    """Of each member the newest session that was gone over again."""
    parts = ([p for p in member.parts if p.until is not None] for member in members)
    return [superseded[-1] for superseded in parts if superseded]


def read_tail(store: Store, part: Part, lo: Bound, hi: Bound, px: int, axis: Axis) -> Curve:
    """What was gone over again of *part*, as `read_curve`."""
    until = part.until
    if until is None or (axis == "x" and until > hi):
        return _joined([], [], True)
    found = store.view(part.series.id, max(lo, until) if axis == "x" else lo, hi, px, axis)
    kept = found.x >= until
    along = found.x if axis == "x" else found.wall
    return _joined([along[kept].astype(np.float64)], [found.y[kept]], found.exact)


def _joined(xs: list[FloatColumn], ys: list[FloatColumn], exact: bool) -> Curve:
    x, y = np.concatenate([*xs, np.empty(0)]), np.concatenate([*ys, np.empty(0)])
    if (x[1:] < x[:-1]).any():  # a clock that went back
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
    return Curve(x, y, exact)


def share_of(lo: Bound, hi: Bound, begin: Bound, end: Bound) -> float:
    """How much of *lo* to *hi*, which are apart, lies from *begin* to *end*."""
    if math.isfinite(hi - lo):
        return (end - begin) / (hi - lo)
    return (end / 2 - begin / 2) / (hi / 2 - lo / 2)  # from one end of float64 to the other


def below(x: Bound) -> Bound:
    """The largest bound below *x*: of a range that ends before it."""
    if isinstance(x, int) and abs(x) >= _WHOLE:
        return x - 1
    return math.nextafter(x, -math.inf)
