"""The thread that keeps house: seals, shortens the write-ahead log, sweeps and gives space back."""

from __future__ import annotations

import concurrent.futures
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from agnez_server.store.broken import unforeseen
from agnez_server.store.database import Database
from agnez_server.store.ledger import Ledger
from agnez_server.store.options import StoreOptions
from agnez_server.store.schema import PAGE_SIZE
from agnez_server.store.seal import Sealer
from agnez_server.store.sweep import Sweeper

logger = logging.getLogger(__name__)

_VACUUM_PAGES: Final = 128
_PAUSE_S: Final = 0.002
"""Between two steps of a long piece of work, so that the writer gets its turn."""

Request = concurrent.futures.Future[None]


@dataclass(slots=True)
class _Due:
    """What the keeper was told to do."""

    seal: bool = False
    checkpoint: bool = False
    sweep: bool = False


class Keeper:
    """
    Works when `wake` says that something is due, and each ``seal_interval_s``.

    It keeps the writer out for moments only.
    """

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        clock: Callable[[], float],
        options: StoreOptions,
    ) -> None:
        self._con, self._lock = database.keeper, database.lock
        self._sealer = Sealer(self._con, ledger, self._lock, options)
        self._sweeper = Sweeper(self._con, self._lock, self._rest)
        self._clock, self._options = clock, options
        self.last_seal_s, self._sealed_at = 0.0, clock()
        self._stopping, self._due = False, _Due(sweep=True)
        self._requests: list[Request] = []
        self._seals = 0
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="agnez-keeper", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def wake(self, *, seal: bool = False, checkpoint: bool = False, sweep: bool = False) -> None:
        """Say that something is due; returns at once."""
        with self._wake:
            self._due.seal |= seal
            self._due.checkpoint |= checkpoint
            self._due.sweep |= sweep
            if self._due != _Due():
                self._wake.notify_all()

    def request_seal(self) -> Request:
        """Seal everything now; the future says when it is done, or why it failed."""
        future: Request = concurrent.futures.Future()
        with self._wake:
            self._requests.append(future)
            self._wake.notify_all()
        return future

    def let_catch_up(self, timeout_s: float) -> None:
        """Wait for the end of the next seal; in the writer's thread."""
        with self._wake:
            before = self._seals
            self._due.seal = True
            self._wake.notify_all()
            self._wake.wait_for(lambda: self._seals > before or self._stopping, timeout_s)

    def stop(self) -> None:
        """End after the work at hand."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(self._has_work, self._options.seal_interval_s)
                due, self._due, requests, self._requests = self._due, _Due(), self._requests, []
                if self._stopping:
                    _refuse(requests)
                    return
            if self._clock() - self._sealed_at >= self._options.seal_interval_s:
                due.seal = due.checkpoint = True
            self._work(due, requests)

    def _has_work(self) -> bool:
        return self._stopping or bool(self._requests) or self._due != _Due()

    def _work(self, due: _Due, requests: list[Request]) -> None:
        requests = [request for request in requests if request.set_running_or_notify_cancel()]
        try:
            if due.seal or requests:
                self._seal(everything=bool(requests))
            if due.sweep:
                self._sweeper.sweep()
            self._give_back()
            if due.checkpoint or due.sweep or requests:
                self._checkpoint()
        except Exception as error:  # a thread's edge: the log keeps what could not be sealed
            logger.error(
                "the store could not seal or tidy up, it will try again: %s", error,
                exc_info=unforeseen(error),
            )  # fmt: skip
            for request in requests:
                request.set_exception(error)
            self._pause(self._options.probe_interval_s)
            self.wake(seal=due.seal, checkpoint=due.checkpoint, sweep=due.sweep)
        else:
            for request in requests:
                request.set_result(None)

    def _seal(self, *, everything: bool) -> None:
        began, self._sealed_at = time.perf_counter(), self._clock()
        self._sealer.seal(self._sealed_at, everything=everything)
        self.last_seal_s = time.perf_counter() - began
        with self._wake:
            self._seals += 1
            self._wake.notify_all()

    def _checkpoint(self) -> None:
        """
        Bring the write-ahead log into the file and begin it anew.

        A passive checkpoint does most of it beside the writer but never begins the log anew
        under a steady stream, so the log would grow without end; the second step does, quickly.
        """
        self._con.execute("pragma wal_checkpoint(passive)").fetchall()
        with self._lock:
            self._con.execute("pragma wal_checkpoint(restart)").fetchall()

    def _give_back(self) -> None:
        """Shrink the file by the pages that the next seals won't need."""
        kept = 2 * self._options.seal_bytes // PAGE_SIZE
        while (excess := self._free_pages() - kept) > 0 and not self._stopping:
            with self._lock:
                pages = min(excess, _VACUUM_PAGES)
                self._con.executescript(f"pragma incremental_vacuum({pages})")
            self._pause(_PAUSE_S)

    def _rest(self) -> bool:
        self._pause(_PAUSE_S)
        return self._stopping

    def _free_pages(self) -> int:
        return int(self._con.execute("pragma freelist_count").fetchone()[0])

    def _pause(self, seconds: float) -> None:
        with self._wake:
            self._wake.wait_for(lambda: self._stopping, seconds)


def _refuse(requests: list[Request]) -> None:
    for request in requests:
        request.set_exception(RuntimeError("the store was closed before it could seal"))
