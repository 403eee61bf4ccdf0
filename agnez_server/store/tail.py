"""The newest points of one series, in memory: what is committed and not sealed yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from agnez_server.store.base import SeriesStats
from agnez_server.store.points import NO_POINTS, Points, join_points
from agnez_server.store.tally import add, tally

_SMALL: Final = 4096
_MANY: Final = 64
"""So many small pieces in a row become one: each takes some 300 bytes beside its points."""

Piece = tuple[Points, int, int]
"""Columns, and from where to where the points are the series' own."""


def join_pieces(pieces: Sequence[Piece]) -> Points:
    """*pieces* one after the other; a single one is not copied."""
    return join_points([points[start:end] for points, start, end in pieces])


def cut_pieces(pieces: Iterable[Piece], size: int) -> Iterator[Points]:
    """The points of *pieces*, *size* at a time; the last time the rest."""
    found, missing = list[Piece](), size
    for points, start, end in pieces:
        at = start
        while end - at >= missing:
            found.append((points, at, at + missing))
            yield join_pieces(found)
            at, found, missing = at + missing, [], size
        if at < end:
            found.append((points, at, end))
            missing -= end - at
    if found:
        yield join_pieces(found)


class Tail:
    """
    Points from ordinal ``start`` on, in pieces as they came: parts of blocks, which are not copied.

    What is handed out stays valid: no column is ever changed. Not thread-safe; the ledger's lock
    guards it.
    """

    __slots__ = ("_folded", "_kept", "_kept_size", "_pieces", "_size", "_small", "_stats", "start")

    def __init__(self, start: int = 0) -> None:
        self.start = start
        self._pieces: list[Piece] = []
        self._size = self._small = 0
        self._kept: list[Piece] = []
        self._kept_size = 0
        self._stats, self._folded = SeriesStats(), 0

    def __len__(self) -> int:
        return self._size

    @property
    def end(self) -> int:
        """The ordinal that the next point will have."""
        return self.start + self._size

    def pieces(self) -> list[Piece]:
        """Everything that is not sealed."""
        return self._pieces.copy()

    def extend(self, points: Points, start: int, end: int) -> None:
        """Add ``points[start:end]`` at the end."""
        self._pieces.append((points, start, end))
        self._size += end - start
        if end - start >= _SMALL:
            self._small = 0
            return
        self._small += 1
        if self._small == _MANY:
            self._replace(len(self._pieces) - _MANY, join_pieces(self._pieces[-_MANY:]))

    def settle(self, joined: Sequence[Piece], points: Points) -> None:
        """Keep *joined*, the oldest pieces if they still are, as the one piece *points*."""
        if len(joined) <= len(self._pieces) and all(map(_same, joined, self._pieces)):
            self._pieces[: len(joined)] = [(points, 0, len(points))]
            self._small = min(self._small, len(self._pieces) - 1)

    def stats(self) -> SeriesStats:
        """Figures of the unsealed points; folds in those that came since the last call."""
        if self._folded < self._size:
            new = join_pieces(_from(self._pieces, self._size - self._folded))
            self._stats = add(self._stats, tally(new))
            self._folded = self._size
        return self._stats

    def drop(self, n: int) -> None:
        """Forget the oldest *n* points, which are sealed now, but keep them for `since`."""
        rest = _from(self._pieces, self._size - n)
        self._kept = _until(self._pieces, n)
        self._kept_size = n
        self.start += n
        self._size -= n
        self._stats, self._folded = SeriesStats(), 0
        self._pieces = rest
        self._small = min(self._small, len(rest))

    def detach(self) -> None:
        """Copy the points, if they are parts of blocks: a part keeps its whole block in memory."""
        if self._pieces and self._size:
            self._replace(0, _copied(join_pieces(self._pieces)))

    def forget_kept(self) -> None:
        """Let go of the sealed points that `drop` kept."""
        self._kept, self._kept_size = [], 0

    def since(self, ordinal: int) -> list[Points] | None:
        """Points from *ordinal* on, in pieces; None if memory has not all of them."""
        missing = self.end - ordinal
        if missing > self._size + self._kept_size:
            return None
        pieces = _from(self._pieces, missing)
        if missing > self._size:
            pieces = _from(self._kept, missing - self._size) + pieces
        return [points[start:end] for points, start, end in pieces] or [NO_POINTS]

    def _replace(self, at: int, points: Points) -> None:
        self._pieces[at:] = [(points, 0, len(points))]
        self._small = 0


def _from(pieces: Sequence[Piece], n: int) -> list[Piece]:
    """The newest *n* points of *pieces*, or all."""
    found = list[Piece]()
    for points, start, end in reversed(pieces):
        if n <= 0:
            break
        found.append((points, max(start, end - n), end))
        n -= end - start
    return found[::-1]


def _until(pieces: Sequence[Piece], n: int) -> list[Piece]:
    """The oldest *n* points of *pieces*."""
    found = list[Piece]()
    for points, start, end in pieces:
        if n <= 0:
            break
        found.append((points, start, min(end, start + n)))
        n -= end - start
    return found


def _same(one: Piece, other: Piece) -> bool:
    return one[0] is other[0] and one[1:] == other[1:]


def _copied(points: Points) -> Points:
    return Points(points.x.copy(), points.y.copy(), points.wall.copy())
