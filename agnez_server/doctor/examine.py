"""The order in which a data directory is looked at."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from agnez_client.finding import Finding
from agnez_server.doctor.blobs import check_blobs
from agnez_server.doctor.place import check_place, server_pid
from agnez_server.doctor.reading import open_quietly
from agnez_server.doctor.rows import check_rows
from agnez_server.doctor.wal import check_number, check_wal
from agnez_server.store.blobtables import BLOBS_VERSION
from agnez_server.store.head import damaged_places
from agnez_server.store.schema import PAGE_SIZE, SCHEMA_VERSION

Progress = Callable[[str], None]
"""Called with what is looked at next."""

_SALVAGE = (
    "bring back a backup (`agnez backup restore`), or save what can be read: "
    "`agnez doctor --salvage NEW_DIRECTORY`"
)


class NoDataDirectory(Exception):
    """There is nothing of a server at a path."""


def examine(
    path: Path, *, full: bool = False, progress: Progress | None = None
) -> Iterator[Finding]:
    """
    What is found in the data directory *path*, the place first, then file by file. *full* reads
    every page, index and blob as well, which takes as long as reading the disk does.

    Raises:
        NoDataDirectory: If there is no `agnez.db` in *path*.
    """
    database = path / "agnez.db"
    if not database.is_file():
        raise NoDataDirectory(f"there is no data directory of a server at {path}")
    tell = progress or (lambda what: None)
    yield from check_place(path)
    tell("the write-ahead log")
    for name in ("agnez.db", "blobs.db"):
        yield from check_wal(path / name)
    yield from _check_database(database, SCHEMA_VERSION, full=full, tell=tell)
    if (path / "blobs.db").is_file():
        yield from _check_database(path / "blobs.db", BLOBS_VERSION, full=full, tell=tell)


def _check_database(path: Path, version: int, *, full: bool, tell: Progress) -> Iterator[Finding]:
    with path.open("rb") as file:
        places = damaged_places(file.read(PAGE_SIZE), path)
    if places is not None:
        told = f"its head is damaged at byte {places}"
        yield Finding("damage", told, str(path), "the next start mends it, and keeps a copy")
    try:
        with closing(open_quietly(path, is_used=server_pid(path.parent) is not None)) as con:
            tell(f"the pages of {path.name}")
            yield _version(con, path, version)
            yield from _pages(con, path, full=full)
            if path.name == "agnez.db":
                yield from check_number(con, path)
                yield from check_rows(con, path, tell)
            else:
                yield from check_blobs(con, path, full=full, tell=tell)
    except sqlite3.DatabaseError as error:
        yield Finding("damage", f"SQLite can't read all of it: {error}", str(path), _SALVAGE)


def _version(con: sqlite3.Connection, path: Path, newest: int) -> Finding:
    (version,) = con.execute("pragma user_version").fetchone()
    if version == newest:
        return Finding("ok", f"schema version {version}, {path.stat().st_size:,} bytes", str(path))
    if 0 < version < newest:
        told = f"schema version {version}: the next start upgrades it to {newest}, after a copy"
        return Finding("note", told, str(path))
    if version > newest:
        told = f"schema version {version}, this Agnez knows {newest}"
        return Finding("note", told, str(path), "upgrade Agnez: pip install -U agnez")
    return Finding("damage", f"its schema version is {version}", str(path), _SALVAGE)


def _pages(con: sqlite3.Connection, path: Path, *, full: bool) -> Iterator[Finding]:
    check = "integrity_check" if full else "quick_check"
    found = [row[0] for row in con.execute(f"pragma {check}(20)")]
    if found == ["ok"]:
        what = "all pages and indexes are in order" if full else "its pages are in order"
        yield Finding("ok", what, str(path))
        return
    for told in found:
        yield Finding("damage", " ".join(told.split()), str(path), _SALVAGE)
