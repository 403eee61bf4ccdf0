"""The tables of `agnez.db`, and how connections to it are opened."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from agnez_server.store.copying import copy_database
from agnez_server.store.directory import CannotOpenStore
from agnez_server.store.options import StoreOptions
from agnez_server.store.rowsums import add_sums

logger = logging.getLogger(__name__)

SCHEMA_VERSION: Final = 3
OLDEST_SCHEMA_VERSION: Final = 1
APPLICATION_ID: Final = 0x41474E5A
PAGE_SIZE: Final = 8192
_SPARE_BYTES: Final = 16 << 20
_INCREMENTAL: Final = 2
"""How SQLite calls `pragma auto_vacuum = incremental`."""

_VERSION_1: Final = """
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


_VERSION_2: Final = """
alter table series add column entries integer not null default 0;
create table entry (series integer, ord integer, x, wall integer, body blob);
create index entry_step on entry (series, ord, x, wall);
create table console (
    id integer primary key autoincrement, run text, session integer, rank integer,
    lines integer not null default 0, bytes integer not null default 0,
    unique (run, session, rank)
);
create table line (
    console integer, number integer, wall integer, stream text, text text,
    primary key (console, number)
) without rowid;
create table blob_ref (
    sha blob, run text, size integer, primary key (sha, run)
) without rowid;
create index blob_ref_run on blob_ref (run, size);
create table loose (sha blob primary key) without rowid;
create table gone (what text, id, primary key (what, id)) without rowid;
"""
"""
`entries` of a series is 1 when it holds entries; its figures then speak of all of them. `blob_ref`
says which runs name a blob, `loose` which blobs lost a name: the next collection looks at them.
`gone` lists what deleted runs left in the large tables, for the sweep.
"""


_VERSION_3: Final = """
alter table doc add column crc integer;
alter table entry add column crc integer;
alter table line add column crc integer;
alter table mark add column crc integer;
alter table series add column crc integer;
"""
"""
Checksums, see `rowsums.py`. That of a series is of its key; entries, lines and documents which
were written by something else may have none: they are taken as they are.
"""

COLUMNS: Final = (
    "select one.name, own.name from sqlite_master as one, pragma_table_info(one.name) as own "
    "where one.type = 'table'"
)
"""Asks for the names of tables with those of their columns."""

_STEPS: Final = {1: _VERSION_2, 2: _VERSION_3}
"""By version, what brings a file to the next one."""


class SchemaTooNew(CannotOpenStore):
    """The file was written by a newer Agnez."""

    def __init__(self, path: Path, version: int, newest: int = SCHEMA_VERSION) -> None:
        self.version = version
        super().__init__(
            f"{path} has schema version {version}, this server knows {OLDEST_SCHEMA_VERSION} to "
            f"{newest}: upgrade it (pip install -U agnez)"
        )


def connect_writer(path: Path, options: StoreOptions) -> sqlite3.Connection:
    """A connection for changes: explicit transactions, durable, without automatic checkpoints."""
    con = _connect(path)
    try:
        con.execute(f"pragma page_size = {PAGE_SIZE}")
        # Before anything is committed: the first commit would copy all of an old log into the file.
        con.execute("pragma wal_autocheckpoint = 0")
        if con.execute("pragma auto_vacuum").fetchone()[0] != _INCREMENTAL:  # to say it is a commit
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
    con.text_factory = _text
    return con


def _text(raw: bytes) -> str:
    """Damaged text is no reason to fail: its checksum tells, and its bytes can be had back."""
    return raw.decode(errors="surrogateescape")


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
    elif version < OLDEST_SCHEMA_VERSION:
        raise CannotOpenStore(f"{path} is damaged: it has no schema version")
    elif version < SCHEMA_VERSION:
        _upgrade(con, path, version)
    _require_columns(con)
    return str(con.execute("select value from meta where key = 'store'").fetchone()[0])


def _require_columns(con: sqlite3.Connection) -> None:
    """Raise sqlite3.DatabaseError if a name in the file's own list of tables has changed."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(_VERSION_1 + _VERSION_2 + _VERSION_3)
        expected = set(fresh.execute(COLUMNS))
    for table, column in sorted(expected - set(con.execute(COLUMNS))):
        raise sqlite3.DatabaseError(f"its table {table} has no column {column}")


def _create(con: sqlite3.Connection) -> None:
    con.executescript(
        f"begin immediate; {_VERSION_1} {_VERSION_2} {_VERSION_3}"
        f"pragma application_id = {APPLICATION_ID}; pragma user_version = {SCHEMA_VERSION};"
        f"insert into meta values ('store', '{os.urandom(16).hex()}'), ('next_series', 1); commit"
    )


def _upgrade(con: sqlite3.Connection, path: Path, version: int) -> None:
    """Bring a file of an older version to ours; the old one stays beside it as a copy."""
    copy = path.with_name(f"{path.name}.v{version}.bak")
    _require_room(path)
    logger.warning("%s is of version %d: it is copied, then upgraded", path, version)
    copy_database(con, copy)
    try:
        steps = "".join(_STEPS[step] for step in range(version, SCHEMA_VERSION))
        con.executescript(f"begin immediate; {steps}")
        add_sums(con)
        con.execute(f"pragma user_version = {SCHEMA_VERSION}")
        con.execute("commit")
    except BaseException:
        if con.in_transaction:
            con.rollback()
        raise
    logger.warning(
        "%s was upgraded from version %d to %d; as it was, it lies in %s until you remove it",
        path.name, version, SCHEMA_VERSION, copy,
    )  # fmt: skip


def _require_room(path: Path) -> None:
    wal = path.with_name(f"{path.name}-wal")
    needed = path.stat().st_size + (wal.stat().st_size if wal.exists() else 0) + _SPARE_BYTES
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise CannotOpenStore(
            f"{path} is of an older version; the copy that is made before it is upgraded needs "
            f"{needed} bytes, the disk has {free}: make room"
        )
