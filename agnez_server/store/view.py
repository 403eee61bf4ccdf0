"""The view of a series: its points in a range, or their M4 when they are too many."""

from __future__ import annotations

from typing import Final

from agnez_server.store.base import Axis, Columns
from agnez_server.store.buckets import NOTHING, Placed, along, in_order, join_placed, reduce_buckets
from agnez_server.store.chunk import CHUNK_POINTS, ChunkHead
from agnez_server.store.ruler import Ruler
from agnez_server.store.search import Search
from agnez_server.store.source import Source, chunk_inside, tail_inside

FEW: Final = 2 * CHUNK_POINTS
"""So many points are read one by one sooner than by their summaries."""


def view(
    source: Source,
    lo: float | int | None,
    hi: float | int | None,
    px: int,
    axis: Axis,
    *,
    few: int = FEW,
) -> Columns:
    """See `Store.view`. Chunks with up to *few* points in all are read point by point."""
    bounds = _bounds(source, axis)
    if bounds is None:
        return _columns(NOTHING, True, source.total)
    ruler = Ruler(bounds[0] if lo is None else lo, bounds[1] if hi is None else hi, px)
    heads = [head for head in source.heads if _meets(head, axis, ruler)]
    tail = tail_inside(source.tail, ruler, axis)
    if sum(head.n for head in heads) <= few or source.total <= 4 * px:
        return _from_points(source, heads, tail, ruler, axis)
    search = Search(source, ruler, axis)
    search.add_points(tail)
    search.run(heads)
    if search.count <= 4 * px:
        return _from_points(source, heads, tail, ruler, axis)
    return _columns(in_order(search.result(), axis), False, source.total)


def _columns(placed: Placed, exact: bool, total: int) -> Columns:
    points = placed.points
    return Columns(points.x, points.y, points.wall, placed.ordinal, exact, total)


def _from_points(
    source: Source, heads: list[ChunkHead], tail: Placed, ruler: Ruler, axis: Axis
) -> Columns:
    parts = [chunk_inside(source, head, None, ruler, axis) for head in heads]
    placed = join_placed([*parts, tail])
    exact = len(placed) <= 4 * ruler.px
    if not exact:
        placed = reduce_buckets(placed, axis)
    return _columns(in_order(placed, axis), exact, source.total)


def _bounds(source: Source, axis: Axis) -> tuple[float | int, float | int] | None:
    pairs = [(h.x0, h.x1) if axis == "x" else (h.w0, h.w1) for h in source.heads]
    value = along(source.tail.points, axis)
    if len(value):
        pairs.append((value.min().item(), value.max().item()))
    return (min(low for low, _ in pairs), max(high for _, high in pairs)) if pairs else None


def _meets(head: ChunkHead, axis: Axis, ruler: Ruler) -> bool:
    low, high = (head.x0, head.x1) if axis == "x" else (head.w0, head.w1)
    return high >= ruler.lo and low <= ruler.hi
