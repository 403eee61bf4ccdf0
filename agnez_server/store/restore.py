"""Bringing a backup back, after it was found to be whole."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from agnez_server.store.backup import (
    DATABASES,
    MANIFEST,
    Backup,
    CannotBackUp,
    Progress,
    file_blobs,
    read_manifest,
    store_id,
    unchanging,
)
from agnez_server.store.blobfiles import blob_path
from agnez_server.store.copying import copy_file, sync
from agnez_server.store.directory import LOCK, RESTORING, DataDirectory

if TYPE_CHECKING:
    from hashlib import _Hash


def restore(source: Path, data_directory: Path, progress: Progress | None = None) -> Backup:
    """
    Bring the backup *source* back as *data_directory*, which must be empty or not there yet.

    First all of it is checked: databases by SQLite, blobs by their hashes; those that the backup
    says were missing stay missing. A restore that was cut off is begun anew by the next one;
    until then no server opens the directory. *source* is not changed. May block for long.

    Raises:
        CannotBackUp: If *source* is no backup or damaged, or *data_directory* is not empty.
        DirectoryInUse: If a server uses *data_directory*.
        CannotOpenStore, OSError: If something can't be read or written.
    """
    made = read_manifest(source)
    if data_directory.exists():
        DataDirectory(data_directory).release()
        _require_empty(data_directory)
    verify(source, progress)
    held = DataDirectory(data_directory)
    try:
        _require_empty(data_directory)
        _bring_back(source, data_directory)
    finally:
        held.release()
    return made


def verify(source: Path, progress: Progress | None = None) -> None:
    """
    Read all of the backup *source*; *progress* is told of bytes.

    Raises:
        CannotBackUp: If something of it is damaged or missing; the message names it.
    """
    made, done = read_manifest(source), 0
    for name in DATABASES:
        if (source / name).exists() or name == DATABASES[0]:
            _verify_database(source / name)
            done += (source / name).stat().st_size
    if store_id(source / DATABASES[0]) != made.store:
        raise CannotBackUp(f"{source} holds another store than its {MANIFEST} says")
    _verify_small_blobs(source / "blobs.db")
    for sha, size in file_blobs(source / "blobs.db"):
        if sha.hex() not in made.missing:
            _require_hash(sha, _hash_of(blob_path(source, sha)))
            done += size
            if progress is not None:
                progress(done, made.bytes)
    if progress is not None:
        progress(done, made.bytes)


def _verify_database(path: Path) -> None:
    try:
        with unchanging(path) as con:
            (found,) = con.execute("pragma integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise CannotBackUp(f"{path} is damaged: {found}; take another backup")


def _verify_small_blobs(path: Path) -> None:
    if path.exists():
        with unchanging(path) as con:
            for sha, data in con.execute("select sha, data from blob join body using (id)"):
                _require_hash(sha, hashlib.sha256(data))


def _hash_of(path: Path) -> _Hash:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256")
    except OSError as error:
        raise CannotBackUp(f"{path} can't be read: {error}; take another backup") from error


def _require_hash(sha: bytes, found: _Hash) -> None:
    if found.digest() != sha:
        raise CannotBackUp(f"blob {sha.hex()} of the backup is damaged; take another backup")


def _require_empty(directory: Path) -> None:
    names = {path.name for path in directory.iterdir()} - {LOCK}
    if names and RESTORING not in names:
        raise CannotBackUp(
            f"{directory} is not empty ({', '.join(sorted(names)[:3])} ...): a backup is brought "
            "back into a new or empty directory only"
        )


def _bring_back(source: Path, directory: Path) -> None:
    """Documents last: what names blobs comes after them."""
    marker = directory / RESTORING
    marker.touch(mode=0o600)
    sync(directory)
    _clear(directory)
    _copy_blobs(source, directory)
    others = sorted(path for path in source.iterdir() if path.is_file() and path.name != MANIFEST)
    for path in sorted(others, key=lambda path: path.name == DATABASES[0]):
        copy_file(path, directory / path.name)
    _loosen(directory / "blobs.db")
    sync(directory)
    marker.unlink()
    sync(directory)


def _clear(directory: Path) -> None:
    """Remove what a restore that was cut off has brought."""
    for path in directory.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in (LOCK, RESTORING):
            path.unlink()


def _copy_blobs(source: Path, directory: Path) -> None:
    for path in sorted(source.glob("blobs/??/*")):
        target = directory / path.relative_to(source)
        for folder in (target.parent.parent, target.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        copy_file(path, target)
    for folder in [*directory.glob("blobs"), *directory.glob("blobs/??")]:
        sync(folder)


def _loosen(path: Path) -> None:
    """
    Let the next collection look at all blobs: some were put and named after the documents of the
    backup were copied, so nothing names them now.
    """
    if path.exists():
        with closing(sqlite3.connect(path, isolation_level=None)) as con:
            con.execute("update blob set loose = 1")
            con.execute("pragma wal_checkpoint(truncate)").fetchall()
