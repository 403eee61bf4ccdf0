"""One group as one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

import orjson

from agnez_server.store.bits import doc_crc
from agnez_server.store.console import write_lines
from agnez_server.store.entries import write_entries
from agnez_server.store.log import NUMBER, RowEncoder
from agnez_server.store.names import write_names
from agnez_server.store.options import StoreOptions
from agnez_server.store.points import gather_blocks
from agnez_server.store.rowsums import mark_sum, series_sum, table_sum
from agnez_server.store.unit import Group

_BLOCK_POINTS: Final = 8192
"""
Batches of a few points each are packed together, which costs little more than packing one of them;
not all, as what can't be mended costs the block that it is in.
"""


def commit(
    con: sqlite3.Connection, group: Group, encoder: RowEncoder, options: StoreOptions
) -> None:
    """
    Write *group* under ``group.log_id`` and sets its ``log_bytes``; all of it or nothing.

    Raises:
        sqlite3.Error, OSError: If the disk is full or failing.
    """
    con.execute("begin immediate")
    try:
        _write_deletions(con, group)
        _write_series(con, group)
        _write_docs(con, group)
        _write_points(con, group, encoder)
        _write_others(con, group)
        if options.before_commit is not None:
            options.before_commit(con)
        con.execute("commit")
    except BaseException:
        if con.in_transaction:
            con.rollback()
        raise


def _write_deletions(con: sqlite3.Connection, group: Group) -> None:
    """What is large stays for the keeper's sweep: to free it here would take long."""
    runs = [(run,) for run in group.deleted]
    _each(con, "insert into gone select 'entry', id from series where run = ? and entries", runs)
    _each(con, "insert into gone select 'line', id from console where run = ?", runs)
    _each(con, "insert or ignore into gone values ('blob_ref', ?)", runs)
    _each(con, "delete from console where run = ?", runs)
    _each(con, "delete from series where run = ?", runs)
    _each(con, "delete from mark where run = ?", runs)
    _each(con, "insert or ignore into tombstone values (?)", runs)


def _write_series(con: sqlite3.Connection, group: Group) -> None:
    _each(
        con,
        "insert into series (id, run, channel, session, rank, crc) values (?, ?, ?, ?, ?, ?)",
        [
            (s.id, s.run, s.channel, s.session, s.rank,
             series_sum(s.id, s.run, s.channel, s.session, s.rank))
            for s in group.series.values()
        ],
    )  # fmt: skip
    marks = [
        (spool, run, mark.events, mark.points, orjson.dumps(dict(mark.state)).decode())
        for spool, (run, mark) in group.marks.items()
    ]
    rows = [(*mark, mark_sum(*mark)) for mark in marks]
    _each(con, "insert or replace into mark values (?, ?, ?, ?, ?, ?)", rows)
    if group.next_series:
        con.execute("update meta set value = ? where key = 'next_series'", (group.next_series,))


def _write_docs(con: sqlite3.Connection, group: Group) -> None:
    puts = [
        (table, id_, write.raw, doc_crc(table_sum(table), id_, write.raw))
        for (table, id_), write in group.docs.items()
        if write.raw is not None
    ]
    dels = [key for key, write in group.docs.items() if write.raw is None]
    _each(con, "insert or replace into doc values (?, ?, ?, ?)", puts)
    _each(con, "delete from doc where tbl = ? and id = ?", dels)
    _each(con, "insert or replace into doc_table values (?, ?)", list(group.next_ids.items()))


def _each(con: sqlite3.Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Run *statement* for each of *rows*. Not at all for none: each call gives the GIL away."""
    if rows:
        con.executemany(statement, rows)


def _write_points(con: sqlite3.Connection, group: Group, encoder: RowEncoder) -> None:
    if group.blocks:
        row = encoder.encode([*gather_blocks(group.blocks, _BLOCK_POINTS)])
        con.execute("insert into log values (?, ?)", (group.log_id, row))
        group.log_bytes = len(row)
    else:
        con.execute(NUMBER, (group.log_id,))


def _write_others(con: sqlite3.Connection, group: Group) -> None:
    if group.entries:
        group.series_grown = write_entries(con, group.entries)
    grown = write_lines(con, group.lines) if group.lines else {}
    for run, size in write_names(con, group.names).items() if group.names else ():
        grown[run] = grown.get(run, 0) + size
    group.runs_grown = grown
