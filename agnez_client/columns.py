"""
Columns of points as they travel to readers: the page, the command line, other programs.

One binary format serves the answer of ``GET /channels/{id}/points`` and the live frames: a header
of 16 bytes, one entry of 48 bytes a block, then the three float64 columns of each block. All is
little-endian and aligned to 8 bytes, so a browser lays typed arrays over it without a copy.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

COLUMNS_CONTENT_TYPE: Final = "application/x-agnez-columns"
EXACT: Final = 1
REFETCH: Final = 2

_MAGIC: Final = b"AGC1"
_HEAD: Final = struct.Struct("<4sIII")
_ENTRY: Final = struct.Struct("<IIIIQQQII")


@dataclass(frozen=True, slots=True)
class Block:
    """
    Points of one series.

    ``start`` and ``end`` are ordinals of the series: the block speaks for the points
    ``start <= ordinal < end``. ``x``, ``y`` and ``wall`` are float64 ``(N,)``, wall in µs UTC.
    With ``exact`` they are all those points (within the range asked for); otherwise the first,
    last, smallest and largest of each bucket. ``refetch`` says that the points between are too
    many or too old to be sent here: ask for the view again; the columns are then empty.
    """

    series: int
    channel: int
    session: int
    rank: int
    start: int
    end: int
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    wall: npt.NDArray[np.float64]
    exact: bool = True
    refetch: bool = False


def encode_columns(blocks: Sequence[Block], *, number: int = 0) -> bytes:
    """*blocks* as bytes; *number* is the number of a live frame, 0 in an answer."""
    parts = [_HEAD.pack(_MAGIC, number, len(blocks), 0)]
    for b in blocks:
        flags = EXACT * b.exact | REFETCH * b.refetch
        parts.append(_ENTRY.pack(b.series, b.channel, b.rank, flags, b.start, b.end, b.session,
                                 len(b.x), 0))  # fmt: skip
    for b in blocks:
        parts += [np.ascontiguousarray(c, "<f8").tobytes() for c in (b.x, b.y, b.wall)]
    return b"".join(parts)


def numbered(body: bytes, number: int) -> bytes:
    """The frame *body* with another number."""
    return b"".join((_MAGIC, number.to_bytes(4, "little"), memoryview(body)[8:]))


def decode_columns(body: bytes) -> tuple[int, list[Block]]:
    """
    The frame number and the blocks in *body*.

    Raises:
        ValueError: If *body* is not in this format, or is cut.
    """
    if len(body) < _HEAD.size or body[:4] != _MAGIC:
        raise ValueError("the body does not begin with the magic bytes 'AGC1'")
    _, number, n, _ = _HEAD.unpack_from(body)
    at = _HEAD.size + n * _ENTRY.size
    if at > len(body):
        raise ValueError("the body is cut")
    blocks = []
    for i in range(n):
        series, channel, rank, flags, start, end, session, size, _ = _ENTRY.unpack_from(
            body, _HEAD.size + i * _ENTRY.size
        )
        if at + 24 * size > len(body):
            raise ValueError("the body is cut")
        x, y, wall = (np.frombuffer(body, "<f8", size, at + 8 * size * k) for k in range(3))
        at += 24 * size
        blocks.append(Block(series, channel, session, rank, start, end, x, y, wall,
                            bool(flags & EXACT), bool(flags & REFETCH)))  # fmt: skip
    return number, blocks
