"""
Backups of a data directory, made while a server uses it or not, and brought back.

A backup is a directory of its own: `agnez.db`, `blobs.db`, `blobs/`, the other files (passwords,
tokens), and `backup.json`, which says of what and when. Documents are copied first and blobs
later, while no server collects any (`collector.py`): so all blobs that documents name are there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import orjson

from agnez_server.store.blobfiles import blob_path
from agnez_server.store.collector import backup_lock
from agnez_server.store.copying import copy_database, copy_file, sync

BACKUP_VERSION: Final = 1
MANIFEST: Final = "backup.json"
DATABASES: Final = ("agnez.db", "blobs.db")
_NOT_COPIED: Final = ("LOCK", "BACKUP", "ACKED", MANIFEST)
_NOT_COPIED_ENDS: Final = ("-wal", "-shm", ".bak", ".part")

Progress = Callable[[int, int], None]
"""Called with how many bytes are done, and how many there are in all, as far as it is known."""


class CannotBackUp(Exception):
    """A backup can't be made or brought back; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Backup:
    """
    What a backup says about itself.

    ``store`` is the id of the store, ``made_at`` µs UTC, ``bytes`` the size of the databases and of
    the files of large blobs. ``missing`` are the SHA-256 of blobs whose files were gone or cut
    already; ``blobs`` does not count them.
    """

    version: int
    store: str
    made_at: int
    bytes: int
    blobs: int
    missing: list[str]


def backup(data_directory: Path, target: Path, progress: Progress | None = None) -> Backup:
    """
    Copy *data_directory*, in use or not, to the new directory *target* (mode 0700).

    *target* appears whole or not at all. Files of large blobs are never changed, so where both are
    on one file system they are linked, not copied. May block for long.

    Raises:
        CannotBackUp: If there is no store, or *target* exists.
        sqlite3.Error, OSError: If something can't be read or written.
    """
    if not (data_directory / "agnez.db").is_file():
        raise CannotBackUp(f"there is no store in {data_directory}")
    if target.exists():
        raise CannotBackUp(f"{target} exists; choose a name that is not taken")
    target = target.absolute()
    draft = target.with_name(f"{target.name}.{os.urandom(4).hex()}.part")
    draft.mkdir(mode=0o700, parents=True)
    try:
        with backup_lock(data_directory, shared=True):
            made = _Copying(data_directory, draft, progress).run()
        _write_manifest(draft, made)
        draft.rename(target)
        sync(target.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return made


def read_manifest(directory: Path) -> Backup:
    """
    What the backup in *directory* says about itself.

    Raises:
        CannotBackUp: If it is no backup, or one of a newer Agnez.
    """
    try:
        found = orjson.loads((directory / MANIFEST).read_bytes())
        version = found["version"]
        if version > BACKUP_VERSION:
            raise CannotBackUp(
                f"the backup in {directory} has version {version}, this Agnez knows "
                f"{BACKUP_VERSION}: upgrade it (pip install -U agnez)"
            )
        return Backup(**found)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CannotBackUp(f"{directory} is no backup of Agnez: {error}") from error


class _Copying:
    """One backup being made."""

    def __init__(self, source: Path, draft: Path, progress: Progress | None) -> None:
        self._source, self._draft, self._progress = source, draft, progress
        self._done, self._total = 0, sum((source / name).stat().st_size for name in self._there())
        self._missing = list[str]()

    def _there(self) -> list[str]:
        return [name for name in DATABASES if (self._source / name).exists()]

    def run(self) -> Backup:
        for name in self._there():
            self._copy_database(name)
        blobs = list(file_blobs(self._draft / "blobs.db"))
        self._total = self._done + sum(size for _, size in blobs)
        for sha, size in blobs:
            self._copy_blob(sha, size)
        for folder in (self._draft / "blobs").glob("*"):
            sync(folder)
        for path in sorted(self._source.iterdir()):
            if path.is_file() and _is_wanted(path.name):
                self._copy_file(path, self._draft / path.name)
        return Backup(
            BACKUP_VERSION,
            store_id(self._draft / "agnez.db"),
            time.time_ns() // 1000,
            self._done,
            _count_blobs(self._draft / "blobs.db") - len(self._missing),
            self._missing,
        )

    def _copy_database(self, name: str) -> None:
        with closing(sqlite3.connect(self._source / name, isolation_level=None)) as con:
            con.execute("pragma query_only = on")
            page = con.execute("pragma page_size").fetchone()[0]
            copy_database(
                con, self._draft / name, lambda done, total: self._tell(page * done, page * total)
            )
        self._done += (self._draft / name).stat().st_size

    def _tell(self, done: int, total: int) -> None:
        if self._progress is not None:
            self._progress(self._done + done, max(self._total, self._done + total))

    def _copy_blob(self, sha: bytes, size: int) -> None:
        source, target = blob_path(self._source, sha), blob_path(self._draft, sha)
        if not source.is_file() or source.stat().st_size != size:
            self._missing.append(sha.hex())
            return
        for folder in (target.parent.parent, target.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        try:
            target.hardlink_to(source)
        except OSError:  # another file system, or one without links
            self._copy_file(source, target)
        self._done += size
        self._tell(0, 0)

    def _copy_file(self, source: Path, target: Path) -> None:
        with contextlib.suppress(FileNotFoundError):  # replaced at this moment
            copy_file(source, target)


def _is_wanted(name: str) -> bool:
    return name not in (*_NOT_COPIED, *DATABASES) and not name.endswith(_NOT_COPIED_ENDS)


@contextlib.contextmanager
def unchanging(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a database that nobody writes to; nothing is made beside it."""
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as con:
        yield con


def store_id(path: Path) -> str:
    """The id of the store whose `agnez.db` is *path*, which nobody writes to."""
    with unchanging(path) as con:
        return str(con.execute("select value from meta where key = 'store'").fetchone()[0])


def file_blobs(path: Path) -> Iterator[tuple[bytes, int]]:
    """Hash and size of the blobs that lie in files, by a `blobs.db` which nobody writes to."""
    if path.exists():
        with unchanging(path) as con:
            yield from con.execute("select sha, size from blob where in_file order by sha")


def _count_blobs(path: Path) -> int:
    if not path.exists():
        return 0
    with unchanging(path) as con:
        return int(con.execute("select count(*) from blob").fetchone()[0])


def _write_manifest(draft: Path, made: Backup) -> None:
    path = draft / MANIFEST
    path.write_bytes(orjson.dumps(asdict(made), option=orjson.OPT_INDENT_2))
    path.chmod(0o600)
    for one in (path, draft / "blobs", draft):
        if one.exists():
            sync(one)
