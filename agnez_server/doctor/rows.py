"""Every checksum in `agnez.db`, and whether what belongs together is there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from agnez_client.finding import Finding
from agnez_server.store.chunk import ChunkHead, decode_chunk
from agnez_server.store.codec import Damaged, unpack
from agnez_server.store.log import decode_row
from agnez_server.store.rowsums import SUMS

_NAMES: Final = {
    "doc": "documents",
    "entry": "entries",
    "line": "lines",
    "mark": "marks of spools",
    "series": "series",
}
_TOLD: Final = 20
"""So many damaged rows of a table are named one by one."""
_HINT: Final = "a flipped bit is mended when it is read; what has changed more is left out"


def check_rows(
    con: sqlite3.Connection, path: Path, tell: Callable[[str], None]
) -> Iterator[Finding]:
    """All tables, each told in one finding if it is sound."""
    for table, (columns, make) in SUMS.items():
        tell(_NAMES[table])
        yield from _check_sums(con, path, table, columns, make)
    tell("sealed points")
    yield from _check_chunks(con, path)
    yield from _check_log(con, path)
    yield from _check_owners(con, path)


def _check_sums(
    con: sqlite3.Connection, path: Path, table: str, columns: str, make: Callable[..., int]
) -> Iterator[Finding]:
    if not any(row[1] == "crc" for row in con.execute(f"pragma table_info({table})")):
        return
    count = unchecked = bad = 0
    for row in con.execute(f"select {columns}, crc from {table}"):
        count += 1
        if row[-1] is None:
            unchecked += 1
        elif not _fits(make, row):
            bad += 1
            if bad <= _TOLD:
                key = " ".join(repr(part)[:60] for part in row[:2])
                yield Finding(
                    "damage", f"{table} {key} fails its checksum", f"{path}: {table}", _HINT
                )
    told = f"{count:,} {_NAMES[table]}"
    if unchecked:
        told += f", {unchecked:,} without a checksum"
    if bad:
        yield Finding("damage", f"{told}, {bad:,} damaged", f"{path}: {table}", _HINT)
    else:
        yield Finding("ok", told, f"{path}: {table}")


def _fits(make: Callable[..., int], row: tuple[Any, ...]) -> bool:
    try:
        return bool(make(*row[:-1]) == row[-1])
    except (TypeError, AttributeError):  # another type than was written
        return False


def _check_chunks(con: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    chunks = points = lost = 0
    rows = con.execute(
        "select series, ord, n, x0, x1, w0, w1, flags, top, mid, fine, body from chunk"
    )
    for row in rows:
        head, packets = ChunkHead(*row[:8]), row[8:]
        chunks, points = chunks + 1, points + head.n
        where = f"{path}: chunk {head.ord} of series {head.series}"
        wrong = _wrong_with(head, packets)
        if wrong is not None:
            lost += head.n
            yield Finding("damage", f"{head.n:,} sealed points: {wrong}", where)
    told = f"{points:,} sealed points in {chunks:,} chunks"
    if lost:
        yield Finding("damage", f"{told}, {lost:,} of them damaged", f"{path}: chunk")
    else:
        yield Finding("ok", told, f"{path}: chunk")


def _wrong_with(head: ChunkHead, packets: tuple[bytes | None, ...]) -> str | None:
    *summaries, body = packets
    try:
        for packet in summaries:
            if packet is not None:
                unpack(packet)
        points = decode_chunk(head, body or b"").points
    except (Damaged, TypeError, ValueError) as error:
        return str(error)
    spans = points.x[0], points.x[-1], points.wall.min(), points.wall.max()
    if spans != (head.x0, head.x1, head.w0, head.w1):
        return "they lie elsewhere than their row says"
    return None


def _check_log(con: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    rows = points = 0
    for number, body in con.execute("select id, body from log where id > 0"):
        found = decode_row(body)
        rows, points = rows + 1, points + sum(map(len, found.blocks))
        if found.damage is not None:
            yield Finding("damage", found.damage, f"{path}: row {number} of log", _HINT)
    yield Finding("ok", f"{points:,} points in {rows:,} rows that are not sealed", f"{path}: log")


def _check_owners(con: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    for table in ("chunk", "entry"):
        count = con.execute(
            f"select count(*) from {table} where series not in (select id from series) "
            "and series not in (select id from gone)"
        ).fetchone()[0]
        if count:
            yield Finding(
                "note", f"{count:,} rows of series that are gone", f"{path}: {table}",
                "a server removes them by and by",
            )  # fmt: skip
