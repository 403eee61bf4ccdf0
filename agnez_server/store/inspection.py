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

from agnez_server.store.damage import Damage
from agnez_server.store.rowsums import SUMS
from agnez_server.store.schema import connect_reader

logger = logging.getLogger(__name__)

_MOST_BYTES: Final = 256 << 20
"""Of larger files only the pages of small tables are looked at: a long look holds up the log."""
_LARGE: Final = {"chunk", "entry", "line"}
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


def inspect(path: Path, damage: Damage, is_over: Callable[[], bool]) -> None:
    """Note what is broken in the database at *path*; for a thread, which *is_over* ends early."""
    with closing(connect_reader(path)) as con:
        con.set_progress_handler(lambda: int(is_over()), _STEPS)
        is_small = path.stat().st_size <= _MOST_BYTES
        for table in _tables(con):
            if is_over():
                return
            if is_small or table not in _LARGE:
                _look_at(con, table, damage, is_over, rows=is_small)
        if is_small:
            _look_at_figures(con, damage)


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
    con: sqlite3.Connection, table: str, damage: Damage, is_over: Callable[[], bool], *, rows: bool
) -> None:
    try:
        (found,) = con.execute(f"pragma integrity_check({table})").fetchone()
        if found == "ok" and rows and table in SUMS:
            found = _check_sums(con, table, is_over)
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok" and not is_over():
        logger.error("table %s: %s", table, " ".join(found.split()))
        damage.lost("table", f"{table}, or a part of it,")


def _look_at_figures(con: sqlite3.Connection, damage: Damage) -> None:
    try:
        wrong = sum(con.execute(statement).fetchone()[0] for statement in _FIGURES)
    except sqlite3.DatabaseError:  # said before
        return
    if wrong:
        damage.lost("series' figure", "count, x or time", wrong)


def _check_sums(con: sqlite3.Connection, table: str, is_over: Callable[[], bool]) -> str:
    """All rows by their checksums: one under another key is missing elsewhere."""
    columns, make = SUMS[table]
    rows = con.execute(f"select {columns}, crc from {table} where crc is not null")
    while (batch := rows.fetchmany(_BATCH)) and not is_over():
        if not all(_fits(make, row) for row in batch):
            return "a row fails its checksum"
    return "ok"


def _fits(make: Callable[..., int], row: tuple[Any, ...]) -> bool:
    try:
        return bool(make(*row[:-1]) == row[-1])
    except (TypeError, AttributeError):  # another type than was written
        return False
