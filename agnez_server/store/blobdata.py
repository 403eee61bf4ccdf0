"""The tables of `blobs.db`: what is known about blobs, and the bytes of small ones."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agnez_server.errors import BlobDamaged, StoreDamaged
from agnez_server.store.blobtables import prepare_blobs
from agnez_server.store.broken import empty_log, told, unreadable
from agnez_server.store.damage import Damage
from agnez_server.store.head import mend_head
from agnez_server.store.opening import look_at_wal
from agnez_server.store.options import StoreOptions
from agnez_server.store.pool import Pool
from agnez_server.store.schema import connect_reader, connect_writer
from agnez_server.store.values import BlobRef

logger = logging.getLogger(__name__)

_CHECKPOINT_PAGES: Final = 2048


@dataclass(frozen=True, slots=True)
class BlobRow:
    """A blob as it is written; ``body`` None: it lies in a file, which is there already."""

    sha: bytes
    size: int
    mime: str
    body: bytes | None


@dataclass(frozen=True, slots=True)
class LooseBlob:
    """A blob that nothing may name; ``put_at`` in seconds UTC."""

    put_at: float
    sha: bytes
    size: int
    in_file: bool


NO_BLOB: Final = LooseBlob(-1.0, b"", 0, False)
"""Comes before all others."""


class BlobData:
    """
    `blobs.db`. Reading is thread-safe; `ref` is for the event loop.

    Changes are made by any thread that holds ``lock``. *clock* gives seconds UTC.

    Raises:
        CannotOpenStore: If the file can't be read, is not ours, or is too new.
    """

    def __init__(
        self,
        path: Path,
        options: StoreOptions,
        damage: Damage,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path, self._damage = path, damage
        self.lock, self._clock, self._options = threading.Lock(), clock, options
        self._open: list[sqlite3.Connection] = []
        head = mend_head(path)
        if head is not None:
            damage.say(head)
        found = look_at_wal(path, None)
        if found is not None:
            damage.say(f"{path.name}: {found}")
        try:
            self._writer = self._keep(connect_writer(path, options))
            prepare_blobs(self._writer, path)
            self._writer.execute(f"pragma wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            self._quick = self._keep(connect_reader(path))
        except BaseException:
            self._close()
            raise
        self._pool = Pool(path, options.readers, damage)
        self._damaged = set[bytes]()
        count, size = self._quick.execute("select count(*), total(size) from blob").fetchone()
        self.count, self.bytes = int(count), int(size)
        """Of all blobs."""

    def ref(self, sha: bytes) -> BlobRef | None:
        """What is known about a blob; None if it is not here or damaged."""
        with told(self._path, self._damage):
            row = self._quick.execute(
                "select size, mime from blob where sha = ?", (sha,)
            ).fetchone()
        return None if row is None or sha in self._damaged else BlobRef(sha.hex(), *row)

    def row(self, sha: bytes) -> BlobRow | None:
        """
        A blob; None if it is not here.

        Raises:
            BlobDamaged: If its bytes are not what was put.
        """
        with self._pool.connection() as con:
            row = con.execute(
                "select size, mime, in_file, data from blob left join body using (id) "
                "where sha = ?",
                (sha,),
            ).fetchone()
        if row is None:
            return None
        size, mime, in_file, body = row
        if in_file:
            return BlobRow(sha, size, mime, None)
        if body is None or hashlib.sha256(body).digest() != sha:
            raise self.damaged(sha, "its bytes have another hash")
        return BlobRow(sha, size, mime, body)

    def damaged(self, sha: bytes, damage: str) -> BlobDamaged:
        """
        Note that a blob can't be read; the error to raise.

        From then on it is not here for those who ask: put again, it is as good as new.
        """
        if sha not in self._damaged:
            self._damaged.add(sha)
            logger.error("blob %s is damaged: %s", sha.hex(), damage)
        return BlobDamaged(sha.hex())

    def unreadable(self, error: Exception) -> StoreDamaged:
        """Note that a part of the file can't be read or written; the error to raise."""
        return unreadable(self._path, self._damage, error)

    def damaged_blobs(self) -> int:
        """How many blobs were found damaged, and were not put again."""
        return len(self._damaged)

    def in_file(self, sha: bytes) -> bool:
        """Whether a blob is here, and lies in a file."""
        with self._pool.connection() as con:
            row = con.execute("select in_file from blob where sha = ?", (sha,)).fetchone()
        return row is not None and bool(row[0])

    def loose(self, after: LooseBlob, before: float, limit: int) -> list[LooseBlob]:
        """The oldest loose blobs that follow *after* and were put until *before* (s UTC)."""
        with self._pool.connection() as con:
            rows = con.execute(
                "select put_at, sha, size, in_file from blob where loose "
                "and (put_at, sha) > (?, ?) and put_at <= ? order by put_at, sha limit ?",
                (after.put_at, after.sha, before, limit),
            ).fetchall()
        return [LooseBlob(put_at, sha, size, bool(file)) for put_at, sha, size, file in rows]

    # -- changes: the caller holds the lock ----------------------------------------------------

    def write(self, rows: Sequence[BlobRow]) -> None:
        """Add blobs, or put them anew; all or none."""
        added = list[BlobRow]()
        with self._transaction() as con:
            for row in rows:
                if _put(con, row, self._clock()):
                    added.append(row)
        self._damaged.difference_update(row.sha for row in rows)
        self.count += len(added)
        self.bytes += sum(row.size for row in added)

    def loosen(self, shas: Iterable[bytes]) -> None:
        """Note that blobs lost a name."""
        with self._transaction() as con:
            con.executemany("update blob set loose = 1 where sha = ?", [(sha,) for sha in shas])

    def settle(self, shas: Iterable[bytes]) -> None:
        """Note that blobs are named."""
        with self._transaction() as con:
            con.executemany("update blob set loose = 0 where sha = ?", [(sha,) for sha in shas])

    def remove(self, shas: Iterable[bytes], before: float) -> set[bytes]:
        """Remove blobs, unless they were put (again) after *before*; those that were removed."""
        removed = dict[bytes, int]()
        with self._transaction() as con:
            for sha in shas:
                row = con.execute(
                    "select id, size from blob where sha = ? and put_at <= ?", (sha, before)
                ).fetchone()
                if row is not None:
                    con.execute("delete from blob where id = ?", row[:1])
                    con.execute("delete from body where id = ?", row[:1])
                    removed[sha] = row[1]
        self._damaged -= removed.keys()
        self.count -= len(removed)
        self.bytes -= sum(removed.values())
        return set(removed)

    def shrink(self, pages: int) -> bool:
        """Give at most *pages* unused pages back to the disk; whether there are more."""
        self._writer.executescript(f"pragma incremental_vacuum({pages})")
        return bool(self._writer.execute("pragma freelist_count").fetchone()[0])

    # ------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Bring everything into the file and close the connections."""
        self._pool.close()
        with self.lock:
            empty_log(self._writer, self._path)
            self._close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        con = self._writer
        con.execute("begin immediate")
        try:
            yield con
            if self._options.before_commit is not None:
                self._options.before_commit(con)
            con.execute("commit")
        except BaseException:
            if con.in_transaction:
                con.rollback()
            raise

    def _keep(self, con: sqlite3.Connection) -> sqlite3.Connection:
        self._open.append(con)
        return con

    def _close(self) -> None:
        for con in reversed(self._open):
            con.close()


def _put(con: sqlite3.Connection, row: BlobRow, now: float) -> bool:
    """Write a blob within a transaction; whether it is a new one."""
    values = now, row.body is None, row.sha
    is_new = not con.execute(
        "update blob set put_at = ?, loose = 1, in_file = ? where sha = ?", values
    ).rowcount
    if is_new:
        con.execute(
            "insert into blob (put_at, in_file, sha, size, mime, loose) values (?, ?, ?, ?, ?, 1)",
            (*values, row.size, row.mime),
        )
    con.execute("delete from body where id = (select id from blob where sha = ?)", (row.sha,))
    if row.body is not None:
        con.execute("insert into body select id, ? from blob where sha = ?", (row.body, row.sha))
    return is_new
