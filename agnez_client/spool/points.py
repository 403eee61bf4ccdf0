"""
Reading the points of a spool while its owner writes, holes included.

A hole is a slot that was claimed and not filled: a thread is between the two, or a Ctrl-C fell
there. The reader waits at a hole while the owner lives, gives it up after `PATIENCE_S`, and ships a
void record in its place.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from agnez_client.protocol import MARK_FLOAT, MARK_INT, MARK_VOID, RECORD, RecordArray
from agnez_client.spool.chain import Chain
from agnez_client.spool.segment import Segment
from agnez_client.spool.sums import mended, sums_of

logger = logging.getLogger(__name__)

PATIENCE_S: Final = 5.0
_FIRST_STEP: Final = 256
_LAST_STEP: Final = 8192
"""Slots looked at in one go: few at first, there is often nothing new."""
_TRIES: Final = 64
"""So many damaged records in a row are tried to be mended: a page of rubbish never can be."""
_NONE: Final = np.empty(0, RECORD)


class PointReader:
    """
    Args:
        chain: What to read.
        voids: Ordinals given up so far; added to.
        now: A clock that only goes forward, s.

    Attributes:
        alive: Whether somebody may still write. Otherwise no hole is filled any more.
        certain: None, or the only holes that are passed over: what is read is a copy, whose owner
            may know more, and is read up to the first place that is in doubt.
    """

    def __init__(
        self,
        chain: Chain,
        voids: set[int],
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._chain, self._voids, self._now = chain, voids, now
        self.alive = True
        self.certain: frozenset[int] | None = None
        self._lost: dict[int, int] = {}
        self._mended: set[int] = set()
        self._seen: dict[int, float] = {}

    def read(self, position: int, limit: int) -> RecordArray:
        """At most *limit* records from ordinal *position* on, as far as they are ready."""
        parts: list[RecordArray] = []
        step = _FIRST_STEP
        segment = self._chain.find(position)
        while limit > 0 and segment is not None:
            want = min(limit, segment.base + segment.held - position, step)
            if want <= 0:
                following = segment.next if segment.full else None
                segment = following if following and following.base == position else None
                continue
            records = self._sound(segment, position, segment.read(position, want))
            records = self._settle(segment, position, records)
            parts.append(records)
            position, limit = position + len(records), limit - len(records)
            if len(records) < want:
                break
            step = min(2 * step, _LAST_STEP)
        return np.concatenate(parts) if parts else _NONE

    @property
    def is_damaged(self) -> bool:
        """Whether points were found that are not what was written, and can't be mended."""
        return bool(self._lost)

    def has_lost(self, first: int, end: int) -> bool:
        """Whether such points were found from the ordinal *first* to before *end*."""
        return any(first <= ordinal < end for ordinal in self._lost)

    def sound_from(self, ordinal: int) -> int:
        """*ordinal*, or the first after it that is here and is what was written."""
        if self.certain is not None:
            return max(ordinal, self._chain.first.base)
        while True:
            ordinal = self._chain.held_from(ordinal)
            segment = self._chain.find(ordinal)
            if segment is None or not segment.sums.covers(ordinal):
                return ordinal
            count = min(_LAST_STEP, segment.base + segment.held - ordinal)
            lost = self._leading_lost(segment, ordinal, segment.read(ordinal, count))
            if not lost:
                return ordinal
            ordinal += lost

    def _leading_lost(self, segment: Segment, first: int, records: RecordArray) -> int:
        """How many of *records*, from the first on, are neither sound nor to be mended."""
        known = segment.sums.read(first, len(records))
        differ = (known != 0) & (known != sums_of(first, records))
        run = len(differ) if differ.all() else int(np.flatnonzero(~differ)[0])
        for i in range(min(run, _TRIES)):
            if mended(first + i, records[i : i + 1], int(known[i])) is not None:
                run = i
                break
        if run and first not in self._lost:
            self._lost[first] = run
            logger.warning("%d points from %d on were damaged in the spool: a gap", run, first)
        return run

    def _sound(self, segment: Segment, position: int, records: RecordArray) -> RecordArray:
        """The leading *records* that are what was written, mended where that is possible."""
        if not segment.sums.covers(position):
            return records
        known = segment.sums.read(position, len(records))
        differ = np.flatnonzero((known != 0) & (known != sums_of(position, records)))
        if not len(differ):
            return records
        records = records.copy()
        for i in map(int, differ):
            whole = mended(position + i, records[i : i + 1], int(known[i]))
            if whole is None:
                return records[:i]
            if not self._mended:
                logger.warning("a bit of the point %d had flipped in the spool", position + i)
            self._mended.add(position + i)
            records[i : i + 1] = whole
        return records

    def _settle(self, segment: Segment, position: int, records: RecordArray) -> RecordArray:
        """The leading records that can be shipped, holes that were given up made void."""
        filled = is_filled(records)
        if filled.all() and not self._seen:
            return records
        claimed = len(records) if segment.full else last_filled(filled) + 1
        holes = np.flatnonzero(~filled[:claimed])
        self._look_at([position + int(i) for i in holes], position, len(records))
        records = records[:claimed].copy()
        for hole in holes:
            if not self._is_given_up(position + int(hole)):
                return records[:hole]
            records["mark"][hole] = MARK_VOID
        return records

    def _look_at(self, holes: list[int], position: int, count: int) -> None:
        """Remember since when each of *holes* is one; they are all in the slots that were read."""
        now = self._now()
        others = {h: t for h, t in self._seen.items() if not position <= h < position + count}
        self._seen = others | {h: self._seen.get(h, now) for h in holes}

    def _is_given_up(self, ordinal: int) -> bool:
        if self.certain is not None:
            return ordinal in self.certain
        if ordinal not in self._voids:
            if self.alive and self._now() - self._seen[ordinal] < PATIENCE_S:
                return False
            self._voids.add(ordinal)
            self._seen.pop(ordinal, None)
        return True


def is_filled(records: RecordArray) -> npt.NDArray[np.bool_]:
    """Which records carry a mark, point or void; a torn mark is none."""
    marks: npt.NDArray[np.uint32] = records["mark"]
    filled: npt.NDArray[np.bool_] = marks == MARK_INT
    if not filled.all():
        filled |= (marks == MARK_FLOAT) | (marks == MARK_VOID)
    return filled


def last_filled(filled: npt.NDArray[np.bool_]) -> int:
    """The index of the last true value, -1 if there is none."""
    places = np.flatnonzero(filled)
    return int(places[-1]) if len(places) else -1


def last_known(segment: Segment) -> int:
    """The index of the last slot of *segment* that is filled, or was when it was summed; or -1."""
    filled = last_filled(is_filled(segment.read(segment.base, segment.capacity)))
    sums = segment.sums.read(segment.base, segment.capacity)
    return max(filled, last_filled(sums != 0))
