"""The tables of `agnez.db`, and how connections to it are opened."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

from agnez_server.store.directory import CannotOpenStore
from agnez_server.store.options import StoreOptions

SCHEMA_VERSION: Final = 1
OLDEST_SCHEMA_VERSION: Final = 1
APPLICATION_ID: Final = 0x41474E5A
PAGE_SIZE: Final = 8192

_TABLES: Final = """
create table meta (key text primary key, value) without rowid;

create table doc (tbl text, id integer, body blob, primary key (tbl, id)) without rowid;
create table doc_table (name text primary key, next_id integer) without rowid;

create table series (
    id integer primary key, run text, channel integer, session integer, rank integer,
    bytes integer not null default 0,
    count integer not null default 0, nan integer not null default 0,
    inf integer not null default 0, min, max, last_x, last_y, last_wall,
    min_x, max_x, min_wall, max_wall,
    unique (run, channel, session, rank)
);
create table mark (
    spool blob primary key, run text, events integer, points integer, state text
) without rowid;
create index mark_run on mark (run);
create table tombstone (run text primary key) without rowid;

create table log (id integer primary key, body blob);
create table chunk (
    series integer, ord integer, n integer, x0, x1, w0 integer, w1 integer, flags integer,
    top blob, mid blob, fine blob, body blob
);
create index chunk_head on chunk (series, ord, n, x0, x1, w0, w1, flags);
"""
"""
`log` holds one row a commit: points that are not sealed. `chunk` holds sealed points, sorted by
x; all but the blobs is in its index too, so that looking for chunks touches no blob. `top`, `mid`
and `fine` are summaries of the whole chunk, of 2048 and of 64 points. The figures of `series` are
of its sealed points only: opening adds those of the log.
"""


class SchemaTooNew(CannotOpenStore):
    """The file was written by a newer Agnez."""

    def __init__(self, path: Path, version: int) -> None:
        self.version = version
        super().__init__(
            f"{path} has schema version {version}, this server knows {OLDEST_SCHEMA_VERSION} to "
            f"{SCHEMA_VERSION}: upgrade it (pip install -U agnez)"
        )


def connect_writer(path: Path, options: StoreOptions) -> sqlite3.Connection:
    """A connection for changes: explicit transactions, durable, without automatic checkpoints."""
    con = _connect(path)
    try:
        con.execute(f"pragma page_size = {PAGE_SIZE}")
        con.execute("pragma auto_vacuum = incremental")
        mode = con.execute("pragma journal_mode = wal").fetchone()[0]
    except sqlite3.DatabaseError:
        con.close()
        raise
    if mode != "wal":
        con.close()
        raise CannotOpenStore(
            f"{path} is on a file system without shared memory (a network drive?), which the "
            "write-ahead log needs: choose a local directory"
        )
    con.execute(f"pragma synchronous = {options.synchronous}")
    con.execute("pragma wal_autocheckpoint = 0")
    con.execute("pragma secure_delete = off")  # on in some builds: writes zeros over the whole log
    con.execute(f"pragma journal_size_limit = {2 * options.checkpoint_bytes}")
    con.execute("pragma cache_size = -16384")
    return con


def connect_keeper(path: Path, options: StoreOptions) -> sqlite3.Connection:
    """A second connection for changes, which does not wait long for readers to finish."""
    con = connect_writer(path, options)
    con.execute("pragma busy_timeout = 100")
    return con


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that can only read."""
    con = _connect(path)
    con.execute("pragma query_only = on")
    return con


def _connect(path: Path) -> sqlite3.Connection:
    con = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    con.execute("pragma temp_store = memory")
    return con


def prepare(con: sqlite3.Connection, path: Path) -> str:
    """
    Make the tables in a new file, or check those of an old one; returns the store's id.

    Raises:
        SchemaTooNew: If a newer Agnez wrote the file.
        CannotOpenStore: If it is no store.
    """
    version = con.execute("pragma user_version").fetchone()[0]
    empty = con.execute("select count(*) from sqlite_master").fetchone()[0] == 0
    application = con.execute("pragma application_id").fetchone()[0]
    if empty and version == 0:
        _create(con)
    elif application != APPLICATION_ID:
        raise CannotOpenStore(f"{path} is a database, but not one of Agnez: it was not touched")
    elif version > SCHEMA_VERSION:
        raise SchemaTooNew(path, version)
    return str(con.execute("select value from meta where key = 'store'").fetchone()[0])


def _create(con: sqlite3.Connection) -> None:
    con.executescript(
        f"begin immediate; {_TABLES} pragma application_id = {APPLICATION_ID};"
        f"pragma user_version = {SCHEMA_VERSION};"
        f"insert into meta values ('store', '{os.urandom(16).hex()}'), ('next_series', 1); commit"
    )
