"""The segments of one spool, one after the other, and the making of further ones."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Final

from agnez_client.errors import SpoolError
from agnez_client.spool.budget import Budget
from agnez_client.spool.files import Folder
from agnez_client.spool.segment import (
    FIRST_SIZE,
    LARGEST_SIZE,
    SEGMENT_PREFIX,
    Blank,
    Segment,
    base_of,
    open_segment,
)

AHEAD: Final = 2
"""Segments that stand ready behind the one in use, so that a burst finds room."""
_OF_ONE_SIZE: Final = 16
"""So many segments wait, then a burst makes larger ones: each takes two descriptors of training's.
"""

logger = logging.getLogger(__name__)


class Chain:
    """
    Segments linked by ``next`` from ``first`` to ``tail``, their ordinals without a gap.

    Writers follow the links without a lock. Segments are added by the sender ahead of time, or by
    `send()` itself when a burst has outrun the sender.

    Attributes:
        is_damaged: A file among the segments could not be read, or was cut.
        reach: The ordinal behind all segments that were found.
    """

    def __init__(self, folder: Folder, spool: bytes, first: Segment) -> None:
        self._folder, self._spool = folder, spool
        self._lock = threading.RLock()
        self._linker: int | None = None
        self._next_size = 2 * FIRST_SIZE
        self.is_damaged = False
        self.reach = first.end
        self.first = self.tail = first

    @classmethod
    def create(cls, folder: Folder, spool: bytes, budget: Budget) -> Chain:
        """
        The first segment of a new spool and those ahead of it.

        Raises:
            OSError: If there is no room for one segment.
        """
        if not budget.allows(FIRST_SIZE):
            raise SpoolError("the spools of this user have reached their limit")
        chain = cls(folder, spool, Blank(folder, FIRST_SIZE).become(spool, 0))
        chain.prepare(chain.first, budget)
        return chain

    @classmethod
    def open(cls, folder: Folder, spool: bytes) -> Chain:
        """
        The segments of a spool whose owner is gone. A file that is none is left out and left
        alone, one that is cut is read as far as it goes; ``is_damaged`` tells of both. Without any
        segment the chain is one without a slot.
        """
        found: list[Segment] = []
        is_damaged = False
        names = [name for name in folder.names() if name.startswith(SEGMENT_PREFIX)]
        for name, following in zip(names, [*names[1:], None], strict=True):
            try:
                found.append(open_segment(folder, name, spool, _base(folder, following)))
            except OSError as error:
                is_damaged = True
                logger.warning("a segment is left out: %s", error)
                continue
            if found[-1].is_damaged:
                is_damaged = True
                logger.warning("%s is damaged: %s", folder.path, found[-1].state)
        if not found:
            found.append(Segment(-1, "", 0, 0))
        chain = cls(folder, spool, found[0])
        chain.is_damaged = is_damaged
        for segment in found[1:]:
            chain.tail.full = True
            chain.tail.next = segment
            chain.tail = segment
        chain.reach = chain.tail.end
        return chain

    def __iter__(self) -> Iterator[Segment]:
        segment: Segment | None = self.first
        while segment is not None:
            yield segment
            segment = segment.next

    def prepare(self, current: Segment, budget: Budget) -> bool:
        """Let segments stand ready behind *current*; False if the room was refused."""
        ahead, segment = 0, current
        while segment.next is not None:
            ahead, segment = ahead + 1, segment.next
        while ahead < AHEAD:
            if self.grow(self._next_size, budget) is not None:
                self._next_size = min(2 * self._next_size, LARGEST_SIZE)
            elif self.grow(FIRST_SIZE, budget) is None:
                return False
            ahead += 1
        return True

    def grow_in_burst(self, budget: Budget) -> Segment | None:
        """One more segment, made inside `send()`: the more are waiting, the larger it is."""
        waiting = sum(1 for _ in self)
        size = min(FIRST_SIZE << waiting // _OF_ONE_SIZE, LARGEST_SIZE)
        grown = self.grow(size, budget)
        return grown or (self.grow(FIRST_SIZE, budget) if size > FIRST_SIZE else None)

    def grow(self, size: int, budget: Budget) -> Segment | None:
        """One more segment of *size* bytes at the end; None if the disk or a limit refuses it."""
        if not budget.allows(size):
            return None
        try:
            blank = Blank(self._folder, size)
        except OSError as error:
            logger.debug("no room for a segment of %d bytes: %s", size, error)
            budget.give_back(size)
            return None
        return self._link(blank)

    @property
    def is_linking_here(self) -> bool:
        """Whether this thread adds a segment right now, and a signal's handler interrupts it."""
        return self._linker == threading.get_ident()

    def _link(self, blank: Blank) -> Segment | None:
        with self._lock:
            if self.is_linking_here:
                blank.discard()
                return None
            self._linker = threading.get_ident()
            try:
                return self._append(blank)
            finally:
                self._linker = None

    def _append(self, blank: Blank) -> Segment | None:
        while self.tail.next is not None:  # a Ctrl-C fell between the two links below
            self.tail = self.tail.next
        try:
            segment = blank.become(self._spool, self.tail.end)
        except OSError as error:
            logger.debug("a segment could not be given its place: %s", error)
            blank.discard()
            return None
        self.tail.next = segment
        self.tail = segment
        return segment

    def find(self, ordinal: int) -> Segment | None:
        """The segment that holds the slot *ordinal*; None if it is gone or not there yet."""
        for segment in self:
            if segment.base <= ordinal < segment.end:
                return segment
        return None

    def held_from(self, ordinal: int) -> int:
        """*ordinal* if its slot is here or not made yet, else the first slot after it."""
        for segment in self:
            if ordinal < segment.base + segment.held:
                return max(ordinal, segment.base)
        return ordinal

    def remove_first(self, budget: Budget) -> None:
        """
        Close the first segment and remove its file, unless that is damaged; it must not be the only
        one.
        """
        gone = self.first
        assert gone.next is not None
        self.first = gone.next
        gone.close()
        if gone.name and not gone.is_damaged:
            self._folder.remove(gone.name)
            gone.sums.remove()
        budget.give_back(gone.size)

    def seal(self, last: Segment) -> None:
        """No record stands behind the segment *last*: remove what does, all before it is full."""
        spare, last.next = last.next, None
        self.tail = last
        for segment in self:
            segment.full = segment is not last
        while spare is not None:
            spare.close()
            if not spare.is_damaged:
                self._folder.remove(spare.name)
            spare = spare.next

    def close(self) -> None:
        """Unmap and close all segments; their files stay."""
        for segment in self:
            segment.close()


def _base(folder: Folder, name: str | None) -> int | None:
    """The first ordinal of the segment *name*; None without one, or if its name is none."""
    if name is None or folder.path is None:
        return None
    try:
        return base_of(folder.path / name)
    except SpoolError:
        return None
