"""Saving what can be read of a damaged data directory into a new one."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from agnez_server.doctor.examine import NoDataDirectory
from agnez_server.store.acked import read_acked
from agnez_server.store.blobtables import prepare_blobs
from agnez_server.store.copying import copy_file
from agnez_server.store.directory import DataDirectory
from agnez_server.store.opening import look_at_wal
from agnez_server.store.options import StoreOptions
from agnez_server.store.schema import PAGE_SIZE, connect_writer, prepare

_WORK: Final = "salvaging"
_COPIED: Final = ("tokens.json", "password", "session-key")
_HEADER: Final = {
    0: b"SQLite format 3\x00",
    16: PAGE_SIZE.to_bytes(2, "big"),
    18: b"\x02\x02\x00\x40\x20\x20",
    44: (4).to_bytes(4, "big"),
    56: (1).to_bytes(4, "big"),
}
"""By place what stands at the beginning of each of our databases."""


@dataclass
class Salvaged:
    """How many rows of each table were saved, and of which tables some could not be read."""

    rows: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


def salvage(source: Path, target: Path) -> Salvaged:
    """
    Save what can be read of the data directory *source*, which is not changed, to the new
    directory *target*. No server may use *source*. What then fails its checksum is left out, and
    said, when the new directory is opened.

    Raises:
        NoDataDirectory: If there is no `agnez.db` in *source*.
        FileExistsError: If *target* is there.
        OSError, sqlite3.Error: If something can't be written.
    """
    if not (source / "agnez.db").is_file():
        raise NoDataDirectory(f"there is no data directory of a server at {source}")
    if target.exists():
        raise FileExistsError(f"{target} exists; choose a name that is not taken")
    target.mkdir(mode=0o700, parents=True)
    work, saved = target / _WORK, Salvaged()
    work.mkdir(mode=0o700)
    held = DataDirectory(target)
    try:
        for name in ("agnez.db", "blobs.db"):
            if (source / name).is_file():
                _save_database(source, work, held.file(name), saved)
        for name in _COPIED:
            if (source / name).is_file():
                copy_file(source / name, target / name)
        for file in source.glob("blobs/??/*"):
            copy = target / file.relative_to(source)
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            copy_file(file, copy)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        held.release()
    return saved


def _save_database(source: Path, work: Path, new: Path, saved: Salvaged) -> None:
    """Work on a copy: its log is mended, and the head of its file."""
    copy = work / new.name
    for suffix in ("", "-wal"):
        if (source / f"{new.name}{suffix}").is_file():
            copy_file(source / f"{new.name}{suffix}", work / f"{new.name}{suffix}")
    look_at_wal(copy, read_acked(source) if new.name == "agnez.db" else None)
    with copy.open("r+b") as file:
        for at, raw in _HEADER.items():
            file.seek(at)
            file.write(raw)
    with closing(connect_writer(new, StoreOptions())) as con, closing(_old(copy)) as old:
        make = prepare if new.name == "agnez.db" else prepare_blobs
        make(con, new)
        con.execute("begin immediate")
        for table, rowid in _tables(con):
            _save_table(old, con, table, rowid, saved)
        con.execute("commit")
        con.execute("pragma wal_checkpoint(truncate)").fetchall()


def _old(path: Path) -> sqlite3.Connection:
    con = sqlite3.connect(path, isolation_level=None)
    con.text_factory = lambda raw: raw.decode(errors="surrogateescape")
    con.execute("pragma cell_size_check = on")
    return con


def _tables(con: sqlite3.Connection) -> list[tuple[str, bool]]:
    """Tables, and whether they have a rowid."""
    rows = con.execute(
        "select name, sql not like '%without rowid%' from sqlite_master where type = 'table' "
        "and name not like 'sqlite_%' order by name"
    )
    return [(name, bool(rowid)) for name, rowid in rows]


def _save_table(
    old: sqlite3.Connection, con: sqlite3.Connection, table: str, rowid: bool, saved: Salvaged
) -> None:
    info = con.execute(f"pragma table_info({table})").fetchall()
    names = [row[1] for row in info]
    key = ["rowid"] if rowid else [row[1] for row in sorted(info, key=lambda r: r[5]) if row[5]]
    try:
        there = {row[1] for row in old.execute(f"pragma table_info({table})")}
    except sqlite3.DatabaseError:
        there = set()
    columns = [name for name in names if name in there]
    if not columns:
        saved.broken.append(table)
        return
    listed, count = ", ".join(columns), 0
    put = f"insert or replace into {table} ({listed}) values ({', '.join('?' * len(columns))})"
    for row in _rows(old, table, listed, key, saved):
        try:
            con.execute(put, row)
            count += 1
        except (sqlite3.Error, UnicodeEncodeError):
            saved.broken.append(table)
    saved.rows[table] = count


def _rows(
    old: sqlite3.Connection, table: str, listed: str, key: list[str], saved: Salvaged
) -> Iterator[tuple[Any, ...]]:
    """All rows that can be reached from the first on, and those from the last one backwards."""
    for direction in ("asc", "desc"):
        order = ", ".join(f"{name} {direction}" for name in key)
        try:
            yield from old.execute(f"select {listed} from {table} order by {order}")
        except sqlite3.DatabaseError:
            saved.broken.append(table)
        else:
            return
