"""The write-ahead log, and whether all that was acknowledged is there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from agnez_client.finding import Finding
from agnez_server.store.acked import ACKED, read_acked
from agnez_server.store.log import newest_commit
from agnez_server.store.opening import wanted, what_is_missing
from agnez_server.store.schema import PAGE_SIZE
from agnez_server.store.wal import read_wal


def check_wal(database: Path) -> Iterator[Finding]:
    """
    The log of *database*. Beside a running server it may grow meanwhile: what was noted is read
    first, so the log has at least that.
    """
    path = database.with_name(f"{database.name}-wal")
    acked = read_acked(database.parent) if database.name == "agnez.db" else None
    wal = read_wal(path, PAGE_SIZE)
    if wal is None or not len(wal.heads):
        return
    end = wanted(wal, acked)
    if end is not None and (not wal.is_headed or end.frames > wal.taken):
        lost = end.frames - wal.taken
        yield Finding(
            "damage", f"{lost} pages of {end.frames} can't be had as they are", str(path),
            "the next start mends what can be mended, and keeps a copy of it",
        )  # fmt: skip
    else:
        told = f"{wal.commits(wal.taken)} commits wait in it, {wal.size:,} bytes, all checksums fit"
        yield Finding("ok", told, str(path))


def check_number(con: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    """Whether the newest commit is the one that was noted, or a later one."""
    acked = read_acked(path.parent)  # first: beside a server the database may go on
    where = str(path.with_name(ACKED))
    if acked is None:
        yield Finding("note", "no note says how far the server acknowledged", where)
        return
    store = con.execute("select value from meta where key = 'store'").fetchone()[0]
    missing = what_is_missing(acked, store, newest_commit(con))
    if missing is not None:
        yield Finding("damage", missing, where, "a backup may have them; so may the spools")
    else:
        yield Finding("ok", f"all {acked.number:,} acknowledged commits are there", where)
