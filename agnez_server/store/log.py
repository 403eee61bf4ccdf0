"""
A row of the log: the points of one commit, by series.

A header (magic, version, number of entries, CRC-32 of the entry heads), one head an entry (series,
number of points, kinds of its columns, CRC-32 of its body), then the columns x, y, wall of each.
Little-endian, every column padded to 8 bytes. A flipped bit is mended; more cost the entry they are
in, not the row.

Columns are written as they are, except for two cheap ways to write less than half: x that goes up
in equal steps is its first value and the step, and times that never go back by much are the first
and the differences in 2 or 4 bytes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnez_server.store.base import IntColumn
from agnez_server.store.bits import mend_bit
from agnez_server.store.points import Points, XColumn

_MAGIC: Final = b"AGLG"
_VERSION: Final = 1
_ROW: Final = struct.Struct("<4sHxxII")
_ENTRY: Final = struct.Struct("<QIBBxxII")

_INT, _FLOAT, _STEPS, _SHORT, _WORD = range(5)
"""Kinds of a column: int64, float64, first and step, first and uint16 or uint32 differences."""
_DIFFERENCES: Final = {_SHORT: "<u2", _WORD: "<u4"}
_PACK_FROM: Final = 32
"""Columns of fewer values are not worth a look."""

Buffer = npt.NDArray[Any]

NUMBER: Final = "insert into log values (0, ?1) on conflict (id) do update set body = max(body, ?1)"
"""
Rows of the table `log` are numbered as the commits are. In row 0 stands the number of the newest
commit whose row is not there: it had no points, or they were sealed.
"""


@dataclass(frozen=True, slots=True)
class LogRow:
    """
    What could be read of a row: points by series, and what was found damaged, in words; of it
    ``lost_points`` could not be mended.
    """

    points: list[tuple[int, Points]]
    lost_points: int = 0
    damage: str | None = None


class RowEncoder:
    """
    Makes rows in memory that is used again: several megabytes of new memory for each commit would
    cost more than filling them. For one thread.
    """

    def __init__(self) -> None:
        self._buffer = bytearray(_ROW.size)

    def encode(self, points: Mapping[int, Points]) -> memoryview:
        """*points* by series id as a row, which is valid until the next call."""
        entries = [(series, len(part), *_pack(part)) for series, part in points.items()]
        at = _ROW.size + _ENTRY.size * len(entries)
        size = at + sum(_padded(buffer.nbytes) for entry in entries for buffer in entry[4])
        if size > len(self._buffer):
            self._buffer = bytearray(max(size, 2 * len(self._buffer)))
        row, head_at = memoryview(self._buffer)[:size], _ROW.size
        for series, n, x_kind, wall_kind, buffers in entries:
            start, at = at, _fill(row, at, buffers)
            crc = zlib.crc32(row[start:at])
            _ENTRY.pack_into(row, head_at, series, n, x_kind, wall_kind, at - start, crc)
            head_at += _ENTRY.size
        crc = zlib.crc32(row[_ROW.size : head_at])
        _ROW.pack_into(row, 0, _MAGIC, _VERSION, len(entries), crc)
        return row


def decode_row(row: bytes) -> LogRow:
    """
    What is intact in *row*, or can be mended: a flipped bit in its heads, and one in each entry.
    Its columns may be views of it.
    """
    heads, is_mended = _heads(row)
    if heads is None:
        return LogRow([], 0, "its header is damaged")
    found, lost, at = [], 0, _ROW.size + len(heads)
    for series, n, x_kind, wall_kind, size, crc in _ENTRY.iter_unpack(heads):
        body: bytes | memoryview = memoryview(row)[at : at + size]
        at += size
        if zlib.crc32(body) != crc:
            mended = mend_bit(bytes(body), zlib.crc32(body), crc) if len(body) == size else None
            is_mended |= mended is not None
            if mended is None:
                lost += n
                continue
            body = mended
        found.append((series, _unpack(memoryview(body), n, x_kind, wall_kind)))
    if lost:
        return LogRow(found, lost, f"{lost} points fail their checksum")
    return LogRow(found, 0, "a flipped bit of it was mended" if is_mended else None)


def _heads(row: bytes) -> tuple[bytes | None, bool]:
    """The heads of the entries, None if they can't be told; whether they had to be mended."""
    heads = _heads_as(row, row[: _ROW.size], mends=True)
    if heads is not None:
        return heads, zlib.crc32(row[_ROW.size : _ROW.size + len(heads)]) != _ROW.unpack_from(row)[
            3
        ]
    for bit in range(8 * min(_ROW.size, len(row))):
        header = bytearray(row[: _ROW.size])
        header[bit // 8] ^= 1 << bit % 8
        heads = _heads_as(row, bytes(header), mends=False)
        if heads is not None:
            return heads, True
    return None, False


def _heads_as(row: bytes, header: bytes, *, mends: bool) -> bytes | None:
    """The heads of *row*, if its header is *header*."""
    if len(header) < _ROW.size:
        return None
    magic, version, count, crc = _ROW.unpack(header)
    heads = row[_ROW.size : _ROW.size + count * _ENTRY.size]
    is_row = magic == _MAGIC and version == _VERSION and (count or len(row) == _ROW.size)
    if not is_row or len(heads) != count * _ENTRY.size:
        return None
    found = zlib.crc32(heads)
    if found == crc:
        return heads
    return mend_bit(heads, found, crc) if mends else None


def _pack(part: Points) -> tuple[int, int, list[Buffer]]:
    x_kind, x = _pack_x(part.x)
    wall_kind, wall = _pack_wall(part.wall)
    return x_kind, wall_kind, [*x, part.y, *wall]


def _pack_x(x: XColumn) -> tuple[int, list[Buffer]]:
    if x.dtype == np.float64:
        return _FLOAT, [x]
    if len(x) >= _PACK_FROM:
        steps = np.diff(x)  # wraps around, as the sum does when it is read
        if (steps == steps[0]).all():
            return _STEPS, [x[:1], steps[:1]]
    return _INT, [x]


def _pack_wall(wall: IntColumn) -> tuple[int, list[Buffer]]:
    if len(wall) >= _PACK_FROM:
        steps = np.diff(wall).view(np.uint64)  # a step back is a huge one here
        largest = steps.max()
        for kind, dtype in _DIFFERENCES.items():
            if largest <= np.iinfo(np.dtype(dtype)).max:
                return kind, [wall[:1], steps.astype(dtype)]
    return _INT, [wall]


def _unpack(body: memoryview, n: int, x_kind: int, wall_kind: int) -> Points:
    x_size = 16 if x_kind == _STEPS else 8 * n
    x, y, rest = body[:x_size], body[x_size : x_size + 8 * n], body[x_size + 8 * n :]
    return Points(
        _unpack_x(x, n, x_kind), np.frombuffer(y, "<f8"), _unpack_wall(rest, n, wall_kind)
    )


def _unpack_x(body: memoryview, n: int, kind: int) -> XColumn:
    if kind == _STEPS:
        first, step = np.frombuffer(body, "<u8")
        x: XColumn = first + step * np.arange(n, dtype=np.uint64)
        return x.view(np.int64)
    return np.frombuffer(body, "<f8" if kind == _FLOAT else "<i8")


def _unpack_wall(body: memoryview, n: int, kind: int) -> IntColumn:
    if kind == _INT:
        return np.frombuffer(body, "<i8")
    steps = np.empty(n, np.int64)
    steps[:1] = np.frombuffer(body, "<i8", 1)
    steps[1:] = np.frombuffer(body, _DIFFERENCES[kind], n - 1, 8)
    return np.cumsum(steps)


def _fill(row: memoryview, at: int, buffers: list[Buffer]) -> int:
    for buffer in buffers:
        if buffer.nbytes:
            row[at : at + buffer.nbytes] = buffer.data.cast("B")
        end = at + _padded(buffer.nbytes)
        row[at + buffer.nbytes : end] = bytes(end - at - buffer.nbytes)
        at = end
    return at


def _padded(size: int) -> int:
    return -(-size // 8) * 8
