"""The thread that writes: takes the units that wait as one group, commits, tells the loop."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from agnez_server.store.broken import unforeseen
from agnez_server.store.options import StoreOptions
from agnez_server.store.unit import Group, Unit, gather

logger = logging.getLogger(__name__)


class WriterOwner(Protocol):
    """Who hands units to a writer. The first two run in its thread, the others on the loop."""

    def write(self, group: Group) -> None:
        """Commit *group*."""

    def probe(self) -> None:
        """Raise unless the disk takes writes."""

    def written(self, group: Group) -> None:
        """*group* is on disk."""

    def failed(self, error: Exception) -> None:
        """A commit failed: nothing that waits will be written. Calls `Writer.discard`."""

    def recovered(self) -> None:
        """After a failure, the disk takes writes again."""


class Writer:
    """
    Owns the queue of units.

    An idle writer commits at once. While several callers are busy it waits until as many units
    have come as last time, for ``gather_s`` or ``gather_bytes`` at most, so that they share
    one commit.
    """

    def __init__(
        self, owner: WriterOwner, loop: asyncio.AbstractEventLoop, options: StoreOptions
    ) -> None:
        self._owner, self._loop, self._options = owner, loop, options
        self._queue: deque[Unit] = deque()
        self._bytes = 0
        self._expected = 1
        self._halted = self._stopping = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="agnez-writer", daemon=True)
        self._thread.start()

    def submit(self, unit: Unit) -> None:
        """Hand in a unit; groups keep this order."""
        with self._wake:
            self._queue.append(unit)
            self._bytes += unit.size
            if len(self._queue) == 1 or self._is_full():  # to wake it for each would cost more
                self._wake.notify()

    def discard(self) -> None:
        """Forget what waits, after a failure; only then does the writer go on."""
        with self._wake:
            self._queue.clear()
            self._bytes = 0
            self._halted = False
            self._wake.notify()

    def stop(self) -> None:
        """Write what waits, then end the thread."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while (units := self._collect()) is not None:
            group = gather(units)
            try:
                self._owner.write(group)
            except Exception as error:  # a thread's edge: whatever it is, recover
                logger.error(
                    "a commit of %d changes failed: %s", len(units), error,
                    exc_info=unforeseen(error),
                )  # fmt: skip
                with self._wake:
                    self._halted = True
                self._tell(self._owner.failed, error)
                self._recover()
            else:
                self._tell(self._owner.written, group)

    def _collect(self) -> list[Unit] | None:
        with self._wake:
            self._wake.wait_for(lambda: self._queue or self._stopping)
            if self._halted or not self._queue:
                return None
            self._wake.wait_for(self._is_full, self._options.gather_s)
            return self._take()

    def _take(self) -> list[Unit]:
        units, size = list[Unit](), 0
        while self._queue and size < self._options.group_bytes:
            units.append(self._queue.popleft())
            size += units[-1].size
        self._bytes -= size
        self._expected = len(units)
        return units

    def _is_full(self) -> bool:
        enough = len(self._queue) >= self._expected or self._bytes >= self._options.gather_bytes
        return enough or self._stopping

    def _recover(self) -> None:
        """Wait until the loop has taken back what failed and the disk takes writes again."""
        while not self._stopping:
            with self._wake:
                self._wake.wait_for(lambda: self._stopping or not self._halted)
                self._wake.wait_for(lambda: self._stopping, self._options.probe_interval_s)
            try:
                self._owner.probe()
            except Exception as error:  # noqa: BLE001  # as above
                logger.debug("the disk still takes no writes: %s", error)
            else:
                self._tell(self._owner.recovered)
                return

    def _tell(self, what: Callable[..., None], *args: object) -> None:
        try:
            self._loop.call_soon_threadsafe(what, *args)
        except RuntimeError:
            logger.warning("the event loop ended before the store was closed")
