"""
What every channel of a job writes with: it leads to the segment in use.

The hot path reads ``segment`` and nothing else. All that is seldom stands in `turn`.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from agnez_client.device import DeviceCopies
from agnez_client.protocol import RECORD_INT
from agnez_client.spool.blobs import Blob
from agnez_client.spool.segment import ClosedSegment, Segment
from agnez_client.spool.spool import Spool

Record = tuple[int, float, int, int, int]
NO_ROOM: Final = "no room in the spool"
RETRY_S: Final = 1.0
"""How long `send()` refuses points before it asks a full disk again."""
PREPARE_AGAIN_S: Final = 0.2
"""The same for the sender, whose asking makes nobody wait."""


class Pen:
    """
    Survives a fork: the child's pen is closed and opens a spool of its own at its first turn.

    Attributes:
        segment: The segment in use.
        spool: Whose it is; None before the first turn in a forked child, and at the end.
        copies: Values on their way from a device.
        is_closed: Whether the run has ended here.
        is_full_said: Whether a person was told that points find no room.

    Args:
        open_spool: Makes the spool of this process and has `write_to` called with it; called in a
            forked child. False if it can't.
        wake: Tells the sender that a segment was used up; must not block or take a lock.
    """

    __slots__ = (
        "_late",
        "_open_spool",
        "_opening",
        "_prepare_at",
        "_refused",
        "_retry_at",
        "_wake",
        "copies",
        "is_closed",
        "is_full_said",
        "segment",
        "spool",
    )

    def __init__(self, open_spool: Callable[[], bool], wake: Callable[[], None]) -> None:
        self.segment: Segment | ClosedSegment = ClosedSegment()
        self.spool: Spool | None = None
        self.copies = DeviceCopies()
        self.is_closed = self.is_full_said = False
        self._open_spool, self._wake = open_spool, wake
        self._refused: Counter[tuple[int, str]] = Counter()
        self._late: deque[Record] = deque()
        self._retry_at = self._prepare_at = 0.0
        self._opening = threading.RLock()

    def write_to(self, spool: Spool) -> None:
        """Write to *spool* from now on."""
        self.spool = spool
        spool.append = self.append
        self.segment = spool.chain.first

    def close(self) -> None:
        """Write no more: every further point is refused."""
        self.is_closed = True
        self.segment = ClosedSegment()
        self.spool = None

    def forked(self) -> None:
        """In the child: leave the parent's segments alone."""
        self.segment = ClosedSegment()
        self.spool = None
        self.copies.forget()
        self._refused = Counter()
        self._late = deque()
        self._opening = threading.RLock()

    def turn(self, full: Segment | ClosedSegment) -> bool:
        """
        Move on from the segment *full*, where a claim was beyond the limit; False if there is
        nowhere to go. Two threads may turn at once: one that comes late sets an older segment,
        finds it full again and moves on.
        """
        full.full = True
        if isinstance(full, ClosedSegment):
            return self._open()
        following = full.next or self._make_one(full)
        if following is None:
            return False
        if self.segment is full:
            self.segment = following
        self._wake()
        self.write_late()
        return True

    def _open(self) -> bool:
        with self._opening:
            if self.is_closed:
                return False
            return self.spool is not None or self._open_spool()

    def _make_one(self, full: Segment) -> Segment | None:
        """A burst has outrun the sender: make the next segment here."""
        spool = self.spool
        if spool is None or spool.chain.is_linking_here or time.monotonic() < self._retry_at:
            return None
        if spool.chain.grow_in_burst(spool.budget) is None:
            self._retry_at = time.monotonic() + RETRY_S
        return full.next

    def prepare(self) -> None:
        """Let segments stand ready ahead of the one in use; for the sender."""
        spool, segment = self.spool, self.segment
        if spool is None or not isinstance(segment, Segment):
            return
        if time.monotonic() >= self._prepare_at and not spool.chain.prepare(segment, spool.budget):
            self._prepare_at = time.monotonic() + PREPARE_AGAIN_S
        self.write_late()

    def append(self, x: int, y: float, wall_ns: int, channel: int, mark: int) -> bool:
        """Write a whole record; *x* is an int64 or the bits of a float64, as *mark* says."""
        while True:
            segment = self.segment
            at = segment.claim()
            if at <= segment.limit:
                try:
                    RECORD_INT.pack_into(segment.buffer, at, x, y, wall_ns, channel, mark)
                    return True
                except (TypeError, ValueError):  # retired between the two
                    continue
            if not self.turn(segment):
                return self._keep_late((x, y, wall_ns, channel, mark))

    def _keep_late(self, record: Record) -> bool:
        """
        A signal's handler sends while its own thread is adding a segment, which it can't wait for:
        keep *record* until that is done.
        """
        spool = self.spool
        if spool is None or not spool.chain.is_linking_here:
            return False
        self._late.append(record)
        return True

    def write_late(self) -> None:
        """Write what signals' handlers could not."""
        while self._late:
            try:
                record = self._late.popleft()
            except IndexError:  # another thread took it
                return
            if not self.append(*record):
                self.refuse(record[3], NO_ROOM)

    def record(self, event: Mapping[str, Any], blobs: Sequence[Blob] = ()) -> bool:
        """
        Write an event and the *blobs* that it names; False if there is no room, or the run has
        ended. When this returns they survive the process.

        Raises:
            ValueError: If *event* can't be encoded, or the file of a blob has changed.
        """
        if self.spool is None:
            self._open()
        spool = self.spool
        return spool is not None and spool.record(event, blobs)

    def refuse(self, channel: int, reason: str) -> None:
        """Count a point of *channel* that was not taken."""
        with self._opening:
            self._refused[channel, reason] += 1

    def take_refused(self) -> list[tuple[int, str, int]]:
        """Channel, reason and count of what was refused since the last call."""
        with self._opening:
            found, self._refused = self._refused, Counter()
        return [(channel, reason, count) for (channel, reason), count in found.items()]
