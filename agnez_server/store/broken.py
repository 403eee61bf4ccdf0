"""What SQLite can't read of a file becomes an error that says so, and is told as damage."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from agnez_server.errors import StoreDamaged
from agnez_server.store.damage import Damage

logger = logging.getLogger(__name__)

_BROKEN: Final = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_IOERR,
}


def is_broken(error: BaseException) -> bool:
    """Whether *error* says that a database is damaged, or that its disk fails."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    return isinstance(error, sqlite3.Error) and code & 0xFF in _BROKEN


def empty_log(con: sqlite3.Connection, path: Path) -> None:
    """Bring the write-ahead log into *path*; where the disk refuses, it stays, and says so."""
    try:
        con.execute("pragma wal_checkpoint(truncate)").fetchall()
    except sqlite3.Error as error:
        logger.warning(
            "the write-ahead log of %s stays beside it: %s; the next start reads it",
            path.name,
            error,
        )


def unforeseen(error: Exception) -> Exception | None:
    """*error*, for a traceback in the log; None where a disk or a file says all that there is."""
    return None if isinstance(error, (sqlite3.Error, OSError)) else error


@contextmanager
def told(path: Path, damage: Damage) -> Iterator[None]:
    """
    Around what reads the database *path*.

    Raises:
        StoreDamaged: Where SQLite can't read it.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        if not is_broken(error):
            raise
        raise unreadable(path, damage, error) from error


def unreadable(path: Path, damage: Damage, error: object) -> StoreDamaged:
    """Note that a part of *path* can't be read; the error to raise."""
    damage.unread(path.name, str(error))
    return StoreDamaged(path.name, str(error))
