"""Saving what can be read of a damaged data directory into a new one."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from agnez_server.doctor.examine import NoDataDirectory
from agnez_server.doctor.place import kept
from agnez_server.store.acked import read_acked
from agnez_server.store.blobtables import prepare_blobs
from agnez_server.store.copying import copy_file
from agnez_server.store.directory import DataDirectory
from agnez_server.store.head import first_page, known_head, write_start
from agnez_server.store.opening import look_at_wal
from agnez_server.store.options import StoreOptions
from agnez_server.store.schema import COLUMNS, PAGE_SIZE, connect_writer, prepare

_WORK: Final = "salvaging"
_COPIED: Final = ("tokens.json", "password", "session-key")


@dataclass
class Salvaged:
    """
    How many rows of each table were saved, and how many of those that can't be read whole are
    missing, None where no index tells.
    """

    rows: dict[str, int] = field(default_factory=dict)
    broken: dict[str, int | None] = field(default_factory=dict)


def salvage(source: Path, target: Path) -> Salvaged:
    """
    Save what can be read of the data directory *source*, which is not changed, to the new
    directory *target*. Servers are kept from *source* meanwhile. What then fails its checksum is
    left out, and said, when the new directory is opened.

    Raises:
        NoDataDirectory: If there is no `agnez.db` in *source*.
        DirectoryInUse: If a server uses *source*.
        FileExistsError: If *target* is there.
        OSError, sqlite3.Error: If something can't be written.
    """
    if not (source / "agnez.db").is_file():
        raise NoDataDirectory(f"there is no data directory of a server at {source}")
    with kept(source):
        return _salvage(source, target)


def _salvage(source: Path, target: Path) -> Salvaged:
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
    with closing(connect_writer(new, StoreOptions())) as con:
        make = prepare if new.name == "agnez.db" else prepare_blobs
        make(con, new)
        con.execute("pragma wal_checkpoint(truncate)").fetchall()
        _mend(copy, new)
        with closing(_old(copy)) as old:
            con.execute("begin immediate")
            for table, rowid in _tables(con):
                _save_table(old, con, table, rowid, saved)
            con.execute("commit")
        con.execute("pragma wal_checkpoint(truncate)").fetchall()


def _mend(copy: Path, fresh: Path) -> None:
    """The head of a copy, and the list of its tables where it is not that of a *fresh* one."""
    _write_head(copy)
    if not _take_log(copy):
        _write_first_page(copy, fresh)
        _take_log(copy)
    _write_head(copy)
    with closing(_old(copy)) as old, closing(_old(fresh)) as new:
        is_there = _columns(new) <= _columns(old)
    if not is_there:
        _write_first_page(copy, fresh)


def _write_head(copy: Path) -> None:
    write_start(copy, known_head(_start(copy, 100), copy))


def _write_first_page(copy: Path, fresh: Path) -> None:
    page = first_page(_start(fresh, PAGE_SIZE), _start(copy, 100), copy)
    if page is not None:
        write_start(copy, page)


def _start(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _take_log(copy: Path) -> bool:
    """Bring the log into the file; whether that could be done."""
    try:
        with closing(_old(copy)) as old:
            return bool(old.execute("pragma wal_checkpoint(truncate)").fetchone()[0] == 0)
    except sqlite3.DatabaseError:
        return False


def _columns(con: sqlite3.Connection) -> set[tuple[str, str]]:
    try:
        return set(con.execute(COLUMNS))
    except sqlite3.DatabaseError:
        return set()


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
        saved.broken[table] = None
        return
    listed, is_broken = ", ".join(columns), False
    put = f"insert or replace into {table} ({listed}) values ({', '.join('?' * len(columns))})"
    for row in _rows(old, table, listed, key):
        try:
            if row is None:
                is_broken = True
            else:
                con.execute(put, row)
        except (sqlite3.Error, UnicodeEncodeError):
            is_broken = True
    (saved.rows[table],) = con.execute(f"select count(*) from {table}").fetchone()
    total = _counted(old, table) if is_broken else saved.rows[table]
    if total != saved.rows[table]:
        saved.broken[table] = None if total is None else max(0, total - saved.rows[table])


def _rows(
    old: sqlite3.Connection, table: str, listed: str, key: list[str]
) -> Iterator[tuple[Any, ...] | None]:
    """
    All rows that can be reached from the first on, and those from the last one backwards; None
    where one can't be read.
    """
    for direction in ("asc", "desc"):
        order = ", ".join(f"{name} {direction}" for name in key)
        try:
            yield from old.execute(f"select {listed} from {table} order by {order}")
        except sqlite3.DatabaseError:
            yield None
        else:
            return


def _counted(old: sqlite3.Connection, table: str) -> int | None:
    """How many rows a table has by an index of it that can be read; None without one."""
    with suppress(sqlite3.DatabaseError):
        for row in old.execute(f"pragma index_list({table})").fetchall():
            with suppress(sqlite3.DatabaseError):  # of some rows only, or damaged
                count = f"select count(*) from {table} indexed by {row[1]}"
                return int(old.execute(count).fetchone()[0])
    return None
