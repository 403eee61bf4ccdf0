"""Every point of a series, in the order sent."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from agnez_server.store.base import Columns
from agnez_server.store.points import Points, join_points
from agnez_server.store.source import Source


def raw(source: Source, after: int, limit: int) -> Columns:
    """See `Store.raw`. Points of a damaged chunk are left out, the ordinals tell."""
    parts, ordinals, left = list[Points](), [np.empty(0, np.int64)], limit
    for start, points in _pieces(source, after):
        part = points[max(0, after - start) :][:left]
        if len(part):
            first = max(after, start)
            parts.append(part)
            ordinals.append(np.arange(first, first + len(part)))
            left -= len(part)
        if not left:
            break
    points = join_points(parts)
    return Columns(points.x, points.y, points.wall, np.concatenate(ordinals), True, source.total)


def _pieces(source: Source, after: int) -> Iterator[tuple[int, Points]]:
    """What has points from ordinal *after* on: (ordinal of the first, points), in order."""
    for head in source.heads:
        if head.end > after and source.snapshot is not None:
            chunk = source.snapshot.chunk(head)
            if chunk is not None:
                yield head.ord, chunk.as_sent()
    yield source.tail.start, source.tail.points
