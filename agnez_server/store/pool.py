"""Connections that can only read, shared among threads."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agnez_server.errors import StoreBusy, StoreDamaged
from agnez_server.store.broken import told, unreadable
from agnez_server.store.damage import Damage
from agnez_server.store.schema import connect_reader


class Pool:
    """
    Connections to the database *path*, made when needed; at most *size* are in use at once. What
    can't be read is noted in *damage*.
    """

    def __init__(self, path: Path, size: int, damage: Damage) -> None:
        self._path, self._damage = path, damage
        self._free: list[sqlite3.Connection] = []
        self._lock, self._closed = threading.Lock(), False
        self._slots = threading.BoundedSemaphore(size)

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """
        A connection for this thread; what it reads is of one moment, that of the first look.

        Be quick: as long as it lasts, the write-ahead log can't begin anew.

        Raises:
            StoreDamaged: Where SQLite can't read the file.
        """
        with self._slots, told(self._path, self._damage):
            con = self._take()
            try:
                con.execute("begin")
                yield con
            finally:
                con.rollback()
                self._give_back(con)

    def damaged(self, reason: str) -> StoreDamaged:
        """Note that what was read is not what was written; the error to raise."""
        return unreadable(self._path, self._damage, reason)

    def close(self) -> None:
        """Close the connections; those in use when they come back."""
        with self._lock:
            self._closed = True
            for con in self._free:
                con.close()

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise StoreBusy("the store is closed", retry_after_s=1.0)
            return self._free.pop() if self._free else connect_reader(self._path)

    def _give_back(self, con: sqlite3.Connection) -> None:
        with self._lock:
            if self._closed:
                con.close()
            else:
                self._free.append(con)
