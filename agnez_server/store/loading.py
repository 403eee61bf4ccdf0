"""Bringing a store's file into memory when it opens."""

from __future__ import annotations

import gc
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import orjson

from agnez_server.store.ledger import Account, Ledger, LogRowSize
from agnez_server.store.log import decode_row
from agnez_server.store.tail import Tail
from agnez_server.store.tally import from_row
from agnez_server.store.tinyrows import CommittedStorage, WorkingStorage
from agnez_server.store.values import Series, SeriesStats
from agnez_server.store.workspace import Workspace

logger = logging.getLogger(__name__)

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
    con: sqlite3.Connection, working: WorkingStorage, committed: CommittedStorage
) -> None:
    """Fill both copies of the tables, in the order of ids."""
    count = 0
    for table, doc_id, raw in con.execute("select tbl, id, body from doc order by tbl, id"):
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            logger.error(
                "document %d of table %r is damaged and left out: %s", doc_id, table, error
            )
            continue
        working.tables.setdefault(table, {})[str(doc_id)] = body
        committed.tables.setdefault(table, {})[str(doc_id)] = body
        count += 1
    working.next_ids.update(con.execute("select name, next_id from doc_table").fetchall())
    if count >= _FREEZE_FROM:
        gc.freeze()


def load_series(con: sqlite3.Connection, ledger: Ledger, workspace: Workspace) -> None:
    """Fill the accounts of all series with the figures of their sealed points."""
    ends = dict(con.execute("select series, max(ord + n) from chunk group by series").fetchall())
    accounts = []
    for row in con.execute(
        "select id, run, channel, session, rank, bytes, entries, count, nan, inf, min, max, "
        "last_x, last_y, last_wall, min_x, max_x, min_wall, max_wall from series order by id"
    ):
        series = Series(*row[:5])
        if row[6]:
            figures = workspace.figures[series.id] = SeriesStats(*row[7:])
            account = Account(series, figures, row[5])
        else:
            account = Account(series, from_row(row[7:]), row[5], Tail(ends.get(series.id, 0)))
        accounts.append(account)
    deleted = [row[0] for row in con.execute("select run from tombstone")]
    ledger.open(accounts, deleted)
    ledger.grow(_others(con))
    next_series = con.execute("select value from meta where key = 'next_series'").fetchone()[0]
    workspace.fill((account.series for account in accounts), deleted, next_series)


def _others(con: sqlite3.Connection) -> dict[str, int]:
    """Bytes of lines and blobs by living run."""
    sizes = dict[str, int](con.execute("select run, sum(bytes) from console group by run"))
    for run, size in con.execute("select run, sum(size) from blob_ref group by run"):
        sizes[run] = sizes.get(run, 0) + size
    for (run,) in con.execute("select run from tombstone"):
        sizes.pop(run, None)
    return sizes


def replay_log(con: sqlite3.Connection, ledger: Ledger, now_s: float) -> int:
    """
    Put the points of the log into the tails; returns how many were found damaged.

    Points of series that are gone (their run was deleted) are skipped.
    """
    lost = 0
    for row_id, body in con.execute("select id, body from log where id > 0 order by id"):
        row = decode_row(body)
        if row.damage:
            logger.error("row %d of the log is damaged, the rest is kept: %s", row_id, row.damage)
            lost += row.lost_points
        ledger.replay(row.points, LogRowSize(row_id, len(body)), now_s)
    found = con.execute("select body from log where id = 0").fetchone()
    ledger.log_id = max(ledger.log_id, found[0] if found is not None else 0)
    return lost
