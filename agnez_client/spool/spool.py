"""
One spool: the points and events of one process for one run, until a server has them.

Its owner makes it and writes; the owner's sender reads it. When the owner is dead another process
adopts it. From the moment when nobody writes points any more (`seal`) the two are the same.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from agnez_client.errors import SpoolError
from agnez_client.protocol import MARK_VOID, RECORD_INT, RecordArray, encode_event
from agnez_client.spool.blobs import Blob, Blobs
from agnez_client.spool.budget import Budget
from agnez_client.spool.chain import Chain
from agnez_client.spool.cursor import Cursor, Marks
from agnez_client.spool.events import DAMAGED, EVENT_HEAD_SIZE, EventLog
from agnez_client.spool.files import Folder
from agnez_client.spool.header import SpoolHeader, read_header
from agnez_client.spool.lock import LOCK_NAME, take, take_orphan
from agnez_client.spool.points import PointReader, is_filled, last_known
from agnez_client.spool.rejected import Rejected
from agnez_client.spool.segment import FIRST_SIZE, Segment
from agnez_client.spool.summing import Summing

HOLES_AT_A_TIME: Final = 65_536
MANY: Final = 65_536

logger = logging.getLogger(__name__)
Append = Callable[[int, float, int, int, int], bool]


class Spool:
    """
    Attributes:
        header: Whose it is.
        folder: Where it is.
        events: Its events; append to it only as the owner.
        chain: Its segments.
        blobs: What its events name.
        was_delivered: Whether a server had all of it when it was closed.
        append: Takes a whole record as `Pen.append` does; the owner's pen, while it writes here.
    """

    def __init__(
        self,
        header: SpoolHeader,
        folder: Folder,
        lock_fd: int,
        events: EventLog,
        chain: Chain,
        budget: Budget,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.header, self.folder, self.budget = header, folder, budget
        self.events, self.chain = events, chain
        self.id = bytes.fromhex(header.spool)
        self.rejected = Rejected(folder)
        self.blobs = Blobs(folder, budget)
        self._lock_fd = lock_fd
        self._cursor = Cursor.load(folder)
        self._reader = PointReader(chain, self._cursor.voids, now=now)
        self._summing = Summing(chain, now)
        self.append: Append = self._append_sealed
        self._end = 0
        self.was_delivered = False

    @classmethod
    def create(
        cls,
        header: SpoolHeader,
        place: Path | None,
        budget: Budget,
        now: Callable[[], float] = time.monotonic,
    ) -> Spool:
        """
        A new spool in the directory *place*, or in memory without one.

        It gets its name when it is whole and locked, so nobody can take it for an orphan.

        Raises:
            OSError: If there is no room for it.
        """
        if place is None:
            folder = Folder(None)
            events = EventLog.create(folder)
            chain = Chain.create(folder, bytes.fromhex(header.spool), budget)
            return cls(header, folder, -1, events, chain, budget, now=now)
        folder = Folder(place / f".new-{header.spool}")
        assert folder.path is not None
        folder.path.mkdir(mode=0o700)
        with contextlib.ExitStack() as undo:
            undo.callback(folder.remove_all)
            lock_fd = folder.create(LOCK_NAME)
            undo.callback(os.close, lock_fd)
            take(lock_fd)
            header = header.made_in(folder.path)
            header.write(folder)
            events = EventLog.create(folder)
            undo.callback(events.close)
            chain = Chain.create(folder, bytes.fromhex(header.spool), budget)
            undo.callback(chain.close)
            folder.path = folder.path.rename(place / header.spool)
            undo.pop_all()
        return cls(header, folder, lock_fd, events, chain, budget, now=now)

    @classmethod
    def adopt(cls, path: Path, budget: Budget, *, is_last: bool = False) -> Spool | None:
        """
        The spool in the directory *path* if its owner is dead; None if it lives.

        The owner of a copy may live elsewhere. Of a copy that is read which is certain to be the
        owner's own: all before the first slot that it may still fill.

        Args:
            is_last: The owner of a copy is gone for good: read all of it.

        Raises:
            SpoolError: If what lies there can't be read.
        """
        lock_fd = take_orphan(path)
        if lock_fd is None:
            return None
        folder = Folder(path)
        try:
            header = read_header(path)
            spool_id = bytes.fromhex(header.spool)
            events = EventLog.open(folder, header.version)
            chain = Chain.open(folder, spool_id)
        except (OSError, SpoolError) as error:
            os.close(lock_fd)
            raise SpoolError(f"the spool {path} can't be read: {error}") from error
        spool = cls(header, folder, lock_fd, events, chain, budget)
        if spool.is_copy and not is_last:
            spool._reader.certain = spool._cursor.holes or frozenset(spool._cursor.voids)
        spool.seal()
        spool._tell_damage()
        spool._find_blobs()
        return spool

    # -- writing of what is no point, from any thread --------------------------------------------

    def record(self, event: Mapping[str, Any], blobs: Sequence[Blob] = ()) -> bool:
        """
        Write *event* with the *blobs* that it names; False if there is no room for all of it.

        Raises:
            ValueError: If it can't be encoded (see `encode_event`), or a blob's file has changed.
        """
        frame = encode_event(event)
        if not self.budget.allows(len(frame)):
            return False
        with self.blobs.holding(blobs) as is_held:
            ordinal = self.events.offer(frame[EVENT_HEAD_SIZE:]) if is_held else None
            if ordinal is None:
                self.budget.give_back(len(frame))
                return False
            self.blobs.named(blobs, ordinal)
        return True

    # -- reading, by the sender ----------------------------------------------------------------

    @property
    def oldest_point(self) -> int:
        """The first ordinal that is still held."""
        return self.chain.first.base

    def held_from(self, ordinal: int) -> int:
        """*ordinal*, or the first after it that is held, if it is gone or damaged."""
        return self._reader.sound_from(ordinal)

    @property
    def marks(self) -> Marks:
        """What the store that was heard last has taken."""
        return self._cursor.latest

    @property
    def is_sealed(self) -> bool:
        """Whether nobody writes points any more."""
        return not self._reader.alive

    @property
    def limits(self) -> Marks:
        """
        Marks that no server can be beyond, unless it has more of this spool than lies here: all
        that was written. Costs a look at each slot.
        """
        return Marks(len(self.events), self._written())

    def _written(self) -> int:
        end = self.chain.first.base
        for segment in self.chain:
            known = last_known(segment) + 1
            end = segment.base + known if known else end
        return max(end, self.chain.reach) if self.chain.is_damaged else end

    @property
    def is_copy(self) -> bool:
        """Whether this is not the directory that the owner writes, or wrote, to."""
        made_in, path = self.header.inode, self.folder.path
        if not made_in or path is None:
            return False
        try:
            return path.stat().st_ino != made_in
        except OSError:  # somebody has removed it
            return False

    def sum_up(self) -> None:
        """Keep check sums of what waits; called at each turn of the sender."""
        self._summing.go_on(self.marks.points)

    def read_points(self, position: int, limit: int) -> RecordArray:
        """At most *limit* records from ordinal *position* on, as far as they are ready."""
        return self._reader.read(position, limit)

    def read_events(self, first: int, max_bytes: int) -> list[bytes]:
        """JSON texts of the events from *first* on; see `EventLog.read`."""
        found = self.events.read(first, max_bytes)
        if self._reader.certain is not None and DAMAGED in found:
            found = found[: found.index(DAMAGED)]
        return found

    def taken(self, store: str, marks: Marks) -> None:
        """The store *store* has all before *marks*: remember it, remove what is used up."""
        moved = self._cursor.move(store, marks)
        while self._is_used_up(self.chain.first, marks):
            self._retire(self.chain.first)
            moved = True
        if moved:
            self._cursor.save(self.folder)
            self.blobs.acked(marks.events)
            self.budget.give_back(self.events.forget(self.folder, marks.events))

    def _find_blobs(self) -> None:
        """Know the blobs of a spool whose owner is dead; those that are not needed go."""
        self.blobs.find(enumerate(self.events.read(0, sys.maxsize)))
        for event in self.rejected.events():
            self.blobs.spare(event)
        self.blobs.acked(self.marks.events)

    def _is_used_up(self, segment: Segment, marks: Marks) -> bool:
        return segment.full and segment.next is not None and segment.end <= marks.points

    def _retire(self, segment: Segment) -> None:
        segment.unmap()
        self._save_late(segment)
        segment.is_damaged |= self._reader.has_lost(segment.base, segment.end)
        self.chain.remove_first(self.budget)

    def _save_late(self, segment: Segment) -> None:
        """
        Look once more at the slots that were given up: a record that came late gets a new ordinal.
        Nobody can write any more, the segment is unmapped.
        """
        for ordinal in sorted(self._cursor.voids):
            if segment.base <= ordinal < segment.end:
                self._cursor.voids.discard(ordinal)
                records = segment.read(ordinal, 1)
                if is_filled(records).any() and records["mark"][0] != MARK_VOID:
                    if not self.append(*RECORD_INT.unpack(records.tobytes())):
                        logger.warning("a point that came late found no room and is lost")
                    segment.void(ordinal)

    def address_to(self, destination: str) -> None:
        """The server that was missing is at *destination*."""
        self.header = self.header.bound_for(destination)
        try:
            self.header.write(self.folder)
        except OSError as error:
            logger.debug("the destination was not noted: %s", error)

    def park(self, kind: str, ordinal: int, reason: str) -> bool:
        """Keep the refused event or point *ordinal* aside; False if it is there already."""
        if kind == "event":
            frame = b"".join(self.events.read(ordinal, 1)[:1])
            self.blobs.spare(frame)
        else:
            segment = self.chain.find(ordinal)
            frame = segment.read(ordinal, 1).tobytes() if segment is not None else b""
        return self.rejected.park(kind, ordinal, reason, frame)

    # -- when nobody writes any more ------------------------------------------------------------

    def seal(self) -> None:
        """The owner has ended or is dead: what lies here is all there will be."""
        if self.is_sealed:
            return
        segments = list(self.chain)
        for segment in segments:
            segment.unmap()
        self.append = self._append_sealed
        last, known = segments[0], -1
        for segment in reversed(segments):
            known = last_known(segment)
            if known >= 0:
                last = segment
                break
        self._end = last.base + known + 1
        self.chain.seal(last)
        self._reader.alive = False
        if self._reader.certain is None:
            for segment in segments:
                self._save_late(segment)
            self._mark_end()
        self._summing.finish(self.marks.points)
        if not self.is_copy and not self.is_delivered():
            self._cursor.holes = frozenset(self._holes())
            self._cursor.save(self.folder)

    def _mark_end(self) -> None:
        """Let a void stand behind points that are lost at the very end, so that it is told."""
        last = self._end - 1
        segment = self.chain.find(last)
        if segment is None:
            return
        if last >= segment.base + segment.held or self.held_from(last) > last:
            self._append_sealed(0, 0.0, 0, 0, MARK_VOID)

    def _holes(self) -> Iterator[int]:
        for segment in self.chain:
            end = min(segment.base + segment.held, self._end)
            begin = max(segment.base, self.marks.points)
            for first in range(begin, end, HOLES_AT_A_TIME):
                records = segment.read(first, min(HOLES_AT_A_TIME, end - first))
                yield from (first + int(i) for i in np.flatnonzero(~is_filled(records)))

    def _tell_damage(self) -> None:
        """Say once what of a spool that was taken over is not as it was written."""
        if self.events.lost or self.events.mended:
            logger.warning(
                "the spool %s is damaged: %d events are lost, %d were mended",
                self.folder.path,
                len(self.events.lost),
                len(self.events.mended),
            )

    def _append_sealed(self, x: int, y: float, wall_ns: int, channel: int, mark: int) -> bool:
        tail = self.chain.tail
        if self._end >= tail.end:
            tail.full = True
            grown = self.chain.grow(FIRST_SIZE, self.budget)
            if grown is None:
                return False
            tail = grown
        tail.write(self._end, RECORD_INT.pack(x, y, wall_ns, channel, mark))
        self._end += 1
        return True

    # -- the end --------------------------------------------------------------------------------

    def close(self) -> None:
        """Leave the spool; its directory goes if a server has all that ever was in it."""
        self.events.write_last()
        self.was_delivered = self.is_delivered()
        if self.was_delivered and not self.rejected.count and not self._is_damaged:
            with contextlib.suppress(OSError):
                self.folder.remove_all()
        self.abandon()

    @property
    def _is_damaged(self) -> bool:
        events_or_points = self.events.is_damaged or self._reader.is_damaged
        return events_or_points or self.chain.is_damaged or self.blobs.is_damaged

    def abandon(self) -> None:
        """Close descriptors and maps and let go of the lock; nothing on the disk changes."""
        self.chain.close()
        self.events.close()
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1

    def is_delivered(self) -> bool:
        """Whether the store that was heard last has every event and every point."""
        marks = self._cursor.latest
        if marks.events < len(self.events) or self.doubtful:
            return False
        return not len(self.read_points(self.held_from(marks.points), 1))

    @property
    def doubtful(self) -> int:
        """How many points of a copy are not read, as its owner may know more of them; 0 if none."""
        if self._reader.certain is None:
            return 0
        position = self.marks.points
        while len(records := self.read_points(self.held_from(position), MANY)):
            position = self.held_from(position) + len(records)
        return max(0, self._written() - position)
