"""The data directory: made private, and held by one process at a time."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

LOCK: Final = "LOCK"
RESTORING: Final = "RESTORING"
"""A file that is there while a backup is brought back into the directory."""


ROOM_BYTES: Final = 32 << 20
"""Enough for a start: the index of the log, and for some time the log."""
_SCARCE_BYTES: Final = 256 << 10
"""With less, what SQLite calls a failure of the disk is a full one."""


class CannotOpenStore(Exception):
    """Base of what keeps a store from being opened; the message says what to do."""


class DirectoryInUse(CannotOpenStore):
    """Another process has the data directory; ``pid`` is its number where it could be read."""

    def __init__(self, directory: Path, pid: int | None) -> None:
        self.directory, self.pid = directory, pid
        who = f"process {pid}" if pid is not None else "another process"
        super().__init__(
            f"the data directory {directory} is in use by {who}: "
            "end that server, or choose another directory"
        )


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """While a database is opened: what SQLite says of it becomes a CannotOpenStore that helps."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_CORRUPT:
            raise cannot_open(path, error) from error
        raise _damaged(path, error) from error
    except (sqlite3.DatabaseError, ValueError, TypeError, AttributeError) as error:
        raise _damaged(path, error) from error


def cannot_open(path: Path, error: Exception) -> CannotOpenStore:
    """What to raise where the system refuses *path*; with what helps on a full disk."""
    told = f"{path} can't be opened: {error}"
    free = _free(path)
    if free is not None and (_says_full(error) or free < _SCARCE_BYTES):
        told = (
            f"the disk is full: {path} can't be opened ({error}). {free >> 20} MiB are free; make "
            f"room for {ROOM_BYTES >> 20} MiB, then start again. What was acknowledged is kept"
        )
    return CannotOpenStore(told)


def _says_full(error: Exception) -> bool:
    is_full = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL
    return is_full or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)


def _free(path: Path) -> int | None:
    """Bytes that are free on the disk of *path*, which need not be there; None if unknown."""
    for place in (path, *path.parents):
        with suppress(OSError):
            return shutil.disk_usage(place).free
    return None


def _damaged(path: Path, error: Exception) -> CannotOpenStore:
    return CannotOpenStore(
        f"{path} is damaged: {error}. `agnez doctor {path.parent}` says more; bring back a backup "
        "(`agnez backup restore`), or save what can be read with `agnez doctor --salvage`"
    )


class DataDirectory:
    """
    A directory of mode 0700, locked from construction until `release`.

    Raises:
        DirectoryInUse: If another process, or another store of this one, holds it.
        CannotOpenStore: If it can't be made or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise cannot_open(path, error) from error
        self._take()

    def _take(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            pid = _pid(os.pread(self._fd, 32, 0))
            os.close(self._fd)
            raise DirectoryInUse(self.path, pid) from error
        os.ftruncate(self._fd, 0)
        with suppress(OSError):  # a full disk: who holds it can't be named then
            os.pwrite(self._fd, b"%d\n" % os.getpid(), 0)

    def require_whole(self) -> None:
        """Raise CannotOpenStore if a restore into the directory was cut off."""
        if (self.path / RESTORING).exists():
            raise CannotOpenStore(
                f"bringing back a backup into {self.path} was cut off: do it again"
            )

    def file(self, name: str) -> Path:
        """The path of the private file *name*, which is made (mode 0600) when it is missing."""
        path = self.path / name
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        directory = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        os.fsync(directory)  # or the name may be lost, and all that is synced below it
        os.close(directory)
        return path

    def release(self) -> None:
        """Give the directory back; the LOCK file stays, empty."""
        os.ftruncate(self._fd, 0)
        os.close(self._fd)


def _pid(raw: bytes) -> int | None:
    text = raw.decode("ascii", "replace").strip()
    return int(text) if text.isdecimal() else None
