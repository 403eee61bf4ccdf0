"""How far SQLite itself goes in a write-ahead log."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from agnez_server.store.acked import NOWHERE, Position, position


class Glance:
    """
    How far SQLite goes in the write-ahead log of *database*, over a connection that changes
    nothing. ``end`` is where; NOWHERE if that can't be told.

    The log is read once, for all connections that are opened before `end_reading`.
    """

    def __init__(self, database: Path) -> None:
        self.end: Position = NOWHERE
        self._index = -1
        uri = f"{database.absolute().as_uri()}?mode=ro"
        self._con = sqlite3.connect(uri, uri=True, check_same_thread=False)
        try:
            self._con.execute("pragma schema_version").fetchone()
            self._index = os.open(f"{database}-shm", os.O_RDONLY | os.O_CLOEXEC)
            self.end = position(self._index)
        except (sqlite3.DatabaseError, OSError):
            pass  # who opens the database in earnest hears of it

    def end_reading(self) -> None:
        """Close the connection, once there is another."""
        self._con.close()

    def close(self) -> None:
        """
        After all connections: to close any of a database's files takes the locks away that this
        process holds on it.
        """
        self._con.close()
        if self._index >= 0:
            os.close(self._index)
            self._index = -1
