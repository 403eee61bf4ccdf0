"""Copies of files, and consistent ones of a database that others may be writing to."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

_STEP_PAGES: Final = 1024

Told = Callable[[int, int], None]
"""Called with how many pages are done, and how many there are."""


def copy_database(con: sqlite3.Connection, target: Path, told: Told | None = None) -> None:
    """
    Write what *con* sees at this moment to *target*, mode 0600; it appears whole or not at all.

    A read transaction holds the moment while pages are copied: writers go on meanwhile, their
    write-ahead log grows. *con* must not be in a transaction.

    Raises:
        sqlite3.Error, OSError: If the disk is full or failing.
    """
    draft = target.with_name(f"{target.name}.part")
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        con.execute("begin")
        try:
            con.execute("select count(*) from sqlite_master").fetchone()
            _copy(con, draft, told)
        finally:
            con.rollback()
        sync(draft)
        draft.replace(target)
        sync(target.parent)
    except BaseException:
        for leftover in (draft, _beside(draft, "-wal"), _beside(draft, "-shm")):
            leftover.unlink(missing_ok=True)
        raise


def _copy(con: sqlite3.Connection, draft: Path, told: Told | None) -> None:
    def progress(_: int, remaining: int, total: int) -> None:
        if told is not None:
            told(total - remaining, total)

    with closing(sqlite3.connect(draft)) as copy:
        copy.execute("pragma synchronous = off")  # synced as a whole at the end
        con.backup(copy, pages=_STEP_PAGES, progress=progress)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file to a new one of mode 0600, and wait until it is on disk."""
    with source.open("rb") as reader:
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as writer:
            shutil.copyfileobj(reader, writer, 1 << 20)
            writer.flush()
            os.fsync(writer.fileno())


def sync(path: Path) -> None:
    """Wait until the file, or the names in the directory, *path* are on disk."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
