"""The store in one SQLite file; see `base.py` for what it promises."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from agnez_server.errors import BadRequest
from agnez_server.store.base import Change, Store
from agnez_server.store.blobs import Blobs
from agnez_server.store.broken import told, unforeseen
from agnez_server.store.collector import Collector
from agnez_server.store.committer import Committer
from agnez_server.store.console import read_consoles, read_lines
from agnez_server.store.damage import Damage
from agnez_server.store.database import Database
from agnez_server.store.directory import DataDirectory, cannot_open, readable
from agnez_server.store.entries import pick, read_entries, read_steps
from agnez_server.store.inspection import inspect
from agnez_server.store.keeper import Keeper
from agnez_server.store.ledger import Ledger, TailView
from agnez_server.store.loading import (
    load_docs,
    load_series,
    mend_marks,
    replay_log,
    without_collector,
)
from agnez_server.store.marks import Marks
from agnez_server.store.names import runs_of, sha_bytes
from agnez_server.store.options import StoreOptions
from agnez_server.store.points import NO_POINTS, join_points
from agnez_server.store.pool import Pool
from agnez_server.store.raw import raw
from agnez_server.store.readers import Readers
from agnez_server.store.source import Source, open_source
from agnez_server.store.tinyrows import CommittedStorage, WorkingStorage
from agnez_server.store.tinytable import RowDB
from agnez_server.store.values import (
    Axis,
    BlobRef,
    Columns,
    Committed,
    Entry,
    Line,
    Series,
    SeriesStats,
    Steps,
    StoreStats,
)
from agnez_server.store.view import view
from agnez_server.store.workspace import Workspace

logger = logging.getLogger(__name__)
T = TypeVar("T")


class SqliteStore(Store):
    """Made by `open`; one process per directory."""

    def __init__(
        self, directory: DataDirectory, clock: Callable[[], float], options: StoreOptions
    ) -> None:
        self._directory, self._clock, self._options = directory, clock, options
        directory.require_whole()
        with readable(directory.path / "agnez.db"):
            self._database = Database(directory.file("agnez.db"), options)
        self.id = self._database.id
        self._rows, self._ledger = CommittedStorage(), Ledger()
        self.committed = RowDB(self._rows)
        self._damage = Damage()
        told_as_damage = partial(told, self._database.path, self._damage)
        self._workspace = Workspace(WorkingStorage(), Marks(self._database.marks, told_as_damage))
        self.docs = self._workspace.docs
        self._pool = Pool(self._database.path, options.readers, self._damage)
        self._readers = Readers(self._pool, options)
        self._keeper = Keeper(self._database, self._ledger, clock, options)
        self._closing: asyncio.Task[None] | None = None
        try:
            with readable(directory.path / "agnez.db"):
                self._load()
            with readable(directory.path / "blobs.db"):
                self._blobs = Blobs(directory, options, self._damage)
        except BaseException:
            self._database.close()
            raise

    def _load(self) -> None:
        con = self._database.writer
        damage = self._damage
        with without_collector():
            load_docs(con, self._workspace.rows, self._rows, damage)
            load_series(con, self._ledger, self._workspace, damage)
            mend_marks(con, damage)
            self._lost_points = replay_log(con, self._ledger, self._clock(), damage)
        self._database.compare(self._ledger.log_id)
        self._workspace.pointed.update(self._ledger.pointed())

    _committer: Committer
    _collector: Collector

    @classmethod
    async def open(
        cls,
        directory: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        options: StoreOptions | None = None,
    ) -> SqliteStore:
        """
        The store in *directory*, which is made if it is missing. *clock* gives seconds.

        Raises:
            DirectoryInUse: If another process has it open.
            SchemaTooNew: If a newer Agnez wrote it.
            CannotOpenStore: If the directory or the file can't be used.
        """
        held = await asyncio.to_thread(DataDirectory, directory)
        try:
            store = await asyncio.to_thread(cls, held, clock, options or StoreOptions())
        except BaseException as error:
            held.release()
            if isinstance(error, OSError):
                raise cannot_open(directory, error) from error
            raise
        store._start()
        return store

    def _start(self) -> None:
        self._committer = Committer(
            self._database,
            self._workspace,
            self._rows,
            self._ledger,
            self._keeper,
            self._clock,
            self._options,
        )
        self._collector = Collector(self._blobs, self._database, self._pool, self._committer.flush)
        self._keeper.start()
        self._collecting = asyncio.create_task(self._collect_now_and_then())
        self._inspecting = asyncio.create_task(
            asyncio.to_thread(
                inspect, self._database, self._damage, lambda: self._closing is not None
            )
        )

    async def _collect_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self._options.collect_interval_s)
            try:
                await self._collector.collect(self._options.unnamed_for_s)
            except Exception as error:  # a task's edge: the next time may do better
                logger.error("blobs could not be collected: %s", error, exc_info=unforeseen(error))

    async def change(self, work: Callable[[Change], T]) -> T:
        """See `Store.change`."""
        return await self._committer.change(work)

    def listen(self, listener: Callable[[Committed], None]) -> Callable[[], None]:
        """See `Store.listen`."""
        return self._committer.listen(listener)

    async def writable(self) -> None:
        """Wait until the store takes changes: at once, unless its disk was full or failing."""
        await self._committer.writable.wait()

    async def inspected(self) -> None:
        """Wait until all of the file was looked at, see `inspection.py`."""
        await asyncio.wait([self._inspecting])

    # -- reading -----------------------------------------------------------------------------

    def series(self, run: str, channel: int | None = None) -> list[Series]:
        """See `Store.series`."""
        return self._ledger.series(run, channel)

    def stats(self, series: int) -> SeriesStats:
        """See `Store.stats`."""
        return self._ledger.stats(series)

    def view(
        self, series: int, lo: float | None, hi: float | None, px: int, axis: Axis = "x"
    ) -> Columns:
        """See `Store.view`; raises BadRequest unless *px* is at least 1 and bounds are numbers."""
        if px < 1:
            raise BadRequest(f"px is {px}, expected at least 1")
        lo, hi = None if lo == -math.inf else lo, None if hi == math.inf else hi
        if not all(bound is None or math.isfinite(bound) for bound in (lo, hi)):
            raise BadRequest(f"the range is {lo} to {hi}, expected numbers in ascending order")
        return self._read(series, lambda source: view(source, lo, hi, px, axis))

    def raw(self, series: int, after: int, limit: int) -> Columns:
        """See `Store.raw`."""
        return self._read(series, lambda source: raw(source, max(0, after), max(0, limit)))

    def recent(self, series: int, after: int) -> Columns | None:
        """See `Store.recent`."""
        found = self._ledger.since(series, max(0, after))
        if found is None:
            return None
        pieces, end = found
        points = join_points([piece for piece in pieces if len(piece)])
        ordinal = np.arange(end - len(points), end)
        return Columns(points.x, points.y, points.wall, ordinal, True, end)

    def entries(self, series: int, after: int, limit: int) -> list[Entry]:
        """See `Store.entries`."""
        end = self._ledger.stats(series).count
        after, limit = max(0, after), max(0, limit)
        with self._pool.connection() as con:
            if after >= end:
                return []
            return read_entries(con, series, after, end, limit, self._damage)

    def pick_entries(self, series: int, ordinals: Sequence[int]) -> list[Entry]:
        """See `Store.pick_entries`."""
        end = self._ledger.stats(series).count
        with self._pool.connection() as con:
            wanted = [one for one in ordinals if 0 <= one < end]
            return pick(con, series, wanted, self._damage)

    def steps(self, series: int) -> Steps:
        """See `Store.steps`."""
        with self._pool.connection() as con:
            return read_steps(con, series, self._ledger.stats(series).count)

    def lines(
        self, run: str, session: int, rank: int, first: int, limit: int, find: str = ""
    ) -> list[Line]:
        """See `Store.lines`."""
        with self._pool.connection() as con:
            writer = run, session, rank
            return read_lines(con, writer, max(0, first), max(0, limit), find, self._damage)

    def consoles(self, run: str) -> list[tuple[int, int, int]]:
        """See `Store.consoles`."""
        with self._pool.connection() as con:
            return read_consoles(con, run)

    # -- blobs -------------------------------------------------------------------------------

    async def put_blob(
        self, sha256: str, mime: str, data: AsyncIterable[bytes], limit: int
    ) -> BlobRef:
        """See `Store.put_blob`."""
        self._committer.refuse_read_only()
        return await self._blobs.put(sha256, mime, data, limit)

    def has_blobs(self, sha256s: Iterable[str]) -> set[str]:
        """See `Store.has_blobs`."""
        return self._blobs.has(sha256s)

    def blob(self, sha256: str) -> BlobRef | None:
        """See `Store.blob`."""
        return self._blobs.ref(sha256)

    def blob_runs(self, sha256: str) -> list[str]:
        """See `Store.blob_runs`."""
        try:
            sha = sha_bytes(sha256)
        except ValueError:
            return []
        with self._pool.connection() as con:
            return runs_of(con, sha)

    def read_blob(self, sha256: str, start: int, size: int) -> bytes:
        """See `Store.read_blob`; raises NotFound where it is not here, BlobDamaged where it is."""
        return self._blobs.read(sha256, start, size)

    def blob_file(self, sha256: str) -> Path | None:
        """See `Store.blob_file`."""
        return self._blobs.file(sha256)

    async def collect_blobs(self, unnamed_for_s: float = 3600.0) -> int:
        """See `Store.collect_blobs`; 0 while a backup is made."""
        return await self._collector.collect(unnamed_for_s)

    # ----------------------------------------------------------------------------------------

    def is_deleted(self, run: str) -> bool:
        """See `Store.is_deleted`."""
        return self._ledger.is_deleted(run)

    def run_bytes(self, run: str) -> int:
        """See `Store.run_bytes`."""
        return self._ledger.run_bytes(run)

    def store_stats(self) -> StoreStats:
        """See `Store.store_stats`."""
        return StoreStats(
            commits=self._committer.commits,
            last_commit_s=self._committer.last_commit_s,
            last_seal_s=self._keeper.last_seal_s,
            tail_points=self._ledger.tail_points(),
            log_bytes=self._ledger.log_bytes,
            wal_bytes=self._database.wal_size(),
            file_bytes=self._database.size(),
            read_only=self._committer.read_only,
            damaged_points=self._lost_points + self._readers.damaged_points(),
            blobs=self._blobs.data.count,
            blob_bytes=self._blobs.data.bytes,
            damaged_blobs=self._blobs.data.damaged_blobs(),
            damage="; ".join(self._damage_told()) or None,
        )

    def _damage_told(self) -> list[str]:
        points = self._readers.damaged_points()
        sealed = [f"{points:,} sealed points can't be read"] if points else []
        return [*self._database.damage, *self._damage.sentences(), *sealed]

    def _read(self, series: int, reading: Callable[[Source], Columns]) -> Columns:
        tail = self._ledger.tail(series)
        if tail is None or tail.start == 0:
            return reading(open_source(tail or TailView(0, NO_POINTS), None, series))
        with self._readers.snapshot() as snapshot:
            return reading(open_source(tail, snapshot, series))

    # -- ending ------------------------------------------------------------------------------

    async def flush(self) -> None:
        """See `Store.flush`."""
        await self._committer.flush()

    async def seal(self) -> None:
        """See `Store.seal`."""
        await self.flush()
        await asyncio.wrap_future(self._keeper.request_seal())

    async def close(self) -> None:
        """See `Store.close`."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self._collecting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._collecting
        await self.inspected()
        await self._committer.stop()
        await self._blobs.stop()
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        self._keeper.stop()
        self._pool.close()
        self._blobs.close()
        self._database.shrink()
        self._database.checkpoint()
        self._database.close()
        self._directory.release()
