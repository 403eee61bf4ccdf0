"""
Reading the points of a spool while its owner writes, holes included.

A hole is a slot that was claimed and not filled: a thread is between the two, or a Ctrl-C fell
there. The reader waits at a hole while the owner lives, gives it up after `PATIENCE_S`, and ships a
void record in its place.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from agnez_client.protocol import MARK_FLOAT, MARK_INT, MARK_VOID, RECORD, RecordArray
from agnez_client.spool.chain import Chain
from agnez_client.spool.segment import Segment

PATIENCE_S: Final = 5.0
_FIRST_STEP: Final = 256
_LAST_STEP: Final = 8192
"""Slots looked at in one go: few at first, there is often nothing new."""
_NONE: Final = np.empty(0, RECORD)


class PointReader:
    """
    Args:
        chain: What to read.
        voids: Ordinals given up so far; added to.
        now: A clock that only goes forward, s.

    Attributes:
        alive: Whether somebody may still write. Otherwise no hole is filled any more.
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
        self._seen: dict[int, float] = {}

    def read(self, position: int, limit: int) -> RecordArray:
        """At most *limit* records from ordinal *position* on, as far as they are ready."""
        parts: list[RecordArray] = []
        step = _FIRST_STEP
        segment = self._chain.find(position)
        while limit > 0 and segment is not None:
            want = min(limit, segment.end - position, step)
            if want == 0:
                following = segment.next if segment.full else None
                segment = following if following and following.base == position else None
                continue
            records = self._settle(segment, position, segment.read(position, want))
            parts.append(records)
            position, limit = position + len(records), limit - len(records)
            if len(records) < want:
                break
            step = min(2 * step, _LAST_STEP)
        return np.concatenate(parts) if parts else _NONE

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
        if ordinal not in self._voids:
            if self.alive and self._now() - self._seen[ordinal] < PATIENCE_S:
                return False
            self._voids.add(ordinal)
            del self._seen[ordinal]
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
