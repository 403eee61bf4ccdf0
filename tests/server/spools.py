"""A spool as the SDK has one: events and points with their ordinals, cut into batches."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson

from agnez_client.protocol import (
    MARK_FLOAT,
    MARK_INT,
    RECORD,
    UNKNOWN_STORE,
    Batch,
    RecordArray,
    new_ulid,
)

WALL_US = 1_763_736_000_000_000


def records(
    ys: Sequence[float], *, x0: int = 0, channel: int = 0, xs: Sequence[float] | None = None
) -> RecordArray:
    """Points of one channel: x counts up from *x0*, or is *xs* as floats."""
    found = np.zeros(len(ys), RECORD)
    found["y"], found["channel"] = ys, channel
    found["wall_ns"] = (WALL_US + np.arange(len(ys))) * 1000
    if xs is None:
        found["x"], found["mark"] = np.arange(x0, x0 + len(ys)), MARK_INT
    else:
        found["x"], found["mark"] = np.array(xs, np.float64).view(np.int64), MARK_FLOAT
    return found


class Spool:
    """One process's spool of a run, with all that was ever written to it."""

    def __init__(self, run: str | None = None, *, rank: int = 0, session: int = WALL_US,
                 channels: Sequence[str] = ("loss",), **fields: Any) -> None:  # fmt: skip
        self.id, self.run = os.urandom(16), run or new_ulid()
        self.rank, self.session = rank, session
        self.store = UNKNOWN_STORE
        self.events: list[bytes] = []
        self.points = np.empty(0, RECORD)
        self.event("run", id=self.run, started=session, **fields)
        for number, name in enumerate(channels):
            self.event("channel", n=number, name=name, type="NUMERIC")

    def event(self, kind: str, **fields: Any) -> None:
        """Write one event."""
        event = {"kind": kind, "at": time.time_ns() // 1000, **fields}
        self.events.append(orjson.dumps(event))

    def send(self, *ys: float, channel: int = 0) -> None:
        """Write points; x counts up."""
        self.write(records(ys, x0=len(self.points), channel=channel))

    def write(self, points: RecordArray) -> None:
        """Write point records."""
        self.points = np.concatenate([self.points, points])

    def batch(self, first: int = 0, end: int | None = None, *, first_event: int = 0,
              end_event: int | None = None, oldest: int = 0) -> Batch:  # fmt: skip
        """Points ``first <= ordinal < end`` and events from *first_event* on, as a batch."""
        return Batch(
            spool=self.id, run=self.run, session=self.session, rank=self.rank, store=self.store,
            first_event=first_event, events=self.events[first_event:end_event],
            oldest_point=oldest, first_point=first, points=self.points[first:end],
        )  # fmt: skip

    def heartbeat(self) -> Batch:
        """A batch with nothing in it."""
        return Batch(self.id, self.run, self.session, self.rank, self.store)
