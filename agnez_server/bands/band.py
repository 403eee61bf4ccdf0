"""
Many curves as one: their mean, and the band between the smallest and the largest.

A member's value at x is its point there (the one sent last); between its points the straight line
that a chart draws; before its first and after its last point it has none. The mean at x is that of
all members that have a value there. Where members send at the same steps, which is what ranks of
one training do, nothing lies between points: it is the mean of what was sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from agnez_server.bands.members import Curve
from agnez_server.store.base import FloatColumn, IntColumn
from agnez_server.store.ruler import Ruler


@dataclass(frozen=True, slots=True)
class Odd:
    """Points that are no finite numbers: ``x``, ``y`` and ``member`` ``(M,)``, by x."""

    x: FloatColumn
    y: FloatColumn
    member: IntColumn


@dataclass(frozen=True, slots=True)
class Band:
    """
    Columns ``(N,)``, ascending by ``x``: each x is one at which a member has a point.

    ``count`` is how many members have a value there, of which ``mean`` is. ``lo`` and ``hi`` are
    extremes of finite values: at x where ``exact``, otherwise of all points of the pixel column
    in which x lies.
    """

    x: FloatColumn
    mean: FloatColumn
    lo: FloatColumn
    hi: FloatColumn
    count: IntColumn
    odd: Odd
    exact: bool


def band_of(curves: Sequence[Curve], lo: float, hi: float, px: int) -> Band:
    """
    The band of *curves*, each of the range *lo* to *hi* and decimated for *px* columns at most.

    Every x of the points while there are at most ``2 * px``; else one x of each column: the one
    at which most members have a point, of several the first.
    """
    x = np.concatenate([c.x for c in curves] or [np.empty(0)])
    y = np.concatenate([c.y for c in curves] or [np.empty(0)])
    member = np.repeat(np.arange(len(curves)), [len(c.x) for c in curves])
    grid = _distinct(x)
    exact = all(c.exact for c in curves) and len(grid) <= 2 * px
    row = np.searchsorted(grid, x)
    if not exact:
        ruler = Ruler(lo, hi, px)  # as the views have it, to the last bit
        column = ruler.columns(ruler.places(grid))
        chosen = _fullest(grid, column, _holders(row, member, len(grid)))
        grid, row = grid[chosen], np.searchsorted(column[chosen], column[row])
    return _band(curves, grid, row, y, _odd(x, y, member, row), exact)


def _band(
    curves: Sequence[Curve], grid: FloatColumn, row: IntColumn, y: FloatColumn, odd: Odd,
    exact: bool,
) -> Band:  # fmt: skip
    values = np.array([_values(c, grid) for c in curves]).reshape(len(curves), len(grid))
    known = ~np.isnan(values)
    low = np.where(known, values, np.inf).min(axis=0, initial=np.inf)
    high = np.where(known, values, -np.inf).max(axis=0, initial=-np.inf)
    finite = np.isfinite(y)
    np.minimum.at(low, row[finite], y[finite])
    np.maximum.at(high, row[finite], y[finite])
    count = known.sum(axis=0)
    some = count > 0
    mean = _means(values[:, some], count[some])
    return Band(grid[some], mean, low[some], high[some], count[some], odd, exact)


def _values(curve: Curve, grid: FloatColumn) -> FloatColumn:
    """The value of one member at each place of *grid*, NaN where it has none."""
    finite = np.isfinite(curve.y)
    x, y = (curve.x, curve.y) if finite.all() else (curve.x[finite], curve.y[finite])
    if not len(x):
        return np.full(len(grid), np.nan)
    last = np.append(x[1:] != x[:-1], True)
    with np.errstate(over="ignore", invalid="ignore"):  # between values at both ends of float64
        found: FloatColumn = np.interp(grid, x[last], y[last], left=np.nan, right=np.nan)
    found[~np.isfinite(found)] = np.nan
    if len(x) < len(curve.x):
        found[np.isin(grid, np.setdiff1d(curve.x[~finite], x))] = np.nan
    return found


def _means(values: npt.NDArray[np.float64], count: IntColumn) -> FloatColumn:
    with np.errstate(over="ignore", invalid="ignore"):
        mean: FloatColumn = np.nansum(values, axis=0) / count
    huge = ~np.isfinite(mean)
    mean[huge] = np.nansum(values[:, huge] / count[huge], axis=0)
    return mean


def _distinct(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Each once, ascending: of runs that ascend, which these are, sooner than numpy's `unique`."""
    ascending = np.sort(values, kind="stable")
    fresh = np.ones(len(ascending), bool)
    fresh[1:] = ascending[1:] != ascending[:-1]
    return ascending[fresh]


def _holders(row: IntColumn, member: IntColumn, rows: int) -> IntColumn:
    """How many members have a point at each place."""
    members = int(member.max(initial=0)) + 1
    return np.bincount(_distinct(row * members + member) // members, minlength=rows)


def _fullest(grid: FloatColumn, column: IntColumn, holders: IntColumn) -> IntColumn:
    """Of each column the place that most hold, ascending."""
    order = np.lexsort((grid, -holders, column))
    firsts = np.unique(column[order], return_index=True)[1]
    return order[firsts]


def _odd(x: FloatColumn, y: FloatColumn, member: IntColumn, row: IntColumn) -> Odd:
    """Of each place at most one of each kind: NaN, infinity, minus infinity."""
    at = np.flatnonzero(~np.isfinite(y))
    at = at[np.lexsort((member[at], x[at]))]
    kind = np.where(np.isnan(y[at]), 0, np.sign(y[at])).astype(np.int64)
    kept = np.sort(np.unique(3 * row[at] + kind + 1, return_index=True)[1])
    return Odd(x[at[kept]], y[at[kept]], member[at[kept]])
