"""Where the points of a series lie at one moment, and those of them that are inside a plot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agnez_server.store.base import Axis, IntColumn
from agnez_server.store.buckets import NOTHING, Placed, along, in_order, place_points
from agnez_server.store.chunk import ChunkHead
from agnez_server.store.ledger import TailView
from agnez_server.store.points import Points
from agnez_server.store.readers import Snapshot
from agnez_server.store.ruler import Ruler

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the points of a series lie: its chunks, and the tail after them."""

    snapshot: Snapshot | None
    heads: list[ChunkHead]
    tail: TailView

    @property
    def total(self) -> int:
        """The ordinal after the last point."""
        return max(self.tail.end, self.heads[-1].end if self.heads else 0)


def open_source(tail: TailView, snapshot: Snapshot | None, series: int) -> Source:
    """
    The chunks of *series*, and of *tail* what is in none of them.

    The tail must have been taken before the snapshot's first look: what is sealed in between is
    then in both, and taken once; the other way round it would be in neither.
    """
    heads = snapshot.heads(series) if snapshot is not None else []
    sealed = heads[-1].end if heads else 0
    rest = tail.points[max(0, sealed - tail.start) :]
    return Source(snapshot, heads, TailView(max(tail.start, sealed), rest))


def tail_inside(tail: TailView, ruler: Ruler, axis: Axis) -> Placed:
    """Points of the tail inside the range, by the axis."""
    ordinal = np.arange(tail.start, tail.end)
    return _inside(tail.points, ordinal, ruler, axis)


def chunk_inside(
    source: Source, head: ChunkHead, wanted: Mask | None, ruler: Ruler, axis: Axis
) -> Placed:
    """Points of a chunk (those that are *wanted*) inside the range, by the axis."""
    chunk = source.snapshot.chunk(head) if source.snapshot is not None else None
    if chunk is None:
        return NOTHING
    points, ordinal = chunk.points, chunk.offset.astype(np.int64) + head.ord
    if wanted is not None:
        points, ordinal = points.take(wanted), ordinal[wanted]
    return _inside(points, ordinal, ruler, axis)


def _inside(points: Points, ordinal: IntColumn, ruler: Ruler, axis: Axis) -> Placed:
    inside = ruler.inside(along(points, axis))
    if not inside.all():
        points, ordinal = points.take(inside), ordinal[inside]
    return in_order(place_points(points, ordinal, ruler, axis), axis)
