"""The store in one SQLite file; see `base.py` for what it promises."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from agnez_server.errors import StoreBusy, StoreReadOnly
from agnez_server.store.base import (
    Axis,
    Change,
    Columns,
    Committed,
    DocChanged,
    Series,
    SeriesStats,
    Store,
    StoreStats,
)
from agnez_server.store.commit import commit
from agnez_server.store.directory import DataDirectory
from agnez_server.store.ledger import Ledger
from agnez_server.store.loading import Replay, load_docs, load_series, replay_log, without_collector
from agnez_server.store.marks import Marks
from agnez_server.store.options import StoreOptions
from agnez_server.store.points import NO_POINTS, Points, join_points
from agnez_server.store.schema import connect_reader, connect_writer, prepare
from agnez_server.store.tinyrows import CommittedStorage, WorkingStorage
from agnez_server.store.tinytable import RowDB
from agnez_server.store.unit import Group, Unit
from agnez_server.store.workspace import Workspace
from agnez_server.store.writer import Writer

logger = logging.getLogger(__name__)
T = TypeVar("T")


class SqliteStore(Store):
    """Made by `open`; one process per directory."""

    def __init__(
        self, directory: DataDirectory, clock: Callable[[], float], options: StoreOptions
    ) -> None:
        self._directory, self._clock, self._options = directory, clock, options
        self._path = directory.file("agnez.db")
        self._con = connect_writer(self._path, options)
        self.id = prepare(self._con, self._path)
        self._write_lock = threading.Lock()
        self._rows = CommittedStorage()
        self.committed = RowDB(self._rows)
        self._ledger = Ledger()
        working = WorkingStorage()
        self._marks_con = connect_reader(self._path)
        self._workspace = Workspace(working, Marks(self._marks_con))
        self.docs = self._workspace.docs
        self._listeners: list[Callable[[Committed], None]] = []
        self._pending: deque[Unit] = deque()
        self._pending_bytes = 0
        self._commits, self._last_commit_s, self._last_seal_s = 0, 0.0, 0.0
        self._read_only: str | None = None
        self._closed = False
        with without_collector():
            load_docs(self._con, working, self._rows)
            load_series(self._con, self._ledger, self._workspace)
            self._replay: Replay = replay_log(self._con, self._ledger, clock())
        self._next_log_id = self._replay.last_id + 1
        self._log_bytes = self._replay.log_bytes

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
        except BaseException:
            held.release()
            raise
        store._writer = Writer(store, asyncio.get_running_loop(), store._options)
        return store

    _writer: Writer

    async def change(self, work: Callable[[Change], T]) -> T:
        """See `Store.change`."""
        self._refuse()
        unit, result = self._workspace.run(work)
        unit.result = result
        if unit.is_empty() and not self._pending:
            return result
        unit.future = asyncio.get_running_loop().create_future()
        self._pending.append(unit)
        self._pending_bytes += unit.size
        self._writer.submit(unit)
        await unit.future
        return result

    def _refuse(self) -> None:
        if self._closed:
            raise StoreReadOnly("the store is closed")
        if self._read_only is not None:
            raise StoreReadOnly(
                f"nothing can be written at present: {self._read_only}",
                hint="make room on the disk; writing starts again by itself",
            )
        if self._pending_bytes >= self._options.backlog_bytes:
            raise StoreBusy(
                "more is waiting to be written than the backlog allows",
                hint="try again",
                retry_after_s=self._options.retry_after_s,
            )

    # -- the writer's owner ------------------------------------------------------------------

    def write(self, group: Group) -> None:
        """Commit *group*; in the writer's thread."""
        if group.is_empty():
            return
        began = time.perf_counter()
        group.log_id = self._next_log_id
        with self._write_lock:
            commit(self._con, group, self._options)
        self._next_log_id += 1
        self._last_commit_s = time.perf_counter() - began

    def probe(self) -> None:
        """Write something and take it away again; in the writer's thread."""
        with self._write_lock:
            self._con.execute("pragma wal_checkpoint(passive)")
            self._con.execute("insert or replace into meta values ('probe', zeroblob(262144))")
            self._con.execute("delete from meta where key = 'probe'")

    def written(self, group: Group) -> None:
        """Show *group* to readers and listeners, answer who waits; on the loop."""
        self._commits += 1
        self._log_bytes += group.log_bytes
        appended = self._ledger.publish(
            group.series.values(), group.points, group.deleted, self._clock()
        )
        changed = []
        for (table, doc_id), write in group.docs.items():
            before = self._rows.replace(table, doc_id, write.value)
            if before is not None or write.value is not None:
                changed.append(DocChanged(table, doc_id, before, write.value))
        self._tell(Committed(changed, appended))
        for unit in group.units:
            self._pending.popleft()
            self._pending_bytes -= unit.size
            if unit.future is not None and not unit.future.done():
                unit.future.set_result(None)
        if not self._pending:
            self._workspace.marks.trim()

    def failed(self, error: Exception) -> None:
        """Take back all that waits; on the loop."""
        self._read_only = f"{type(error).__name__}: {error}"
        lost, self._pending, self._pending_bytes = self._pending, deque(), 0
        for unit in reversed(lost):
            unit.take_back()
        self._writer.discard()
        for unit in lost:
            if unit.future is not None and not unit.future.done():
                unit.future.set_exception(
                    StoreReadOnly(f"nothing can be written at present: {self._read_only}")
                )

    def recovered(self) -> None:
        """Take changes again; on the loop."""
        logger.info("the disk takes writes again")
        self._read_only = None

    def _tell(self, committed: Committed) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(committed)
            except Exception:  # a listener's fault is not the store's
                logger.exception("a listener of commits failed")

    # -- reading -----------------------------------------------------------------------------

    def listen(self, listener: Callable[[Committed], None]) -> Callable[[], None]:
        """See `Store.listen`."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def series(self, run: str, channel: int | None = None) -> list[Series]:
        """See `Store.series`."""
        return self._ledger.series(run, channel)

    def stats(self, series: int) -> SeriesStats:
        """See `Store.stats`."""
        return self._ledger.stats(series)

    def view(
        self, series: int, lo: float | None, hi: float | None, px: int, axis: Axis = "x"
    ) -> Columns:
        """See `Store.view`."""
        tail = self._ledger.tail(series)
        points = NO_POINTS if tail is None else tail.points
        value = points.x if axis == "x" else points.wall
        keep = np.ones(len(points), bool)
        if lo is not None:
            keep &= value >= lo
        if hi is not None:
            keep &= value <= hi
        index = np.flatnonzero(keep)
        index = index[np.argsort(value[index], kind="stable")]
        return _columns(points.take(index), index.astype(np.int64), True, len(points))

    def raw(self, series: int, after: int, limit: int) -> Columns:
        """See `Store.raw`."""
        tail = self._ledger.tail(series)
        points = NO_POINTS if tail is None else tail.points
        part = points[after : after + limit]
        ordinal = np.arange(after, after + len(part))
        return _columns(part, ordinal, True, len(points))

    def recent(self, series: int, after: int) -> Columns | None:
        """See `Store.recent`."""
        found = self._ledger.since(series, after)
        if found is None:
            return None
        points = join_points([piece for piece in found[0] if len(piece)])
        return _columns(points, np.arange(found[1] - len(points), found[1]), True, found[1])

    def is_deleted(self, run: str) -> bool:
        """See `Store.is_deleted`."""
        return self._ledger.is_deleted(run)

    def run_bytes(self, run: str) -> int:
        """See `Store.run_bytes`."""
        return self._ledger.run_bytes(run)

    def store_stats(self) -> StoreStats:
        """See `Store.store_stats`."""
        return StoreStats(
            commits=self._commits,
            last_commit_s=self._last_commit_s,
            last_seal_s=self._last_seal_s,
            tail_points=self._ledger.tail_points(),
            log_bytes=self._log_bytes,
            wal_bytes=_size(self._path.with_name("agnez.db-wal")),
            file_bytes=_size(self._path),
            read_only=self._read_only,
        )

    async def flush(self) -> None:
        """See `Store.flush`."""
        if self._pending:
            unit = Unit(future=asyncio.get_running_loop().create_future())
            self._pending.append(unit)
            self._writer.submit(unit)
            await unit.future  # type: ignore[misc]

    async def seal(self) -> None:
        """See `Store.seal`."""
        await self.flush()

    async def close(self) -> None:
        """See `Store.close`."""
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._writer.stop)
        await asyncio.sleep(0)
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        self._marks_con.close()
        self._con.execute("pragma wal_checkpoint(truncate)")
        self._con.close()
        self._directory.release()


def _columns(points: Points, ordinal: Any, exact: bool, total: int) -> Columns:
    return Columns(points.x, points.y, points.wall, ordinal, exact, total)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
