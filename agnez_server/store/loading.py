"""Bringing a store's file into memory when it opens."""

from __future__ import annotations

import gc
import logging
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import orjson

from agnez_server.store.bits import doc_crc, mend_bit
from agnez_server.store.damage import Damage
from agnez_server.store.ledger import Account, Ledger, LogRowSize
from agnez_server.store.log import decode_row, newest_commit
from agnez_server.store.rowsums import (
    mark_sum,
    mended_mark,
    mended_series,
    series_sum,
    table_sum,
)
from agnez_server.store.tail import Tail
from agnez_server.store.tally import from_row
from agnez_server.store.tinyrows import CommittedStorage, WorkingStorage
from agnez_server.store.unit import Body
from agnez_server.store.values import Series, SeriesStats
from agnez_server.store.workspace import Workspace

logger = logging.getLogger(__name__)

_WORD: Final = 0xFFFFFFFF
_AT_A_TIME: Final = 2000
_Row = tuple[int, bytes, int | None]
"""Of the table `doc`: id, body, checksum."""

_FREEZE_FROM: Final = 20_000
"""With so many documents a full garbage collection takes long enough to exempt them from it."""


@contextmanager
def without_collector() -> Iterator[None]:
    """Garbage collection off: it would walk every new document, over and over."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def load_docs(
    con: sqlite3.Connection, working: WorkingStorage, committed: CommittedStorage, damage: Damage
) -> None:
    """Fill both copies of the tables, in the order of ids; what is damaged is left out."""
    count = 0
    for table in _tables(con):
        rows = dict[str, Body]()
        cursor = con.execute("select id, body, crc from doc where tbl = ? order by id", (table,))
        while some := cursor.fetchmany(_AT_A_TIME):
            if not _took(rows, table, some):
                rows.update(_looked_at(table, some, damage))
        if rows:
            working.tables[table], committed.tables[table] = rows, rows.copy()
            working.next_ids[table] = int(next(reversed(rows))) + 1
            count += len(rows)
    for name, next_id in con.execute("select name, next_id from doc_table"):
        working.next_ids[name] = max(next_id, working.next_ids.get(name, 1))
    if count >= _FREEZE_FROM:
        gc.freeze()


def _tables(con: sqlite3.Connection) -> Iterator[str]:
    """The names of tables with documents, by one look at each: not at every document."""
    first = "select tbl from doc where tbl > ? order by tbl limit 1"
    found = con.execute("select tbl from doc order by tbl limit 1").fetchone()
    while found is not None:
        yield found[0]
        found = con.execute(first, found).fetchone()


def _took(found: dict[str, Body], table: str, rows: Sequence[_Row]) -> bool:
    """
    Put the documents of *rows* into *found*, where nothing is wrong with any of them; what loops is
    not Python.
    """
    ids, bodies, sums = zip(*rows, strict=True)
    begins = table_sum(table)
    try:
        if tuple(map(zlib.crc32, bodies, [(begins + doc_id) & _WORD for doc_id in ids])) != sums:
            return False
        found.update(zip(map(str, ids), map(orjson.loads, bodies), strict=True))
    except (TypeError, orjson.JSONDecodeError):  # a damaged row may hold anything
        return False
    return True


def _looked_at(table: str, rows: Sequence[_Row], damage: Damage) -> Iterator[tuple[str, Body]]:
    """Documents by id; what is damaged is mended, or told and left out."""
    begins = table_sum(table)
    for doc_id, raw, crc in rows:
        if crc is None or zlib.crc32(raw, (begins + doc_id) & _WORD) == crc:
            body = _parsed(raw)
        else:
            body = _mended(table, doc_id, raw, crc, damage)
        if body is None:
            damage.lost("document", f"{doc_id!r} of table {table!r}")
        else:
            yield str(doc_id), body


def _parsed(raw: bytes) -> Body | None:
    try:
        body: Body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return body


def _mended(table: str, doc_id: int, raw: bytes, crc: int, damage: Damage) -> Body | None:
    whole = mend_bit(raw, doc_crc(table_sum(table), doc_id, raw), crc)
    body = None if whole is None else _parsed(whole)
    if body is not None:
        damage.mended("document", f"{doc_id} of table {table!r}")
    return body


def load_series(
    con: sqlite3.Connection, ledger: Ledger, workspace: Workspace, damage: Damage
) -> None:
    """Fill the accounts of all series with the figures of their sealed points."""
    ends = dict(con.execute("select series, max(ord + n) from chunk group by series").fetchall())
    accounts = []
    for row in con.execute(
        "select crc, id, run, channel, session, rank, bytes, entries, count, nan, inf, min, max, "
        "last_x, last_y, last_wall, min_x, max_x, min_wall, max_wall from series order by id"
    ):
        series = _series(row[0], row[1:6], damage)
        if series is None:
            continue
        if row[7]:
            figures = workspace.figures[series.id] = SeriesStats(*row[8:])
            account = Account(series, figures, row[6])
        else:
            account = Account(series, from_row(row[8:]), row[6], Tail(ends.get(series.id, 0)))
        accounts.append(account)
    deleted = [row[0] for row in con.execute("select run from tombstone")]
    ledger.open(accounts, deleted)
    ledger.grow(_others(con))
    next_series = con.execute("select value from meta where key = 'next_series'").fetchone()[0]
    newest = con.execute("select max(id) from series").fetchone()[0] or 0
    workspace.fill((account.series for account in accounts), deleted, max(next_series, newest + 1))


def _series(crc: int | None, key: tuple[int, str, int, int, int], damage: Damage) -> Series | None:
    try:
        if crc is None or series_sum(*key) == crc:
            return Series(*key)
        mended = mended_series(key, crc)
    except (AttributeError, TypeError, ValueError):  # another type than was written
        mended = None
    if mended is None:
        damage.lost("series", f"{key!r}")
        return None
    damage.mended("series", f"{key!r}")
    return Series(*mended)


def _others(con: sqlite3.Connection) -> dict[str, int]:
    """Bytes of lines and blobs by living run."""
    sizes = dict[str, int](con.execute("select run, sum(bytes) from console group by run"))
    for run, size in con.execute("select run, sum(size) from blob_ref group by run"):
        sizes[run] = sizes.get(run, 0) + size
    for (run,) in con.execute("select run from tombstone"):
        sizes.pop(run, None)
    return sizes


def mend_marks(con: sqlite3.Connection, damage: Damage) -> None:
    """
    Write marks anew that a flipped bit has changed, their spools' names included: a spool whose
    mark is not found would be taken once more.
    """
    for row in con.execute("select spool, run, events, points, state, crc from mark").fetchall():
        try:
            if row[5] is None or mark_sum(*row[:5]) == row[5]:
                continue
            mended = mended_mark(*row)
        except (AttributeError, TypeError, ValueError):  # another type than was written
            mended = None
        if mended is None:
            damage.lost("mark", f"of spool {row[0]!r}")
            continue
        con.execute("begin immediate")
        con.execute("delete from mark where spool = ?", row[:1])
        con.execute("insert or replace into mark values (?, ?, ?, ?, ?, ?)", (*mended, row[5]))
        con.execute("commit")
        damage.mended("mark", f"of spool {mended[0].hex()}")


def replay_log(con: sqlite3.Connection, ledger: Ledger, now_s: float, damage: Damage) -> int:
    """
    Put the points of the log into the tails; returns how many could not be read.

    Points of series that are gone (their run was deleted) are skipped.
    """
    lost = 0
    for row_id, body in con.execute("select id, body from log where id > 0 order by id"):
        row = decode_row(body)
        if row.damage is not None:
            logger.error("row %d of the log is damaged, the rest is kept: %s", row_id, row.damage)
        if row.lost_points:
            damage.lost("point", f"of row {row_id} of the log", row.lost_points)
        elif row.damage is not None:
            damage.mended("row", f"{row_id} of the log")
        lost += row.lost_points
        ledger.replay(row.blocks, LogRowSize(row_id, len(body)), now_s)
    ledger.log_id = newest_commit(con)
    return lost
