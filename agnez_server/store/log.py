"""
A row of the log: the points of one commit, in blocks as they came.

A header (magic, version, number of blocks, CRC-32 of the block heads), one head a block (number of
series and of points, kinds of its columns, size and CRC-32 of its body), then the bodies: ids of
the series, where the points of each end, the columns x, y and wall. Little-endian, every part
padded to 8 bytes. A flipped bit is mended; more cost the block they are in, not the row. Rows of
version 1, which had one series a block and its id in the head, are read as well.

Columns are written as they are, except for two cheap ways to write less than half: x that goes up
in equal steps within each series is its first value and the step, and times that never go back by
much are the first of each series and the differences in 2 or 4 bytes.
"""

from __future__ import annotations

import sqlite3
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnez_server.store.base import IntColumn
from agnez_server.store.bits import mend_bit
from agnez_server.store.oldlog import unpack_single, unpack_x
from agnez_server.store.points import Block, Points, XColumn

_MAGIC: Final = b"AGLG"
_VERSION: Final = 2
_ROW: Final = struct.Struct("<4sHxxII")
_HEAD: Final = struct.Struct("<QIBBxxII")
"""The first is the number of series; in rows of version 1 it is the id of the only one."""

_INT, _FLOAT, _STEPS, _SHORT, _WORD = range(5)
"""Kinds of a column: int64, float64, first and step, first and uint16 or uint32 differences."""
_DIFFERENCES: Final = {_SHORT: "<u2", _WORD: "<u4"}
_PACK_FROM: Final = 32
"""Columns of fewer values are not worth a look."""

Buffer = npt.NDArray[Any]
_Starts = npt.NDArray[np.intp]

NUMBER: Final = "insert into log values (0, ?1) on conflict (id) do update set body = max(body, ?1)"
"""
Rows of the table `log` are numbered as the commits are. In row 0 stands the number of the newest
commit whose row is not there: it had no points, or they were sealed.
"""


@dataclass(frozen=True, slots=True)
class LogRow:
    """
    What could be read of a row: its blocks, and what was found damaged, in words; of it
    ``lost_points`` could not be mended.
    """

    blocks: list[Block]
    lost_points: int = 0
    damage: str | None = None


def newest_commit(con: sqlite3.Connection) -> int:
    """The number of the newest commit; 0 if there is none."""
    found: int = con.execute("select max(id) from log").fetchone()[0] or 0
    other = con.execute("select body from log where id = 0").fetchone()
    return max(found, other[0] if other is not None else 0)


class RowEncoder:
    """
    Makes rows in memory that is used again: several megabytes of new memory for each commit would
    cost more than filling them. For one thread.
    """

    def __init__(self) -> None:
        self._buffer = bytearray(_ROW.size)

    def encode(self, blocks: Sequence[Block]) -> memoryview:
        """*blocks* as a row, which is valid until the next call."""
        entries = [(block, *_pack(block)) for block in blocks]
        at = _ROW.size + _HEAD.size * len(entries)
        size = at + sum(_padded(buffer.nbytes) for entry in entries for buffer in entry[3])
        if size > len(self._buffer):
            self._buffer = bytearray(max(size, 2 * len(self._buffer)))
        row, head_at = memoryview(self._buffer)[:size], _ROW.size
        for block, x_kind, wall_kind, buffers in entries:
            start, at = at, _fill(row, at, buffers)
            crc = zlib.crc32(row[start:at])
            head = len(block.series), len(block), x_kind, wall_kind, at - start, crc
            _HEAD.pack_into(row, head_at, *head)
            head_at += _HEAD.size
        crc = zlib.crc32(row[_ROW.size : head_at])
        _ROW.pack_into(row, 0, _MAGIC, _VERSION, len(entries), crc)
        return row


def decode_row(row: bytes) -> LogRow:
    """
    What is intact in *row*, or can be mended: a flipped bit in its heads, and one in each block.
    Its columns may be views of it.
    """
    read = _read_heads(row)
    if read is None:
        return LogRow([], 0, "its header is damaged")
    version, heads, is_mended = read
    found, lost, at = list[Block](), 0, _ROW.size + len(heads)
    for first, n, x_kind, wall_kind, size, crc in _HEAD.iter_unpack(heads):
        body: bytes | memoryview = memoryview(row)[at : at + size]
        at += size
        if zlib.crc32(body) != crc:
            mended = mend_bit(bytes(body), zlib.crc32(body), crc) if len(body) == size else None
            is_mended |= mended is not None
            if mended is None:
                lost += n
                continue
            body = mended
        found.append(_READERS[version](memoryview(body), first, n, x_kind, wall_kind))
    if lost:
        return LogRow(found, lost, f"{lost} points fail their checksum")
    return LogRow(found, 0, "a flipped bit of it was mended" if is_mended else None)


def _read_heads(row: bytes) -> tuple[int, bytes, bool] | None:
    """Version of the row, heads of its blocks, and whether they were mended; None: can't be."""
    header = row[: _ROW.size]
    heads = _heads_as(row, header, mends=True)
    if heads is not None:
        _, version, _, crc = _ROW.unpack(header)
        return version, heads, zlib.crc32(row[_ROW.size : _ROW.size + len(heads)]) != crc
    for bit in range(8 * len(header)):
        flipped = bytearray(header)
        flipped[bit // 8] ^= 1 << bit % 8
        heads = _heads_as(row, bytes(flipped), mends=False)
        if heads is not None:
            return _ROW.unpack(flipped)[1], heads, True
    return None


def _heads_as(row: bytes, header: bytes, *, mends: bool) -> bytes | None:
    """The heads of *row*, if its header is *header*."""
    if len(header) < _ROW.size:
        return None
    magic, version, count, crc = _ROW.unpack(header)
    heads = row[_ROW.size : _ROW.size + count * _HEAD.size]
    is_row = magic == _MAGIC and version in _READERS and (count or len(row) == _ROW.size)
    if not is_row or len(heads) != count * _HEAD.size:
        return None
    found = zlib.crc32(heads)
    if found == crc:
        return heads
    return mend_bit(heads, found, crc) if mends else None


# -- writing ---------------------------------------------------------------------------------


def _pack(block: Block) -> tuple[int, int, list[Buffer]]:
    starts = np.array([0, *block.ends[:-1]], np.intp)
    x_kind, x = _pack_x(block.points.x, starts, block.ends)
    wall_kind, wall = _pack_wall(block.points.wall, starts)
    ids, ends = np.array(block.series, np.int64), np.array(block.ends, np.int64)
    return x_kind, wall_kind, [ids, ends, *x, block.points.y, *wall]


def _pack_x(x: XColumn, starts: _Starts, ends: Sequence[int]) -> tuple[int, list[Buffer]]:
    if x.dtype == np.float64:
        return _FLOAT, [x]
    if len(x) < _PACK_FROM * len(starts) or int(starts[-1]) == len(x):
        return _INT, [x]
    steps = np.empty_like(x)
    np.subtract(x[1:], x[:-1], out=steps[1:])  # wraps around, as the sum does when it is read
    if len(starts) == 1:
        every = steps[1:] if len(x) > 1 else steps[:0]
        is_even = bool((every == steps[1]).all())
        return (_STEPS, [x[:1], steps[1:2]]) if is_even else (_INT, [x])
    sizes = np.diff(starts, append=len(x))
    if int(sizes.min()) < 2:
        return _INT, [x]
    step = steps[starts + 1]
    steps[starts] = step
    if (steps == np.repeat(step, sizes)).all():
        return _STEPS, [x[starts], step]
    return _INT, [x]


def _pack_wall(wall: IntColumn, starts: _Starts) -> tuple[int, list[Buffer]]:
    if len(wall) >= _PACK_FROM and int(starts[-1]) < len(wall):
        steps = np.empty_like(wall)
        np.subtract(wall[1:], wall[:-1], out=steps[1:])
        steps[starts] = 0
        largest = int(steps.view(np.uint64).max())  # a step back is a huge one here
        for kind, dtype in _DIFFERENCES.items():
            if largest <= np.iinfo(np.dtype(dtype)).max:
                return kind, [wall[starts], steps.astype(dtype)]
    return _INT, [wall]


def _fill(row: memoryview, at: int, buffers: Iterable[Buffer]) -> int:
    for buffer in buffers:
        if buffer.nbytes:
            row[at : at + buffer.nbytes] = buffer.data.cast("B")
        end = at + _padded(buffer.nbytes)
        row[at + buffer.nbytes : end] = bytes(end - at - buffer.nbytes)
        at = end
    return at


def _padded(size: int) -> int:
    return -(-size // 8) * 8


# -- reading ---------------------------------------------------------------------------------


def _unpack(body: memoryview, k: int, n: int, x_kind: int, wall_kind: int) -> Block:
    series, ends = np.frombuffer(body, "<i8", k), np.frombuffer(body, "<i8", k, 8 * k)
    starts = np.zeros(k, np.intp)
    starts[1:] = ends[:-1]
    body = body[16 * k :]
    x_size = 16 * k if x_kind == _STEPS else 8 * n
    x, y, rest = body[:x_size], body[x_size : x_size + 8 * n], body[x_size + 8 * n :]
    points = Points(
        _unpack_x(x, starts, n, x_kind),
        np.frombuffer(y, "<f8"),
        _unpack_wall(rest, starts, n, wall_kind),
    )
    return Block(series.tolist(), ends.tolist(), points)


def _unpack_x(body: memoryview, starts: _Starts, n: int, kind: int) -> XColumn:
    if kind != _STEPS:
        return np.frombuffer(body, "<f8" if kind == _FLOAT else "<i8")
    if len(starts) == 1:
        return unpack_x(body, n, kind)
    first, step = np.frombuffer(body, "<u8").reshape(2, len(starts))
    sizes = np.diff(starts, append=n)
    place = np.arange(n, dtype=np.uint64) - np.repeat(starts.astype(np.uint64), sizes)
    x: XColumn = np.repeat(first, sizes) + np.repeat(step, sizes) * place
    return x.view(np.int64)


def _unpack_wall(body: memoryview, starts: _Starts, n: int, kind: int) -> IntColumn:
    if kind == _INT:
        return np.frombuffer(body, "<i8")
    first = np.frombuffer(body, "<i8", len(starts))
    run = np.cumsum(np.frombuffer(body, _DIFFERENCES[kind], n, 8 * len(starts)), dtype=np.int64)
    if len(starts) == 1:
        run += first
        return run
    return run + np.repeat(first - run[starts], np.diff(starts, append=n))


_READERS: Final[dict[int, Callable[[memoryview, int, int, int, int], Block]]] = {
    1: unpack_single,
    2: _unpack,
}
