"""Entries: checked, written with their commit, and read."""

from __future__ import annotations

import math
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson
import zstandard

from agnez_server.store.bits import mend_bit
from agnez_server.store.damage import Damage
from agnez_server.store.rowsums import entry_sum
from agnez_server.store.values import Entry, SeriesStats, Steps

_LEVEL: Final = 1
_PACK_FROM: Final = 200
"""Bytes from which to compress a body is worth the call."""
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
"""How a compressed body begins; no JSON text does."""
_ROW_BYTES: Final = 40
"""About what an entry takes beside its body: its row and its place in the index."""
_MANY: Final = 500
_local = threading.local()

Row = tuple[int | float, int, bytes]
"""x, wall, body."""


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries that follow each other in one series, and the figures of the series with them."""

    start: int
    rows: list[Row]
    figures: SeriesStats

    @property
    def end(self) -> int:
        """Ordinal after the last one."""
        return self.start + len(self.rows)

    def followed_by(self, newer: Entries) -> Entries:
        """These and then *newer*."""
        return Entries(self.start, self.rows + newer.rows, newer.figures)


def checked_rows(
    x: Sequence[int | float], wall: Sequence[int], bodies: Sequence[bytes]
) -> list[Row]:
    """
    The columns as rows of plain values.

    Raises:
        ValueError: If their lengths differ, or x is not finite or beyond 64 bits.
    """
    if not len(x) == len(wall) == len(bodies):
        raise ValueError(
            f"x, wall and bodies have {len(x)}, {len(wall)} and {len(bodies)} values; expected "
            "as many of each"
        )
    return [(_number(a), _int64(w), bytes(b)) for a, w, b in zip(x, wall, bodies, strict=True)]


def _number(x: int | float) -> int | float:
    if isinstance(x, int | np.integer):
        return _int64(x)
    if not math.isfinite(x):
        raise ValueError(f"x is {x}, expected a finite number")
    return float(x)


def _int64(value: int | np.integer[Any]) -> int:
    number = int(value)
    if not -(1 << 63) <= number < 1 << 63:
        raise ValueError(f"{number} takes more than 64 bits")
    return number


def figures_of(rows: list[Row]) -> SeriesStats:
    """The figures of entries; there is at least one."""
    xs, walls = [row[0] for row in rows], [row[1] for row in rows]
    return SeriesStats(
        count=len(rows),
        last_x=xs[-1],
        last_wall=walls[-1],
        min_x=min(xs),
        max_x=max(xs),
        min_wall=min(walls),
        max_wall=max(walls),
    )


def write_entries(con: sqlite3.Connection, entries: Mapping[int, Entries]) -> dict[int, int]:
    """Write entries by series, within a transaction; returns about how many bytes each took."""
    sizes = dict[int, int]()
    for series, part in entries.items():
        packed = [
            (series, ordinal, x, wall, _pack(body))
            for ordinal, (x, wall, body) in enumerate(part.rows, part.start)
        ]
        rows = [(*row, entry_sum(*row)) for row in packed]
        con.executemany("insert into entry values (?, ?, ?, ?, ?, ?)", rows)
        sizes[series] = sum(len(row[4]) + _ROW_BYTES for row in packed)
    con.executemany(
        "update series set entries = 1, bytes = bytes + ?, count = ?, last_x = ?, last_wall = ?, "
        "min_x = ?, max_x = ?, min_wall = ?, max_wall = ? where id = ?",
        [_figures_row(series, part.figures, sizes[series]) for series, part in entries.items()],
    )
    return sizes


def _figures_row(series: int, f: SeriesStats, size: int) -> tuple[object, ...]:
    return (size, f.count, f.last_x, f.last_wall, f.min_x, f.max_x, f.min_wall, f.max_wall, series)


def read_entries(
    con: sqlite3.Connection, series: int, after: int, before: int, limit: int, damage: Damage
) -> list[Entry]:
    """At most *limit* entries with ``after <= ordinal < before``; damaged ones are left out."""
    rows = con.execute(
        "select ord, x, wall, body, crc from entry where series = ? and ord >= ? and ord < ? "
        "order by ord limit ?",
        (series, after, before, min(limit, before - after)),
    )
    return list(_entries(series, rows, damage))


def pick(
    con: sqlite3.Connection, series: int, ordinals: Sequence[int], damage: Damage
) -> list[Entry]:
    """The entries with these ordinals that there are, in the order of the ordinals."""
    wanted, found = sorted(set(ordinals)), list[Entry]()
    for at in range(0, len(wanted), _MANY):
        part = wanted[at : at + _MANY]
        rows = con.execute(
            f"select ord, x, wall, body, crc from entry where series = ? "
            f"and ord in ({', '.join('?' * len(part))}) order by ord",
            (series, *part),
        )
        found += _entries(series, rows, damage)
    return found


def read_steps(con: sqlite3.Connection, series: int, before: int) -> Steps:
    """Where the entries with ``ordinal < before`` lie."""
    rows = con.execute(
        "select x, wall from entry where series = ? and ord < ? order by ord", (series, before)
    ).fetchall()
    x = [row[0] for row in rows]
    dtype = np.int64 if all(type(one) is int for one in x) else np.float64
    return Steps(np.array(x, dtype), np.array([row[1] for row in rows], np.int64))


def _entries(series: int, rows: sqlite3.Cursor, damage: Damage) -> Iterator[Entry]:
    for ordinal, x, wall, packed, crc in rows:
        name = f"{ordinal!r} of series {series}"
        try:
            found = entry_sum(series, ordinal, x, wall, packed)
            whole = packed if crc is None or found == crc else mend_bit(packed, found, crc)
            entry = Entry(ordinal, x, wall, orjson.loads(_unpack(whole or b"")))
            if whole is not packed:
                damage.mended("entry", name)
            yield entry
        except (TypeError, ValueError, AttributeError, zstandard.ZstdError):
            damage.lost("entry", name)


def _pack(body: bytes) -> bytes:
    if len(body) < _PACK_FROM:
        return body
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    packed: bytes = _local.compressor.compress(body)
    return packed if len(packed) < len(body) else body


def _unpack(body: bytes) -> bytes:
    if not body.startswith(_ZSTD_MAGIC):
        return body
    if not hasattr(_local, "decompressor"):
        _local.decompressor = zstandard.ZstdDecompressor()
    unpacked: bytes = _local.decompressor.decompress(body)
    return unpacked
