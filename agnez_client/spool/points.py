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
_STEP: Final = 2048
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
        segment = self._chain.find(position)
        while limit > 0 and segment is not None:
            want = min(limit, segment.end - position, _STEP)
            if want == 0:
                segment = segment.next if segment.full else None
                continue
            records = self._settle(segment, position, segment.read(position, want))
            parts.append(records)
            position, limit = position + len(records), limit - len(records)
            if len(records) < want:
                break
        return np.concatenate(parts) if parts else _NONE

    def _settle(self, segment: Segment, position: int, records: RecordArray) -> RecordArray:
        """The leading records that can be shipped, holes that were given up made void."""
        filled = is_filled(records)
        if filled.all():
            self._seen = {}
            return records
        claimed = len(records) if segment.full else last_filled(filled) + 1
        holes = np.flatnonzero(~filled[:claimed])
        now = self._now()
        self._seen = {h: self._seen.get(h, now) for h in (position + int(i) for i in holes)}
        records = records[:claimed].copy()
        for hole in holes:
            if not self._is_given_up(position + int(hole), now):
                return records[:hole]
            records["mark"][hole] = MARK_VOID
        return records

    def _is_given_up(self, ordinal: int, now: float) -> bool:
        if ordinal not in self._voids:
            if self.alive and now - self._seen[ordinal] < PATIENCE_S:
                return False
            self._voids.add(ordinal)
        return True


def is_filled(records: RecordArray) -> npt.NDArray[np.bool_]:
    """Which records carry a mark, point or void; a torn mark is none."""
    marks = records["mark"]
    filled: npt.NDArray[np.bool_] = np.isin(marks, (MARK_INT, MARK_FLOAT, MARK_VOID))
    return filled


def last_filled(filled: npt.NDArray[np.bool_]) -> int:
    """The index of the last true value, -1 if there is none."""
    places = np.flatnonzero(filled)
    return int(places[-1]) if len(places) else -1
