"""How far each run has come, and how fast: kept along, so that a list of runs costs no search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agnez_server.models import ChannelDoc
from agnez_server.store.base import SeriesStats

SYSTEM_PREFIX: Final = "system/"
"""Of the names of channels that say how the machine fares: their x is no step of the run."""


@dataclass(slots=True)
class Progress:
    """
    The numbers of a run's newest session: largest and smallest x, first and last wall, µs UTC.
    """

    session: int
    step: int | float
    first_x: int | float
    first_wall: int
    last_wall: int

    def eta_s(self, total_steps: int) -> float | None:
        """
        How long the rest of *total_steps* takes at this session's pace, in seconds.

        Steps are counted from 0: the step 1199 is the 1,200th. None before the second step.
        """
        done, took_us = self.step - self.first_x, self.last_wall - self.first_wall
        if done <= 0 or took_us <= 0:
            return None
        return max(0.0, (total_steps - 1 - self.step) * took_us / done / 1e6)


def counts(channel: ChannelDoc) -> bool:
    """Whether the x of *channel* is a step of the run."""
    return channel["type"] == "NUMERIC" and not channel["name"].startswith(SYSTEM_PREFIX)


def further(known: Progress | None, session: int, stats: SeriesStats) -> Progress | None:
    """*known* with the figures of one series of *session*."""
    low, high, begin, end = stats.min_x, stats.max_x, stats.min_wall, stats.max_wall
    if low is None or high is None or begin is None or end is None:
        return known
    if known is None or session > known.session:
        return Progress(session, high, low, begin, end)
    if session == known.session:
        known.step, known.first_x = max(known.step, high), min(known.first_x, low)
        known.first_wall = min(known.first_wall, begin)
        known.last_wall = max(known.last_wall, end)
    return known
