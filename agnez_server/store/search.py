"""
Looking for the buckets of a view by way of the summaries.

Sealed points are looked at from the coarsest summary down: a block that lies within the range and
fits a bucket gives the few points it keeps; others are looked into, until single points remain.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from agnez_server.store.base import Axis, IntColumn
from agnez_server.store.buckets import Borders, Placed, along, join_placed, reduce_buckets
from agnez_server.store.chunk import WALL_ORDERED, ChunkHead
from agnez_server.store.points import Points, join_points
from agnez_server.store.readers import WIDTHS, Level
from agnez_server.store.ruler import Ruler
from agnez_server.store.source import Mask, Source, chunk_inside
from agnez_server.store.summary import Summary

_LEVELS: Final[tuple[tuple[Level, int], ...]] = (
    ("top", WIDTHS["mid"]),
    ("mid", WIDTHS["fine"]),
    ("fine", 1),
)
"""The summaries from the coarsest on, each with how many points the next one's blocks have."""


@dataclass(slots=True)
class _Wanted:
    """A chunk that is to be looked into; of the next level only the blocks in ``mask``."""

    head: ChunkHead
    mask: Mask | None

    def finer(self, mask: Mask | None, width: int, finer: int) -> _Wanted:
        """The same with *mask*, of blocks of *width* points, said of blocks of *finer*."""
        if mask is not None:
            mask = np.repeat(mask, width // finer)[: -(-self.head.n // finer)]
        return _Wanted(self.head, mask)


@dataclass(slots=True)
class Search:
    """One view by way of the summaries."""

    source: Source
    ruler: Ruler
    axis: Axis
    count: int = 0
    """Points in the range, so far."""
    found: list[Placed] = field(default_factory=list)
    borders: Borders = field(init=False)

    def __post_init__(self) -> None:
        self.borders = Borders(self.ruler)

    def run(self, heads: list[ChunkHead]) -> None:
        """Find what the buckets need of the chunks *heads*."""
        wanted = [_Wanted(head, None) for head in heads]
        for level, finer in _LEVELS:
            wanted = self._look(wanted, level, finer)
        for one in wanted:
            self.add_points(chunk_inside(self.source, one.head, one.mask, self.ruler, self.axis))

    def add_points(self, placed: Placed) -> None:
        """Take in single points inside the range."""
        self.count += len(placed)
        self.found.append(reduce_buckets(placed, self.axis))

    def result(self) -> Placed:
        """What M4 keeps of all that was found."""
        return reduce_buckets(join_placed(self.found), self.axis)

    def _look(self, wanted: list[_Wanted], level: Level, finer: int) -> list[_Wanted]:
        """Take what fits of one level; returns what must be looked into, and where."""
        looked, rest = list[tuple[_Wanted, Summary]](), list[_Wanted]()
        for one in wanted:
            summary = self._summary(one.head, level)
            if summary is None:
                rest.append(one.finer(one.mask, WIDTHS[level], finer))
            else:
                looked.append((one, summary))
        return rest + (self._sift(looked, finer) if looked else [])

    def _summary(self, head: ChunkHead, level: Level) -> Summary | None:
        if self.axis == "wall" and not head.flags & WALL_ORDERED:
            return None
        if level == "top" and not self._is_narrow(head):
            return None
        return None if self.source.snapshot is None else self.source.snapshot.summary(head, level)

    def _is_narrow(self, head: ChunkHead) -> bool:
        """Whether a chunk as a whole may fit into a column: most don't, and are not asked."""
        low, high = (head.x0, head.x1) if self.axis == "x" else (head.w0, head.w1)
        return (high - low) * self.ruler.px <= self.ruler.hi - self.ruler.lo

    def _sift(self, looked: list[tuple[_Wanted, Summary]], finer: int) -> list[_Wanted]:
        blocks = _Blocks.join(looked)
        value = along(blocks.points, self.axis)
        last_at = np.cumsum(blocks.sizes)
        first, last = value[last_at - blocks.sizes], value[last_at - 1]
        ruler = self.ruler
        meets = blocks.wanted & ~ruler.below(last) & ~ruler.above(first)
        keys = self.borders.keys(first, last, meets & ~ruler.below(first) & ~ruler.above(last))
        taken = keys >= 0
        self.count += int(blocks.counts[taken].sum())
        kept, key = np.repeat(taken, blocks.sizes), np.repeat(keys, blocks.sizes)
        self.found.append(Placed(blocks.points, blocks.ordinal, key).take(kept))
        return _rest(looked, meets & ~taken, finer)


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Blocks of several chunks, one after the other."""

    sizes: IntColumn
    counts: IntColumn
    """Points in each block."""
    wanted: Mask
    points: Points
    ordinal: IntColumn

    @classmethod
    def join(cls, looked: Iterable[tuple[_Wanted, Summary]]) -> _Blocks:
        parts = [(one, summary, len(summary.sizes)) for one, summary in looked]
        return cls(
            np.concatenate([summary.sizes for _, summary, _ in parts]).astype(np.int64),
            np.concatenate([_counts(one.head.n, n, s.width) for one, s, n in parts]),
            np.concatenate([np.ones(n, bool) if o.mask is None else o.mask for o, _, n in parts]),
            join_points([summary.points for _, summary, _ in parts]),
            np.concatenate([s.offset + np.int64(one.head.ord) for one, s, _ in parts]),
        )


def _counts(n: int, blocks: int, width: int) -> IntColumn:
    counts = np.full(blocks, width)
    counts[-1] = n - (blocks - 1) * width
    return counts


def _rest(looked: list[tuple[_Wanted, Summary]], again: Mask, finer: int) -> list[_Wanted]:
    """Chunks with blocks to be looked into *again*, with masks for blocks of *finer* points."""
    rest, at = list[_Wanted](), 0
    for one, summary in looked:
        part = again[at : at + len(summary.sizes)]
        at += len(part)
        if part.any():
            rest.append(one.finer(part, summary.width, finer))
    return rest
