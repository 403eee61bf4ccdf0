"""
Summaries of sealed points: per block of neighbours, the points that M4 needs of it.

So a summary is itself points, in the order of the chunk, with the border of each block; the one of
2048 points is made of the one of 64, that of the chunk of the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnez_server.store.base import FloatColumn
from agnez_server.store.codec import decode, encode_steps, encode_values, pack, unpack
from agnez_server.store.extremes import Positions, extremes
from agnez_server.store.points import Points

FINE: Final = 64
MID: Final = 2048
"""Points in a block of the finer and of the coarser summary."""
SUMMARIZED_FROM: Final = 16_384
"""A chunk of fewer points has none of the two: such are few, and quick to read point by point."""

Offsets = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Summary:
    """
    Blocks of ``width`` points (the last may be shorter).

    ``sizes`` ``(blocks,)`` is how many points of each block are kept; ``points`` and ``offset``
    are those, block by block. ``offset`` is the place in the chunk in the order sent.
    """

    width: int
    sizes: npt.NDArray[np.uint8]
    points: Points
    offset: Offsets

    @property
    def nbytes(self) -> int:
        """Memory it takes, bytes."""
        return 26 * len(self.offset) + len(self.sizes) + 500


def summarize(points: Points, offset: Offsets, width: int) -> Summary:
    """The summary of a chunk's *points*, which are in its order, in blocks of *width*."""
    size = min(width, len(points))
    whole = len(points) - len(points) % size
    if not np.isfinite(points.y[:whole]).all():
        return _summary(points, offset, np.arange(0, len(points), width), width)
    kept, sizes = _of_whole_blocks(points.y[:whole], size)
    if whole < len(points):
        rest = extremes(points.y[whole:], np.zeros(1, np.intp)) + whole
        kept, sizes = np.append(kept, rest), np.append(sizes, np.uint8(len(rest)))
    return Summary(width, sizes, points.take(kept), offset[kept])


def _of_whole_blocks(y: FloatColumn, width: int) -> tuple[Positions, npt.NDArray[np.uint8]]:
    """What `extremes` finds in blocks of *width* finite values, and how many of each; quicker."""
    blocks = y.reshape(-1, width)
    found = np.empty((len(blocks), 4), np.intp)
    lowest, highest = blocks.argmin(1), blocks.argmax(1)
    found[:, 0], found[:, 3] = 0, width - 1
    np.minimum(lowest, highest, out=found[:, 1])
    np.maximum(lowest, highest, out=found[:, 2])
    is_new = np.ones(found.shape, bool)
    np.not_equal(found[:, 1:], found[:, :-1], out=is_new[:, 1:])
    found += np.arange(0, len(y), width)[:, None]
    return found[is_new], is_new.sum(1, dtype=np.uint8)


def coarsen(finer: Summary, width: int) -> Summary:
    """The summary in blocks of *width*, which is a multiple of the width of *finer*."""
    firsts = np.cumsum(finer.sizes, dtype=np.intp) - finer.sizes
    return _summary(finer.points, finer.offset, firsts[:: width // finer.width], width)


def _summary(points: Points, offset: Offsets, starts: Positions, width: int) -> Summary:
    kept = extremes(points.y, starts)
    block = np.searchsorted(starts, kept, "right")
    sizes = np.bincount(block, minlength=len(starts) + 1)[1:].astype(np.uint8)
    return Summary(width, sizes, points.take(kept), offset[kept])


def encode_summary(summary: Summary) -> bytes:
    """*summary* as a packet."""
    p = summary.points
    columns: list[npt.NDArray[Any]] = [summary.sizes, summary.offset, p.x, p.wall]
    return pack([*map(encode_steps, columns), encode_values(p.y)])


def decode_summary(packet: bytes, n: int, width: int, x_dtype: str) -> Summary:
    """
    The summary of a chunk of *n* points.

    Raises:
        Damaged: If the packet is.
    """
    sizes, offset, x, wall, y = unpack(packet)
    counts = decode(sizes, "<u1", -(-n // width))
    kept = int(counts.sum(dtype=np.intp))
    points = Points(decode(x, x_dtype, kept), decode(y, "<f8", kept), decode(wall, "<i8", kept))
    return Summary(width, counts, points, decode(offset, "<u2", kept))
