"""The open file: who reads and writes it over which connection."""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from agnez_server.store.acked import AckedNote, read_acked
from agnez_server.store.broken import empty_log
from agnez_server.store.glance import Glance
from agnez_server.store.head import mend_head
from agnez_server.store.opening import look_at_wal, what_is_missing
from agnez_server.store.options import StoreOptions
from agnez_server.store.schema import connect_keeper, connect_reader, connect_writer, prepare

logger = logging.getLogger(__name__)

_MANY_FREE: Final = 8
"""One of so many pages without use is worth the writing when a store is closed."""


class Database:
    """
    `agnez.db`, opened and checked.

    ``writer`` belongs to the writer's thread, ``keeper`` to the keeper's, ``marks`` to the event
    loop. ``lock`` is held while one of the first two changes something. ``id`` is the store's;
    ``damage`` are sentences on what was found broken.

    Raises:
        CannotOpenStore: If the file can't be read, is not ours, or is too new.
    """

    def __init__(self, path: Path, options: StoreOptions) -> None:
        self.path, self.lock = path, threading.Lock()
        self._open: list[sqlite3.Connection] = []
        self._acked = read_acked(path.parent)
        self._note: AckedNote | None = None
        self._glance: Glance | None = None
        head = mend_head(path)
        log = None if self._is_all_there() else look_at_wal(path, self._acked)
        self.damage = [found for found in (head, log) if found is not None]
        try:
            self.writer = self._keep(connect_writer(path, options))
            if self._glance is not None:
                self._glance.end_reading()
            self.id = prepare(self.writer, path)
            self.keeper = self._keep(connect_keeper(path, options))
            self.marks = self._keep(connect_reader(path))
        except BaseException:
            self.close()
            raise

    def _is_all_there(self) -> bool:
        """Whether SQLite finds in the write-ahead log all that was noted, so that it is sound."""
        if self._acked is None or not self.wal_size():
            return False
        glance, noted = Glance(self.path), self._acked.end
        if glance.end.salts == noted.salts and glance.end.frames >= noted.frames:
            self._glance = glance
            return True
        glance.close()
        return False

    def compare(self, number: int) -> None:
        """Say what is missing now that the newest commit is *number*; note commits from here on."""
        missing = what_is_missing(self._acked, self.id, number)
        if missing is not None:
            self.damage.insert(0, missing)
            logger.warning("%s: %s; `agnez doctor` says more", self.path.parent, missing)
        self._note = AckedNote(self.path.parent, self.path, self.id, number)

    def acknowledge(self, number: int) -> None:
        """Note that the commit *number* is on disk; in the writer's thread, under the lock."""
        if self._note is not None:
            self._note.move(number)

    def reindex(self, table: str) -> None:
        """Make the indexes of *table* anew; for any thread."""
        with self.lock:
            self.writer.execute(f"reindex {table}")

    def refuses(self, error: Exception) -> None:
        """Say that a commit came upon something broken; said once."""
        sentence = f"{self.path.name} can't be written in places: {error}"
        if sentence not in self.damage:
            self.damage.append(sentence)

    def size(self) -> int:
        """Size of the file, bytes."""
        return self.path.stat().st_size

    def wal_size(self) -> int:
        """Size of the write-ahead log, bytes: what it needed at most since it was last cut."""
        wal = self.path.with_name(f"{self.path.name}-wal")
        return wal.stat().st_size if wal.exists() else 0

    def shrink(self) -> None:
        """
        Give back the pages that nothing uses, if they are a good part of the file.

        By `executescript`: `execute` takes only the first step of this statement, which is a page.
        """
        free, pages = (
            int(self.writer.execute(f"pragma {what}").fetchone()[0])
            for what in ("freelist_count", "page_count")
        )
        if _MANY_FREE * free <= pages:
            return
        with suppress(sqlite3.Error):  # on a full disk the file stays as it is
            self.writer.executescript(f"pragma incremental_vacuum({free})")

    def checkpoint(self) -> None:
        """Bring everything into the file and empty the write-ahead log, if nobody reads it."""
        empty_log(self.writer, self.path)

    def close(self) -> None:
        """Close the connections."""
        for con in reversed(self._open):
            con.close()
        if self._note is not None:
            self._note.close()
            self._note = None
        if self._glance is not None:
            self._glance.close()
            self._glance = None

    def _keep(self, con: sqlite3.Connection) -> sqlite3.Connection:
        self._open.append(con)
        return con
