"""The keeping of check sums, by the sender's thread: once a second, of what no server has yet."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from agnez_client.spool.chain import Chain
from agnez_client.spool.points import is_filled, last_filled
from agnez_client.spool.segment import Segment
from agnez_client.spool.sums import sums_of

EVERY_S: Final = 1.0
PATIENCE_S: Final = 5.0
"""How long a hole is waited for; then what lies behind it is summed."""
_STEP: Final = 8192
_STEPS: Final = 16
"""Slots in one go, and how often in a turn of the sender: together about 2 ms."""

logger = logging.getLogger(__name__)


class Summing:
    """
    Goes over the points of *chain* once, behind those who write them.

    Args:
        chain: What is summed.
        now: A clock that only goes forward, s.

    Attributes:
        position: All that is filled before this ordinal is summed, or was taken by a server.
    """

    def __init__(self, chain: Chain, now: Callable[[], float] = time.monotonic) -> None:
        self._chain, self._now = chain, now
        self._due = now() + EVERY_S
        self._stuck_since = now()
        self.position = 0

    def go_on(self, acked: int) -> None:
        """Sum what has come, at most every second; *acked*: a server has all before it."""
        now = self._now()
        if now < self._due:
            return
        self.position = max(self.position, acked, self._chain.first.base)
        for _ in range(_STEPS):
            if not self._step(wait=now - self._stuck_since < PATIENCE_S):
                self._due = now + EVERY_S
                return

    def finish(self, acked: int) -> None:
        """Nobody writes any more: sum all that is not."""
        self.position = max(self.position, acked, self._chain.first.base)
        while self._step(wait=False):
            pass

    def _step(self, *, wait: bool) -> bool:
        """Sum some slots; False when there is nothing more to do now."""
        segment = self._chain.find(self.position)
        if segment is None:
            return False
        count = min(_STEP, segment.base + segment.held - self.position)
        if count <= 0:
            return self._skip(segment)
        records = segment.read(self.position, count)
        known = segment.sums.read(self.position, len(records))
        filled = is_filled(records)
        if not filled.any() and not segment.full:
            return False
        try:
            sums = np.where(filled, sums_of(self.position, records), 0)
            behind = last_filled(filled) + 1
            fresh = np.where(known != 0, known, sums).astype(np.uint32)
            segment.sums.write(self.position, fresh[:behind])
        except OSError as error:
            logger.debug("check sums were not written: %s", error)
            return False
        return self._advance(segment, filled, behind, wait=wait)

    def _skip(self, segment: Segment) -> bool:
        """The file of *segment* was cut: go on behind it."""
        self.position = segment.end
        return segment.next is not None

    def _advance(
        self, segment: Segment, filled: npt.NDArray[np.bool_], behind: int, *, wait: bool
    ) -> bool:
        """Go behind what was summed: as far as there is no hole that may still be filled."""
        through = len(filled) if segment.full else behind
        if wait:
            holes = np.flatnonzero(~filled[:through])
            through = int(holes[0]) if len(holes) else through
        if through:
            self.position += through
            self._stuck_since = self._now()
        return bool(through) and through == len(filled)
