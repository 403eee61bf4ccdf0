"""The tables of `blobs.db`: small blobs whole, of large ones what is known about their files."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agnez_server.errors import BlobDamaged, NotFound
from agnez_server.store.directory import CannotOpenStore
from agnez_server.store.options import StoreOptions
from agnez_server.store.pool import Pool
from agnez_server.store.schema import SchemaTooNew, connect_reader, connect_writer
from agnez_server.store.values import BlobRef

logger = logging.getLogger(__name__)

BLOBS_VERSION: Final = 1
BLOBS_APPLICATION_ID: Final = 0x41474E42
_TABLES: Final = """
create table blob (
    id integer primary key, sha blob unique, size integer, mime text, put_at real,
    loose integer, body blob
);
create index blob_loose on blob (put_at, sha) where loose;
"""
"""
`put_at` is in seconds UTC. `loose` is 1 until a collection finds that a run names the blob, and
again when it lost a name. `body` is null where the blob lies in a file.
"""
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
    is_in_file: bool


NO_BLOB: Final = LooseBlob(-1.0, b"", 0, False)
"""Comes before all others."""


class BlobData:
    """
    `blobs.db`. Reading is thread-safe; `known` and `ref` are for the event loop.

    Changes are made by any thread that holds ``lock``.

    Raises:
        CannotOpenStore: If the file can't be read, is not ours, or is too new.
    """

    def __init__(self, path: Path, options: StoreOptions) -> None:
        self.lock = threading.Lock()
        self._open: list[sqlite3.Connection] = []
        try:
            self._writer = self._keep(connect_writer(path, options))
            _prepare(self._writer, path)
            self._writer.execute(f"pragma wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            self._quick = self._keep(connect_reader(path))
        except BaseException:
            self._close()
            raise
        self._pool = Pool(path, options.readers)
        self._damaged = set[bytes]()

    def ref(self, sha: bytes) -> BlobRef | None:
        """What is known about a blob."""
        row = self._quick.execute("select size, mime from blob where sha = ?", (sha,)).fetchone()
        return None if row is None or sha in self._damaged else BlobRef(sha.hex(), *row)

    def is_in_file(self, sha: bytes) -> bool:
        """Whether a blob lies in a file."""
        with self._pool.connection() as con:
            row = con.execute("select body is null from blob where sha = ?", (sha,)).fetchone()
        return bool(row is not None and row[0])

    def body(self, sha: bytes) -> bytes | None:
        """
        A blob, None when it lies in a file.

        Raises:
            NotFound: If it is not here.
            BlobDamaged: If it is not what was put. From then on it is not here: put again, it is
                as good as new.
        """
        with self._pool.connection() as con:
            row = con.execute("select body from blob where sha = ?", (sha,)).fetchone()
        if row is None:
            raise NotFound("blob", sha.hex())
        if row[0] is not None and hashlib.sha256(row[0]).digest() != sha:
            self.report(sha, "its bytes have another hash")
            raise BlobDamaged(sha.hex())
        body: bytes | None = row[0]
        return body

    def report(self, sha: bytes, damage: str) -> None:
        """Note that a blob can't be read."""
        if sha not in self._damaged:
            self._damaged.add(sha)
            logger.error("blob %s is damaged: %s", sha.hex(), damage)

    # -- changes: the caller holds the lock ----------------------------------------------------

    def write(self, rows: Sequence[BlobRow]) -> None:
        """Add blobs; all or none."""
        now = time.time()
        values = [(row.sha, row.size, row.mime, now, row.body) for row in rows]
        with self._transaction():
            self._writer.executemany(
                "insert into blob (sha, size, mime, put_at, loose, body) values (?, ?, ?, ?, 1, ?) "
                "on conflict (sha) do update set put_at = excluded.put_at, loose = 1, "
                "body = excluded.body",
                values,
            )
        self._damaged.difference_update(row.sha for row in rows)

    def loosen(self, shas: Iterable[bytes]) -> None:
        """Note that blobs lost a name."""
        self._each("update blob set loose = 1 where sha = ?", shas)

    def settle(self, shas: Iterable[bytes]) -> None:
        """Note that blobs are named."""
        self._each("update blob set loose = 0 where sha = ?", shas)

    def remove(self, shas: Iterable[bytes], before: float) -> set[bytes]:
        """Remove blobs, unless they were put (again) after *before*; those that were removed."""
        con, removed = self._writer, set[bytes]()
        with self._transaction():
            for sha in shas:
                statement = "delete from blob where sha = ? and put_at <= ?"
                if con.execute(statement, (sha, before)).rowcount:
                    removed.add(sha)
        con.execute("pragma incremental_vacuum").fetchall()
        return removed

    def loose(self, after: LooseBlob, before: float, limit: int) -> list[LooseBlob]:
        """The oldest loose blobs that follow *after* and were put until *before* (s UTC)."""
        with self._pool.connection() as con:
            rows = con.execute(
                "select put_at, sha, size, body is null from blob where loose "
                "and (put_at, sha) > (?, ?) and put_at <= ? order by put_at, sha limit ?",
                (after.put_at, after.sha, before, limit),
            ).fetchall()
        return [LooseBlob(put_at, sha, size, bool(file)) for put_at, sha, size, file in rows]

    def close(self) -> None:
        """Bring everything into the file and close the connections."""
        self._pool.close()
        with self.lock:
            self._writer.execute("pragma wal_checkpoint(truncate)").fetchall()
            self._close()

    def _each(self, statement: str, shas: Iterable[bytes]) -> None:
        with self._transaction():
            self._writer.executemany(statement, [(sha,) for sha in shas])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        con = self._writer
        con.execute("begin immediate")
        try:
            yield
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


def _prepare(con: sqlite3.Connection, path: Path) -> None:
    version = con.execute("pragma user_version").fetchone()[0]
    empty = con.execute("select count(*) from sqlite_master").fetchone()[0] == 0
    application = con.execute("pragma application_id").fetchone()[0]
    if empty and version == 0:
        con.executescript(
            f"begin immediate; {_TABLES} pragma application_id = {BLOBS_APPLICATION_ID};"
            f"pragma user_version = {BLOBS_VERSION}; commit"
        )
    elif application != BLOBS_APPLICATION_ID:
        raise CannotOpenStore(f"{path} is a database, but not one of Agnez: it was not touched")
    elif version > BLOBS_VERSION:
        raise SchemaTooNew(path, version)
