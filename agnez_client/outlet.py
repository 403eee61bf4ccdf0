"""
Where the events and points of this process leave for a run: its spool, its pen, its sender.

It keeps what defines the run (its own event, channels, charts, parameters, tags), so that a forked
child, whose spool is its own, can say it again.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from agnez_client.address import read_address
from agnez_client.errors import SpoolError
from agnez_client.launchers import told_rank
from agnez_client.protocol import encode_event
from agnez_client.sender import Sender
from agnez_client.settings import Settings
from agnez_client.spool.blobs import Blob
from agnez_client.spool.budget import MEMORY_LIMIT, Budget
from agnez_client.spool.header import SpoolHeader
from agnez_client.spool.pen import NO_ROOM, Pen
from agnez_client.spool.place import Place, choose_place, host_name
from agnez_client.spool.ranks import chosen_rank
from agnez_client.spool.spool import Spool

if TYPE_CHECKING:
    from agnez_client.transport import Transport

REFUSED_EVERY_S: Final = 2.0
"""How often refused points are told to the run."""
MANY_CHANNELS: Final = 256
"""Refused points of more channels are told of all together."""
FORK_PATIENCE_S: Final = 5.0

logger = logging.getLogger(__name__)


class Outlet:
    """
    Attributes:
        pen: What channels write with.
        place: Where the spool is.
        transport: The server; None as long as there is none.
        tend: Called at each turn of the sender.
    """

    def __init__(self, settings: Settings, run: str) -> None:
        self._settings, self._run, self._told = settings, run, told_rank()
        self.place = choose_place(settings)
        self.transport: Transport | None = None
        self.tend: Callable[[], None] = lambda: None
        self.pen = Pen(self._open, self._wake)
        self._sender: Sender | None = None
        self._definitions: list[dict[str, Any]] = []
        self._lock = threading.RLock()
        self._report_at = self._press_at = 0.0
        self._press_every_s = REFUSED_EVERY_S
        self._lost = 0
        self._holds_sender = False
        self._forks = 0
        self._is_fork = False
        self._find_server()

    def open(self, about_run: Callable[[int], dict[str, Any]]) -> None:
        """
        Make the spool and start its sender.

        Args:
            about_run: Makes the fields of the run's event, told the rank of this process.

        Raises:
            SpoolError: If there is no room, not even in memory.
        """
        self._about_run = about_run
        if not self._open():
            raise SpoolError("there is no room for a spool, not even in memory")

    def _find_server(self) -> Transport | None:
        """The server that was named, else the one of this user, which may come up later."""
        url = self._settings.url
        if url is None:
            found = read_address()
            url = found.url if found is not None else None
        if url is None:
            return None
        from agnez_client.transport import Transport  # requests takes a tenth of a second to load

        self.transport = Transport(url, self._settings.token)
        return self.transport

    def _open(self) -> bool:
        spool = self._create()
        if spool is None:
            return False
        with self._lock:
            if not self._definitions:
                about = self._about_run(spool.header.rank)
                self._definitions.append(new_event("run", **about))
            for event in self._definitions:
                spool.events.append(event)
            spool.events.append(new_event("durable", value=self.place.durable))
            server = self.transport or self._find_server
            sender = Sender(spool, self.pen, server, self.place.folder, self._tend)
            self.pen.write_to(spool)
        try:
            sender.start()
            self._sender = sender
        except RuntimeError as error:  # too many threads, or the interpreter is ending
            logger.warning(
                "no thread can be started (%s): the points of this process wait in %s, "
                "`agnez sync` sends them",
                error,
                spool.folder.path or "memory",
            )
        return True

    def _create(self) -> Spool | None:
        url = None if self.transport is None else self.transport.url
        place, forks = self.place.folder, self._forks if self._is_fork else 0
        try:
            with chosen_rank(place, self._run, self._told, forks) as rank:
                header = SpoolHeader.new(self._run, rank, url, host_name())
                return Spool.create(header, place, self._budget())
        except OSError as error:
            if self.place.folder is None:
                return None
            logger.warning(
                "no spool can be made in %s (%s): points wait in memory, and those that were not "
                "sent are lost with this process",
                self.place.folder,
                error,
            )
            self.place = Place(None, str(error))
            return self._create()

    def _budget(self) -> Budget:
        run_limit, user_limit = self._settings.spool_run_limit, self._settings.spool_user_limit
        if self.place.folder is None:
            run_limit, user_limit = min(run_limit, MEMORY_LIMIT), min(user_limit, MEMORY_LIMIT)
        return Budget(self.place.folder, self._run, run_limit=run_limit, user_limit=user_limit)

    # -- events ---------------------------------------------------------------------------------

    def define(self, kind: str, **fields: Any) -> None:
        """
        Record an event that a forked child has to repeat.

        Raises:
            ValueError: If it can't be encoded, see `encode_event`.
        """
        event = new_event(kind, **fields)
        encode_event(event)
        with self._lock:
            self._definitions.append(event)
            self._append(event)

    def record(self, kind: str, **fields: Any) -> None:
        """Record an event of this process."""
        self._append(new_event(kind, **fields))

    def tell_about(self, facts: Mapping[str, Any], blobs: Sequence[Blob] = ()) -> bool:
        """
        Record facts about the run, and the blobs that they name; False if there is no room.

        Raises:
            ValueError: If they can't be encoded.
        """
        refs = {"blobs": [blob.ref for blob in blobs]} if blobs else {}
        return self.pen.record(new_event("about", facts=facts, **refs), blobs)

    def _append(self, event: Mapping[str, Any]) -> None:
        spool = self.pen.spool
        if spool is not None:
            spool.events.append(event)

    def _tend(self) -> None:
        """At each turn of the sender: collect from devices, tell what was refused."""
        self.pen.copies.collect()
        self.tend()
        if time.monotonic() >= self._report_at:
            self._report_at = time.monotonic() + REFUSED_EVERY_S
            self._report_refused(self.pen.spool)

    def _report_refused(self, spool: Spool | None, *, is_end: bool = False) -> None:
        """
        Tell what was refused since the last time. While the disk takes no event, and no server has
        taken the last, it adds up instead, and is told ever more seldom of the room kept for that.
        """
        if spool is None:
            return
        events = spool.events
        if events.has_room or spool.marks.events >= len(events):
            self._press_every_s = REFUSED_EVERY_S
        elif not is_end and time.monotonic() < self._press_at:
            return
        for number, reason, count in _bundled(self.pen.take_refused()):
            events.append(new_event("dropped", n=number, count=count, reason=reason))
            self._lost += count if reason == NO_ROOM else 0
        if not events.is_written:
            events.write_last(is_end=is_end)
            self._press_at = time.monotonic() + self._press_every_s
            self._press_every_s *= 2

    def _wake(self) -> None:
        if self._sender is not None:
            self._sender.wake()

    # -- the end --------------------------------------------------------------------------------

    def drain(self, timeout_s: float) -> None:
        """Wait for values on their way from a device, and tell what was refused."""
        self.pen.write_late()
        missing = self.pen.copies.drain(timeout_s)
        if missing:
            logger.warning("%d values of a device did not arrive and are lost", missing)
        self._report_refused(self.pen.spool)

    def close(self, timeout_s: float) -> None:
        """
        Take nothing more, ship what is left; one line says what could not be sent in time, another
        what found no room.
        """
        spool, sender = self.pen.spool, self._sender
        self.pen.close()
        if spool is None:
            return
        self._report_refused(spool, is_end=True)
        spool.events.write_last()
        if sender is None or not sender.finish(timeout_s):
            logger.warning("run %s: %s", self._run, self._farewell(spool))
            if not spool.events.is_written:
                logger.warning("run %s: its end found no room either and is not told", self._run)
        if self._lost:
            logger.warning("run %s: %d points found no room and are lost", self._run, self._lost)

    def _farewell(self, spool: Spool) -> str:
        if spool.folder.path is None:
            return "what the server has not taken was in memory and is lost"
        why = "there is no server" if self.transport is None else "the server has not taken all"
        return f"{why}; the rest waits in {spool.folder.path}, `agnez sync` sends it"

    # -- fork -----------------------------------------------------------------------------------

    def before_fork(self) -> None:
        """Let nothing of ours be half done while the process is copied."""
        self._forks += 1
        if self._sender is not None:
            self._holds_sender = self._sender.lock.acquire(timeout=FORK_PATIENCE_S)

    def after_fork_in_parent(self) -> None:
        """Go on."""
        if self._sender is not None and self._holds_sender:
            self._holds_sender = False
            self._sender.lock.release()

    def after_fork_in_child(self) -> None:
        """Leave the parent's spool alone; the first `send()` opens one of our own."""
        spool, sender = self.pen.spool, self._sender
        self.pen.forked()
        self._is_fork = True
        self._lock = threading.RLock()
        self._sender = None
        if self.transport is not None:
            self.transport = self.transport.renewed()
        if spool is not None:
            with contextlib.suppress(OSError):
                spool.abandon()
        if sender is not None:
            sender.abandon_adopted()


def _bundled(refused: list[tuple[int, str, int]]) -> list[tuple[int | None, str, int]]:
    """*refused*, of many channels without their numbers."""
    if len(refused) <= MANY_CHANNELS:
        return list(refused)
    sums: Counter[str] = Counter()
    for _, reason, count in refused:
        sums[reason] += count
    return [(None, reason, count) for reason, count in sums.items()]


def new_event(kind: str, **fields: Any) -> dict[str, Any]:
    """An event of now."""
    return {"kind": kind, "at": time.time_ns() // 1000, **fields}
