"""
Chunks: up to 65,536 sealed points, compressed, with their summaries.

A chunk holds the points of consecutive ordinals of one series, sorted by x (points with the same x
in the order sent). Where that is not the order sent, it also holds the place of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnez_server.store.base import IntColumn
from agnez_server.store.codec import Damaged, decode, encode_steps, encode_values, pack, unpack
from agnez_server.store.points import Points
from agnez_server.store.summary import (
    FINE,
    MID,
    SUMMARIZED_FROM,
    Offsets,
    coarsen,
    encode_summary,
    summarize,
)

CHUNK_POINTS: Final = 65_536
PERMUTED: Final = 1
"""The order by x is not the order sent."""
WALL_ORDERED: Final = 2
"""The order by x is also the order by wall time, ties by ordinal."""
FLOAT_X: Final = 4
ROW_BYTES: Final = 96
"""About what a row takes beside its packets."""


@dataclass(frozen=True, slots=True)
class ChunkHead:
    """A chunk without its points: where it lies, and what its values span."""

    series: int
    ord: int
    n: int
    x0: float | int
    x1: float | int
    w0: int
    w1: int
    flags: int

    def __str__(self) -> str:
        return f"the chunk of series {self.series} with ordinals {self.ord} to {self.end - 1}"

    @property
    def end(self) -> int:
        """The ordinal after its last point."""
        return self.ord + self.n

    @property
    def x_dtype(self) -> str:
        """Of its x."""
        return "<f8" if self.flags & FLOAT_X else "<i8"


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """A chunk as it lies on disk. ``mid`` and ``fine`` are None for one of few points."""

    head: ChunkHead
    top: bytes
    mid: bytes | None
    fine: bytes | None
    body: bytes

    @property
    def size(self) -> int:
        """About what it takes on disk, bytes."""
        return sum(map(len, (self.top, self.mid or b"", self.fine or b"", self.body))) + ROW_BYTES


@dataclass(frozen=True, slots=True)
class Chunk:
    """The points of a chunk in its order; ``offset`` is the place of each in the order sent."""

    points: Points
    offset: Offsets

    @property
    def nbytes(self) -> int:
        """Memory it takes, bytes."""
        return 26 * len(self.points) + 500

    def as_sent(self) -> Points:
        """The points in the order sent."""
        back = np.empty(len(self.offset), np.intp)
        back[self.offset] = np.arange(len(self.offset))
        return self.points.take(back)


def encode_chunk(
    series: int, start: int, sent: Points, *, summarized_from: int = SUMMARIZED_FROM
) -> ChunkRow:
    """
    The chunk of *sent*, 1 to 65,536 points whose first has the ordinal *start*; one of fewer than
    *summarized_from* points gets no summaries but that of the whole.
    """
    n = len(sent)
    if (sent.x[1:] >= sent.x[:-1]).all():
        points, offset, flags = sent, np.arange(n, dtype=np.uint16), 0
    else:
        order = np.argsort(sent.x, kind="stable")
        points, offset, flags = sent.take(order), order.astype(np.uint16), PERMUTED
    flags |= _wall_flag(points.wall, flags) | (FLOAT_X if points.x.dtype == np.float64 else 0)
    wall = points.wall
    head = ChunkHead(series, start, n, points.x[0].item(), points.x[-1].item(), int(wall.min()),
                     int(wall.max()), flags)  # fmt: skip
    columns = [encode_steps(points.x), encode_values(points.y), encode_steps(wall)]
    if flags & PERMUTED:
        columns.append(encode_steps(offset))
    top, mid, fine = _summaries(points, offset, summarized_from)
    return ChunkRow(head, top, mid, fine, pack(columns))


def decode_chunk(head: ChunkHead, body: bytes) -> Chunk:
    """
    The points of a chunk.

    Raises:
        Damaged: If *body* is.
    """
    columns, n = unpack(body), head.n
    if len(columns) != (4 if head.flags & PERMUTED else 3):
        raise Damaged(f"it has {len(columns)} columns, its row says otherwise")
    points = Points(
        decode(columns[0], head.x_dtype, n),
        decode(columns[1], "<f8", n),
        decode(columns[2], "<i8", n),
    )
    if not head.flags & PERMUTED:
        return Chunk(points, np.arange(n, dtype=np.uint16))
    return Chunk(points, decode(columns[3], "<u2", n))


def _wall_flag(wall: IntColumn, flags: int) -> int:
    if flags & PERMUTED:
        ordered: npt.NDArray[Any] = wall[1:] > wall[:-1]
    else:
        ordered = wall[1:] >= wall[:-1]
    return WALL_ORDERED if ordered.all() else 0


def _summaries(
    points: Points, offset: Offsets, summarized_from: int
) -> tuple[bytes, bytes | None, bytes | None]:
    if len(points) < summarized_from:
        return encode_summary(summarize(points, offset, CHUNK_POINTS)), None, None
    fine = summarize(points, offset, FINE)
    mid = coarsen(fine, MID)
    top = coarsen(mid, CHUNK_POINTS)
    return encode_summary(top), encode_summary(mid), encode_summary(fine)
