"""The tables of `blobs.db`, and how its version is told."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from agnez_server.store.directory import CannotOpenStore
from agnez_server.store.schema import SchemaTooNew

BLOBS_VERSION: Final = 1
BLOBS_APPLICATION_ID: Final = 0x41474E42

_TABLES: Final = """
create table blob (
    id integer primary key, sha blob unique, size integer, mime text, put_at real,
    loose integer, in_file integer
);
create index blob_loose on blob (put_at, sha) where loose;
create table body (id integer primary key, data blob);
"""
"""
`put_at` is in seconds UTC. `loose` is 1 until a collection finds that a run names the blob, and
again when it lost a name. `body` holds the blobs that lie in no file; on its own, so that looking
for blobs touches none.
"""


def prepare_blobs(con: sqlite3.Connection, path: Path) -> None:
    """
    Make the tables in a new file, or check those of an old one.

    Raises:
        SchemaTooNew: If a newer Agnez wrote the file.
        CannotOpenStore: If it is no file of blobs.
    """
    version = con.execute("pragma user_version").fetchone()[0]
    empty = con.execute("select count(*) from sqlite_master").fetchone()[0] == 0
    application = con.execute("pragma application_id").fetchone()[0]
    if empty and version == 0:
        con.executescript(
            f"begin immediate; {_TABLES} pragma application_id = {BLOBS_APPLICATION_ID};"
            f"pragma user_version = {BLOBS_VERSION}; commit"
        )
    elif application != BLOBS_APPLICATION_ID:
        raise CannotOpenStore(f"{path} is a database, but not one of Agnez: it was not touched")
    elif version > BLOBS_VERSION:
        raise SchemaTooNew(path, version, BLOBS_VERSION)
