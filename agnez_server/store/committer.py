"""The way of a change: worked on the loop, written in the writer's thread, shown on the loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Final, TypeVar

from agnez_server.errors import StoreBusy, StoreReadOnly
from agnez_server.store.base import Change, Committed, DocChanged
from agnez_server.store.broken import is_broken
from agnez_server.store.commit import commit
from agnez_server.store.database import Database
from agnez_server.store.keeper import Keeper
from agnez_server.store.ledger import Ledger, LogRowSize
from agnez_server.store.log import RowEncoder
from agnez_server.store.options import StoreOptions
from agnez_server.store.schema import PAGE_SIZE
from agnez_server.store.tinyrows import CommittedStorage
from agnez_server.store.unit import Group, Unit
from agnez_server.store.workspace import Workspace
from agnez_server.store.writer import Writer

logger = logging.getLogger(__name__)
T = TypeVar("T")

_PROBE_BYTES: Final = 1 << 18
_SEALS_PUT_OFF: Final = 4
_FAR_BEHIND: Final = 8
"""With so many seals to do the keeper can't follow: the writer waits, the backlog fills up, and
callers are told to come back. Otherwise memory would grow and grow."""
_CATCH_UP_S: Final = 0.5
_PAGES_A_COMMIT: Final = 6
"""About how many pages a commit writes beside its own bytes."""


class Committer:
    """Owner of the writer. What is not said otherwise runs on the event loop."""

    def __init__(
        self,
        database: Database,
        workspace: Workspace,
        rows: CommittedStorage,
        ledger: Ledger,
        keeper: Keeper,
        clock: Callable[[], float],
        options: StoreOptions,
    ) -> None:
        self._database, self._workspace, self._rows = database, workspace, rows
        self._ledger, self._keeper, self._clock, self._options = ledger, keeper, clock, options
        self._listeners: list[Callable[[Committed], None]] = []
        self._pending: deque[Unit] = deque()
        self._pending_bytes = 0
        self._encoder, self._log_id = RowEncoder(), ledger.log_id
        self._unchecked_bytes = 0
        self.commits, self.last_commit_s = 0, 0.0
        self.read_only: str | None = None
        self._stopped = False
        self.writable = asyncio.Event()
        self.writable.set()
        self._writer = Writer(self, asyncio.get_running_loop(), options)

    async def change(self, work: Callable[[Change], T]) -> T:
        """See `Store.change`."""
        self._refuse()
        unit, result = self._workspace.run(work)
        if self._pending or not unit.is_empty():
            await self._submit(unit)
        return result

    async def flush(self) -> None:
        """See `Store.flush`."""
        if self._pending:
            await self._submit(Unit())

    def listen(self, listener: Callable[[Committed], None]) -> Callable[[], None]:
        """See `Store.listen`."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    async def stop(self) -> None:
        """Write what waits and end the writer; changes are refused from now on."""
        self._stopped = True
        await asyncio.to_thread(self._writer.stop)

    def refuse_read_only(self) -> None:
        """Raise StoreReadOnly while the disk is full or failing."""
        if self.read_only is not None:
            raise _refusal(self.read_only)

    def _submit(self, unit: Unit) -> asyncio.Future[None]:
        unit.future = asyncio.get_running_loop().create_future()
        self._pending.append(unit)
        self._pending_bytes += unit.size
        self._writer.submit(unit)
        return unit.future

    def _refuse(self) -> None:
        if self._stopped:
            raise StoreBusy("the store is closed", retry_after_s=self._options.retry_after_s)
        self.refuse_read_only()
        if self._pending_bytes >= self._options.backlog_bytes:
            raise StoreBusy(
                f"{self._pending_bytes} bytes wait to be written, "
                f"{self._options.backlog_bytes} are allowed",
                hint="try again after retry_after_s",
                retry_after_s=self._options.retry_after_s,
            )

    # -- in the writer's thread --------------------------------------------------------------

    def write(self, group: Group) -> None:
        """Commit *group*."""
        if group.is_empty():
            return
        far_behind = self._ledger.unsealed_bytes() >= _FAR_BEHIND * self._options.seal_bytes
        if far_behind and not self._stopped:
            self._keeper.let_catch_up(_CATCH_UP_S)
        began = time.perf_counter()
        group.log_id = self._log_id + 1
        with self._database.lock:
            commit(self._database.writer, group, self._encoder, self._options)
            self._database.acknowledge(group.log_id)
        self._log_id = group.log_id
        self.last_commit_s = time.perf_counter() - began
        self._unchecked_bytes += sum(unit.size for unit in group.units)
        self._unchecked_bytes += _PAGES_A_COMMIT * PAGE_SIZE
        if self._unchecked_bytes >= self._options.checkpoint_bytes:
            self._unchecked_bytes = 0
            self._keeper.wake(checkpoint=True)

    def probe(self) -> None:
        """Write something and take it away again."""
        con = self._database.writer
        with self._database.lock:
            con.execute("pragma wal_checkpoint(passive)").fetchall()
            con.execute(
                "insert or replace into meta values ('probe', zeroblob(?))", (_PROBE_BYTES,)
            )
            con.execute("delete from meta where key = 'probe'")

    # -- after a commit ----------------------------------------------------------------------

    def written(self, group: Group) -> None:
        """Show *group* to readers and listeners, then answer those who wait."""
        if not group.is_empty():
            self.commits += 1
            self._publish(group)
        for unit in group.units:
            self._pending.popleft()
            self._pending_bytes -= unit.size
            if unit.future is not None and not unit.future.done():
                unit.future.set_result(None)
        if not self._pending:
            self._workspace.marks.trim()

    def failed(self, error: Exception) -> None:
        """Take back all that waits: what came after the failed group was built upon it."""
        if is_broken(error):
            self._database.refuses(error)
        self.read_only = self.read_only or f"{type(error).__name__}: {error}"
        self.writable.clear()
        lost, self._pending, self._pending_bytes = self._pending, deque(), 0
        for unit in reversed(lost):
            unit.take_back()
        self._writer.discard()
        for unit in lost:
            if unit.future is not None and not unit.future.done():
                unit.future.set_exception(_refusal(self.read_only, broken=is_broken(error)))

    def recovered(self) -> None:
        """Take changes again."""
        logger.warning("the disk takes writes again")
        self.read_only = None
        self.writable.set()

    def _publish(self, group: Group) -> None:
        appended = self._ledger.publish(
            group.series.values(),
            group.blocks,
            group.deleted,
            LogRowSize(group.log_id, group.log_bytes),
            self._clock(),
        )
        entries = self._ledger.publish_entries(group.entries, group.series_grown)
        self._ledger.grow(group.runs_grown)
        changed = []
        for (table, doc_id), write in group.docs.items():
            before = self._rows.replace(table, doc_id, write.value)
            if before is not None or write.value is not None:
                changed.append(DocChanged(table, doc_id, before, write.value))
        self._keeper.wake(seal=self._is_seal_due(group), sweep=bool(group.deleted))
        consoles = frozenset(writer[0] for writer in group.lines)
        self._tell(Committed(changed, appended, entries, consoles))

    def _is_seal_due(self, group: Group) -> bool:
        """
        While callers wait, sealing does too, for a time: it would slow their commits down. So it
        does while many series have few points each, which make poor chunks.
        """
        can_wait = len(self._pending) > len(group.units) or self._has_short_tails()
        limit = self._options.seal_bytes * (_SEALS_PUT_OFF if can_wait else 1)
        return self._ledger.unsealed_bytes() >= limit

    def _has_short_tails(self) -> bool:
        return self._ledger.mean_tail() < self._options.short_tail

    def _tell(self, committed: Committed) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(committed)
            except Exception:  # a listener's fault is not the store's
                logger.exception("a listener of commits failed")


def _refusal(reason: str, *, broken: bool = False) -> StoreReadOnly:
    hint = "make room on the server's disk; writing starts again by itself"
    if broken:
        hint = "`agnez doctor` on the server says what is broken; all else can be written again"
    return StoreReadOnly(f"nothing can be written at present: {reason}", hint=hint)
