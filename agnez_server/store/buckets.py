"""
Points on their way into a plot: with ordinals, and with the bucket that each belongs to.

A bucket is a pixel column (key ``2 c``), or the border between columns c and c + 1 (key
``2 c + 1``): blocks of a summary which lie across it and together span no more than one column.
Blocks that span more are looked into.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from agnez_server.store.base import Axis, FloatColumn, IntColumn
from agnez_server.store.extremes import extremes, group_starts
from agnez_server.store.points import NO_POINTS, Points, join_points
from agnez_server.store.ruler import Ruler, Values


@dataclass(frozen=True, slots=True)
class Placed:
    """Points with their ordinals and bucket keys."""

    points: Points
    ordinal: IntColumn
    key: IntColumn

    def __len__(self) -> int:
        return len(self.ordinal)

    def take(self, index: npt.NDArray[Any]) -> Placed:
        """Those at *index* (positions or a mask)."""
        return Placed(self.points.take(index), self.ordinal[index], self.key[index])


NOTHING = Placed(NO_POINTS, np.empty(0, np.int64), np.empty(0, np.int64))


def along(points: Points, axis: Axis) -> Values:
    """The values of *points* on *axis*."""
    return points.x if axis == "x" else points.wall


def join_placed(parts: Sequence[Placed]) -> Placed:
    """*parts* one after the other."""
    empty = np.empty(0, np.int64)
    return Placed(
        join_points([part.points for part in parts if len(part)]),
        np.concatenate([empty, *(part.ordinal for part in parts)]),
        np.concatenate([empty, *(part.key for part in parts)]),
    )


def in_order(placed: Placed, axis: Axis) -> Placed:
    """*placed* by the axis, ties by ordinal."""
    value, ordinal = along(placed.points, axis), placed.ordinal
    if _ascends(value, ordinal):
        return placed
    return placed.take(np.lexsort((ordinal, value)))


def reduce_buckets(placed: Placed, axis: Axis) -> Placed:
    """Of each bucket what M4 keeps, by bucket; *placed* in any order."""
    if not len(placed):
        return placed
    value = along(placed.points, axis)
    if not ((placed.key[1:] >= placed.key[:-1]).all() and _ascends(value, placed.ordinal)):
        placed = placed.take(np.lexsort((placed.ordinal, value, placed.key)))
    return placed.take(extremes(placed.points.y, group_starts(placed.key)))


def place_points(points: Points, ordinal: IntColumn, ruler: Ruler, axis: Axis) -> Placed:
    """*points*, all inside, by the axis, with their columns as keys."""
    key = 2 * ruler.columns(ruler.places(along(points, axis)))
    return Placed(points, ordinal, key)


class Borders:
    """Decides which blocks may be buckets without being looked into."""

    def __init__(self, ruler: Ruler) -> None:
        self._ruler = ruler
        self._anchor = np.full(ruler.px + 1, np.nan)

    def keys(self, first: Values, last: Values, free: npt.NDArray[np.bool_]) -> IntColumn:
        """
        Bucket keys of blocks that reach from *first* to *last*, -1 for those to be looked into.

        Only *free* ones, which are whole and inside, get a key. The first block at a border
        anchors its bucket; another joins it if both stay within one column from there.
        """
        left, right = self._ruler.places(first), self._ruler.places(last)
        from_column, to_column = self._ruler.columns(left), self._ruler.columns(right)
        keys = np.where(free & (from_column == to_column), 2 * from_column, -1)
        across = np.flatnonzero(free & (to_column == from_column + 1) & (right - left <= 1))
        if len(across):
            at = from_column[across]
            self._set_anchors(at, left[across])
            anchor = self._anchor[at]
            fits = (left[across] >= anchor) & (right[across] <= anchor + 1)
            keys[across[fits]] = 2 * at[fits] + 1
        return keys

    def _set_anchors(self, at: IntColumn, left: FloatColumn) -> None:
        lowest = np.full(len(self._anchor), np.inf)
        np.minimum.at(lowest, at, left)
        new = np.isnan(self._anchor) & np.isfinite(lowest)
        self._anchor[new] = lowest[new]


def _ascends(value: Values, ordinal: IntColumn) -> bool:
    later, earlier = value[1:], value[:-1]
    if (later > earlier).all():
        return True
    return bool(((later > earlier) | ((later == earlier) & (ordinal[1:] > ordinal[:-1]))).all())
