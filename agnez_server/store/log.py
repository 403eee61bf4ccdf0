"""
A row of the log: the points of one commit, by series.

A header (magic, version, number of entries, CRC-32 of the entry heads), one head an entry (series,
number of points, kind of x, CRC-32 of its columns), then the columns x, y, wall of each entry.
Little-endian, aligned to 8 bytes. A flipped bit costs the entry it is in, not the row.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from agnez_server.store.points import Points

_MAGIC: Final = b"AGLG"
_VERSION: Final = 1
_ROW: Final = struct.Struct("<4sHxxII")
_ENTRY: Final = struct.Struct("<QIIII")
_POINT_SIZE: Final = 24
_INT, _FLOAT = 0, 1


@dataclass(frozen=True, slots=True)
class LogRow:
    """What could be read of a row: points by series, and what was lost, in words."""

    points: list[tuple[int, Points]]
    lost_points: int = 0
    damage: str | None = None


def encode_row(points: Mapping[int, Points]) -> bytes:
    """*points* by series id as a row."""
    heads, bodies = [], []
    for series, part in points.items():
        body = b"".join((part.x.tobytes(), part.y.tobytes(), part.wall.tobytes()))
        kind = _FLOAT if part.x.dtype == np.float64 else _INT
        heads.append(_ENTRY.pack(series, len(part), kind, zlib.crc32(body), 0))
        bodies.append(body)
    head = b"".join(heads)
    return b"".join((_ROW.pack(_MAGIC, _VERSION, len(heads), zlib.crc32(head)), head, *bodies))


def decode_row(row: bytes) -> LogRow:
    """What is intact in *row*; its columns are views of it."""
    if len(row) < _ROW.size or row[:4] != _MAGIC:
        return LogRow([], 0, "its header is damaged")
    _, version, count, crc = _ROW.unpack_from(row)
    heads = row[_ROW.size : _ROW.size + count * _ENTRY.size]
    if version != _VERSION or len(heads) != count * _ENTRY.size or zlib.crc32(heads) != crc:
        return LogRow([], 0, "its header is damaged")
    found, lost, at = [], 0, _ROW.size + len(heads)
    for series, n, kind, crc, _ in _ENTRY.iter_unpack(heads):
        body = memoryview(row)[at : at + n * _POINT_SIZE]
        at += n * _POINT_SIZE
        if len(body) != n * _POINT_SIZE or zlib.crc32(body) != crc:
            lost += n
        else:
            found.append((series, _columns(body, n, kind)))
    return LogRow(found, lost, f"{lost} points fail their checksum" if lost else None)


def _columns(body: memoryview, n: int, kind: int) -> Points:
    x = np.frombuffer(body, "<f8" if kind == _FLOAT else "<i8", n, 0)
    return Points(x, np.frombuffer(body, "<f8", n, 8 * n), np.frombuffer(body, "<i8", n, 16 * n))
