"""
A look at all of `agnez.db` beside the work, after it was opened.

Opening and reading check what they read. A flipped bit in what leads to it (a key, an index, the
order of a page) leads elsewhere instead, and nothing fails: that is found here.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from agnez_server.store.chunk import ChunkHead, decode_chunk
from agnez_server.store.codec import Damaged
from agnez_server.store.damage import Damage
from agnez_server.store.database import Database
from agnez_server.store.rowsums import SUMS
from agnez_server.store.schema import connect_reader

logger = logging.getLogger(__name__)

_MOST_BYTES: Final = 256 << 20
"""Of larger files only the pages of small tables are looked at: a long look holds up the log."""
_LARGE: Final = {"chunk", "entry", "line"}
_INDEXED: Final = {"chunk", "entry", "series"}
"""Tables whose rows tell whether they are as they were written, and that have indexes."""
_BATCH: Final = 2000
_STEPS: Final = 10_000
"""Of SQLite's work, between two questions whether it is over."""


_OTHER_FIGURES: Final = (
    "select count(*) from series join (select series, {count} as n, min({x0}) as x0, max({x1}) as "
    "x1, min({w0}) as w0, max({w1}) as w1 from {table} group by series) as found on series = id "
    "where (count, min_x, max_x, min_wall, max_wall) is not (n, x0, x1, w0, w1)"
)
_FIGURES: Final = (
    _OTHER_FIGURES.format(table="chunk", count="sum(n)", x0="x0", x1="x1", w0="w0", w1="w1"),
    _OTHER_FIGURES.format(table="entry", count="max(ord) + 1", x0="x", x1="x", w0="wall",
                          w1="wall"),
)  # fmt: skip
"""How many series have other figures than what they hold."""
_MISSING_BLOBS: Final = (
    "select count(distinct sha) from blob_ref where run not in (select run from tombstone) and "
    "sha not in (select sha from other.blob)"
)


def inspect(database: Database, damage: Damage, is_over: Callable[[], bool]) -> None:
    """
    Note what is broken in *database*, and make indexes anew that say otherwise than their tables;
    for a thread, which *is_over* ends early.
    """
    with closing(connect_reader(database.path)) as con:
        con.set_progress_handler(lambda: int(is_over()), _STEPS)
        is_small = database.path.stat().st_size <= _MOST_BYTES
        for table in _tables(con):
            if is_over():
                return
            if is_small or table not in _LARGE:
                _look_at(con, table, database, damage, is_over, rows=is_small)
        if is_small:
            _look_at_figures(con, damage)
        _look_for_blobs(con, database.path.with_name("blobs.db"), damage)


def _tables(con: sqlite3.Connection) -> list[str]:
    try:
        return [
            row[0]
            for row in con.execute(
                "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
            )
        ]
    except sqlite3.DatabaseError:  # interrupted, or what opening has said before
        return []


def _look_at(
    con: sqlite3.Connection,
    table: str,
    database: Database,
    damage: Damage,
    is_over: Callable[[], bool],
    *,
    rows: bool,
) -> None:
    found = _problem(con, table, is_over, rows=rows)
    if found == "ok" or is_over():
        return
    logger.error("table %s: %s", table, " ".join(found.split()))
    if rows and _mend_index(con, table, database, is_over):
        damage.mended("index", f"of table {table}")
    else:
        damage.lost("table", f"{table}, or a part of it,")


def _problem(
    con: sqlite3.Connection, table: str, is_over: Callable[[], bool], *, rows: bool
) -> str:
    try:
        (found,) = con.execute(f"pragma integrity_check({table})").fetchone()
        if found == "ok" and rows and table in SUMS:
            found = _check_sums(con, table, is_over)
    except sqlite3.DatabaseError as error:
        found = str(error)
    return str(found)


def _mend_index(
    con: sqlite3.Connection, table: str, database: Database, is_over: Callable[[], bool]
) -> bool:
    """Make the indexes of *table* anew, if all of its rows are as they were written."""
    if table not in _INDEXED:
        return False
    try:
        sound = _chunks_fit(con) if table == "chunk" else _check_sums(con, table, is_over) == "ok"
        if not sound or is_over():
            return False
        database.reindex(table)
    except (sqlite3.DatabaseError, Damaged, TypeError):
        return False
    return _problem(con, table, is_over, rows=True) == "ok"


def _chunks_fit(con: sqlite3.Connection) -> bool:
    """Whether each chunk says of its points what they are; without a look at the index."""
    columns = "series, ord, n, x0, x1, w0, w1, flags"
    for *row, body in con.execute(f"select {columns}, body from chunk not indexed"):
        head = ChunkHead(*row)
        points = decode_chunk(head, body).points
        ends = points.x[0], points.x[-1], points.wall.min(), points.wall.max()
        if ends != (head.x0, head.x1, head.w0, head.w1):
            return False
    return True


def _look_at_figures(con: sqlite3.Connection, damage: Damage) -> None:
    try:
        wrong = sum(con.execute(statement).fetchone()[0] for statement in _FIGURES)
    except sqlite3.DatabaseError:  # said before
        return
    if wrong:
        damage.lost("series' figure", "count, x or time", wrong)


def _look_for_blobs(con: sqlite3.Connection, path: Path, damage: Damage) -> None:
    """
    Blobs are put before what names them: one that is named and not there was lost, with the end
    of a log maybe.
    """
    try:
        con.execute("attach database ? as other", (str(path),))
        con.execute("begin")
        con.execute("select 1 from main.meta").fetchone()  # of an earlier moment than the other
        (missing,) = con.execute(_MISSING_BLOBS).fetchone()
        con.rollback()
    except sqlite3.DatabaseError:  # interrupted, or said before
        return
    if missing:
        damage.lost("blob", "that is named, or more than one,", missing)


def _check_sums(con: sqlite3.Connection, table: str, is_over: Callable[[], bool]) -> str:
    """All rows by their checksums: one under another key is missing elsewhere."""
    columns, make = SUMS[table]
    rows = con.execute(f"select {columns}, crc from {table} not indexed where crc is not null")
    while (batch := rows.fetchmany(_BATCH)) and not is_over():
        if not all(_fits(make, row) for row in batch):
            return "a row fails its checksum"
    return "ok"


def _fits(make: Callable[..., int], row: tuple[Any, ...]) -> bool:
    try:
        return bool(make(*row[:-1]) == row[-1])
    except (TypeError, AttributeError):  # another type than was written
        return False
