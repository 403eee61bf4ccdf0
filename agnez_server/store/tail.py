"""The newest points of one series, in memory: what is committed and not sealed yet."""

from __future__ import annotations

import numpy as np

from agnez_server.store.base import SeriesStats
from agnez_server.store.points import NO_POINTS, Points, XColumn
from agnez_server.store.tally import add, tally


class Tail:
    """
    Points from ordinal ``start`` on, in columns that grow by doubling.

    Slices handed out stay valid: what is written is never overwritten, growth makes new columns.
    Not thread-safe; the ledger's lock guards it.
    """

    __slots__ = ("_folded", "_kept", "_size", "_stats", "_wall", "_x", "_y", "start")

    def __init__(self, start: int = 0) -> None:
        self.start = start
        self._x: XColumn = np.empty(0, np.int64)
        self._y, self._wall = np.empty(0, np.float64), np.empty(0, np.int64)
        self._size = 0
        self._kept = NO_POINTS
        self._stats, self._folded = SeriesStats(), 0

    def __len__(self) -> int:
        return self._size

    @property
    def end(self) -> int:
        """The ordinal that the next point will have."""
        return self.start + self._size

    def points(self) -> Points:
        """Everything that is not sealed."""
        n = self._size
        return Points(self._x[:n], self._y[:n], self._wall[:n])

    def extend(self, points: Points) -> None:
        """Add *points* at the end."""
        end = self._size + len(points)
        if points.x.dtype != self._x.dtype:
            self._match(points.x.dtype)
        if end > len(self._y):
            self._grow(max(end, 2 * len(self._y), 16))
        self._x[self._size : end] = points.x
        self._y[self._size : end] = points.y
        self._wall[self._size : end] = points.wall
        self._size = end

    def stats(self) -> SeriesStats:
        """Figures of the unsealed points; folds in those that came since the last call."""
        if self._folded < self._size:
            self._stats = add(self._stats, tally(self.points()[self._folded :]))
            self._folded = self._size
        return self._stats

    def drop(self, n: int) -> None:
        """Forget the oldest *n* points, which are sealed now, but keep them for `since`."""
        whole = self.points()
        self._kept, rest = whole[:n], whole[n:]
        self.start += n
        self._x, self._y, self._wall = rest.x.copy(), rest.y.copy(), rest.wall.copy()
        self._size = len(rest)
        self._stats, self._folded = SeriesStats(), 0

    def forget_kept(self) -> None:
        """Let go of the sealed points that `drop` kept."""
        self._kept = NO_POINTS

    def since(self, ordinal: int) -> list[Points] | None:
        """Points from *ordinal* on, in one or two pieces; None if memory has not all of them."""
        first_kept = self.start - len(self._kept)
        if ordinal < first_kept:
            return None
        if ordinal >= self.start:
            return [self.points()[ordinal - self.start :]]
        return [self._kept[ordinal - first_kept :], self.points()]

    def _match(self, dtype: np.dtype[np.generic]) -> None:
        if not self._size:
            self._x = self._x.astype(dtype)
        elif dtype == np.float64:
            self._x = self._x.astype(np.float64)

    def _grow(self, capacity: int) -> None:
        whole, n = self.points(), self._size
        self._x = np.empty(capacity, self._x.dtype)
        self._y, self._wall = np.empty(capacity), np.empty(capacity, np.int64)
        self._x[:n], self._y[:n], self._wall[:n] = whole.x, whole.y, whole.wall
