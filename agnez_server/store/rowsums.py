"""What the checksums of rows are made of, table by table."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from typing import Final

from agnez_server.store.bits import crc_of, doc_crc, mend_bit


def table_sum(name: str) -> int:
    """What the checksums of a table's documents begin with, see `doc_crc`."""
    return zlib.crc32(name.encode(errors="surrogateescape"))


def entry_sum(series: int, ordinal: int, x: float | int, wall: int, packed: bytes) -> int:
    """The checksum of an entry."""
    return crc_of(f"{series} {ordinal} {x!r} {wall}", packed)


def line_sum(console: int, number: int, wall: int, stream: str, text: str) -> int:
    """The checksum of a line."""
    return crc_of(f"{console} {number} {wall} {stream}", text.encode(errors="surrogateescape"))


def mark_sum(spool: bytes, run: str, events: int, points: int, state: str) -> int:
    """The checksum of a mark."""
    return crc_of(f"{spool.hex()} {run} {events} {points}", state.encode(errors="surrogateescape"))


def series_sum(id_: int, run: str, channel: int, session: int, rank: int) -> int:
    """The checksum of what a series is."""
    return crc_of(f"{id_} {channel} {session} {rank}", run.encode(errors="surrogateescape"))


def mended_text(text: str, found: int, stored: int) -> str | None:
    """*text* before a bit of it has flipped; None if more has changed."""
    mended = mend_bit(text.encode(errors="surrogateescape"), found, stored)
    try:
        return None if mended is None else mended.decode()
    except UnicodeDecodeError:
        return None


Mark = tuple[bytes, str, int, int, str]
"""spool, run, events, points, state of a mark."""


def mended_mark(
    spool: bytes, run: str, events: int, points: int, state: str, crc: int
) -> Mark | None:
    """A mark before a bit of it has flipped."""
    text = mended_text(state, mark_sum(spool, run, events, points, state), crc)
    if text is not None:
        return spool, run, events, points, text
    for one in _with_a_bit(spool, run, events, points):
        if mark_sum(*one, state) == crc:
            return *one, state
    return None


def _with_a_bit(
    spool: bytes, run: str, events: int, points: int
) -> Iterator[tuple[bytes, str, int, int]]:
    for bit in range(_BITS):
        yield spool, run, events ^ 1 << bit, points
        yield spool, run, events, points ^ 1 << bit
    for raw in _flipped(spool):
        yield raw, run, events, points
    for raw in _flipped(run.encode(errors="surrogateescape")):
        yield spool, raw.decode(errors="surrogateescape"), events, points


def _flipped(raw: bytes) -> Iterator[bytes]:
    number = int.from_bytes(raw, "big")
    return ((number ^ 1 << bit).to_bytes(len(raw), "big") for bit in range(8 * len(raw)))


def mended_series(
    key: tuple[int, str, int, int, int], crc: int
) -> tuple[int, str, int, int, int] | None:
    """A series' key before a bit of it, its id aside, has flipped."""
    id_, run, *numbers = key
    text = mended_text(run, series_sum(*key), crc)
    if text is not None:
        return id_, text, *key[2:]
    for bit in range(_BITS):
        for place in range(len(numbers)):
            channel, session, rank = (
                number ^ (1 << bit) * (at == place) for at, number in enumerate(numbers)
            )
            if series_sum(id_, run, channel, session, rank) == crc:
                return id_, run, channel, session, rank
    return None


_BITS: Final = 63

SUMS: Final[dict[str, tuple[str, Callable[..., int]]]] = {
    "doc": ("tbl, id, body", lambda table, id_, body: doc_crc(table_sum(table), id_, body)),
    "entry": ("series, ord, x, wall, body", entry_sum),
    "line": ("console, number, wall, stream, text", line_sum),
    "mark": ("spool, run, events, points, state", mark_sum),
    "series": ("id, run, channel, session, rank", series_sum),
}


def add_sums(con: sqlite3.Connection) -> None:
    """Write the checksums of all rows which have none; within a transaction."""
    for table, (columns, make) in SUMS.items():
        con.create_function("made_sum", columns.count(",") + 1, make, deterministic=True)
        con.execute(f"update {table} set crc = made_sum({columns}) where crc is null")
