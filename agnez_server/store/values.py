"""What goes into a store and comes out of it: plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Axis = Literal["x", "wall"]
FloatColumn = npt.NDArray[np.float64]
IntColumn = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Series:
    """A series: one channel's points of one session and rank. ``channel`` is its number in run."""

    id: int
    run: str
    channel: int
    session: int
    rank: int


@dataclass(frozen=True, slots=True)
class SeriesStats:
    """
    Running figures of one series, over committed points.

    ``min`` and ``max`` are of finite y, None when there is none. ``last_x``, ``last_y`` and
    ``last_wall`` (µs UTC) belong to the newest ordinal; None when ``count`` is 0. ``min_x``,
    ``max_x``, ``min_wall`` and ``max_wall`` span all points.
    """

    count: int = 0
    nan: int = 0
    inf: int = 0
    min: float | None = None
    max: float | None = None
    last_x: float | int | None = None
    last_y: float | None = None
    last_wall: int | None = None
    min_x: float | int | None = None
    max_x: float | int | None = None
    min_wall: int | None = None
    max_wall: int | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """
    Points as columns of equal length: x (int64 where every x is one, else float64), y, wall µs UTC.

    ``ordinal`` is the position within the series, in the order sent. ``exact``: every point of the
    range is here; otherwise first, last, min and max (finite y) of each bucket. ``total`` counts
    all points of the series that were committed when this was read: the cursor for what follows.
    """

    x: npt.NDArray[Any]
    y: FloatColumn
    wall: IntColumn
    ordinal: IntColumn
    exact: bool
    total: int


@dataclass(frozen=True, slots=True)
class BlobRef:
    """A blob that something names: ``sha256`` 64 hex digits, ``size`` bytes, ``mime`` its type."""

    sha256: str
    size: int
    mime: str


@dataclass(frozen=True, slots=True)
class Entry:
    """
    A point whose value is no number, as a series holds it.

    ``ordinal`` is the position within the series, in the order sent. ``wall`` is µs UTC. ``body``
    is a JSON object, at most `MAX_ENTRY_BYTES` long as text.
    """

    ordinal: int
    x: int | float
    wall: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Steps:
    """
    Where the entries of a series lie, without their bodies, in the order sent.

    ``x`` ``(N,)`` int64 or float64, ``wall`` int64 ``(N,)`` µs UTC; the ordinal is the place.
    """

    x: npt.NDArray[Any]
    wall: IntColumn


@dataclass(frozen=True, slots=True)
class Line:
    """
    A line of console output.

    ``number`` counts within (session, rank), both streams together, from 0. ``wall`` is µs UTC.
    """

    session: int
    rank: int
    number: int
    wall: int
    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a spool was taken: the next event and the next point ordinal that are wanted."""

    events: int = 0
    points: int = 0
    state: Mapping[str, Any] = field(default_factory=dict)
    """Small JSON mapping kept beside the mark (the spool's channel numbers, for instance)."""


class Appended(NamedTuple):
    """Points of one series which were committed: ordinals ``start <= ordinal < end``."""

    series: Series
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DocChanged:
    """A document that was committed; ``after`` is None when it was removed."""

    table: str
    doc_id: int
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Committed:
    """What one commit brought, told to listeners on the event loop after the commit."""

    docs: Sequence[DocChanged]
    points: Sequence[Appended]
    entries: Sequence[Appended] = ()
    """Entries by series; `Appended` counts them as it counts points."""
    consoles: frozenset[str] = frozenset()
    """Runs that have new lines of console output."""


@dataclass(frozen=True, slots=True)
class StoreStats:
    """Figures of the running store; durations in seconds, sizes in bytes."""

    commits: int
    last_commit_s: float
    last_seal_s: float
    tail_points: int
    log_bytes: int
    wal_bytes: int
    file_bytes: int
    read_only: str | None
    """Why the store takes no writes at present (a full disk), None when it does."""
    damaged_points: int = 0
    """Points that were found unreadable, because bits on the disk have changed."""
    blobs: int = 0
    blob_bytes: int = 0
    damaged_blobs: int = 0
    """Blobs that were found damaged, and were not put again."""
    damage: str | None = None
    """What was found broken when the store opened, in one sentence."""
