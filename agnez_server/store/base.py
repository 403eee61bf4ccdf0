"""
What a store promises; `sqlite.py` is the one that runs, the conformance suite checks any.

One owner: every method that changes something is called on the event loop. Views and raw reads
are thread-safe and may block on disk: call them in a worker thread.

Documents are TinyDB documents, two handles over one set of tables: `docs` is ahead by what is not
committed yet and only a change function touches it; `committed` is what readers see.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from tinydb import TinyDB

T = TypeVar("T")
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


@dataclass(frozen=True, slots=True)
class Appended:
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


class Change(Protocol):
    """What a change function works on. All of it is committed together, or none."""

    docs: TinyDB

    def open_series(self, run: str, channel: int, session: int, rank: int) -> Series:
        """The series with this key, made if it is new. Ids are never used twice."""

    def append(self, series: int, x: npt.NDArray[Any], y: FloatColumn, wall: IntColumn) -> None:
        """
        Append points, in the order given, after those which the series has.

        Args:
            series: Id from `open_series`.
            x: int64 or float64 ``(N,)``, finite. The caller has checked it.
            y: float64 ``(N,)``, NaN and infinities welcome.
            wall: int64 ``(N,)``, µs UTC.
        """

    def append_entries(
        self,
        series: int,
        x: Sequence[int | float],
        wall: Sequence[int],
        bodies: Sequence[bytes],
        blobs: Iterable[BlobRef] = (),
    ) -> None:
        """
        Append entries after those which the series has; a series holds points or entries.

        Args:
            series: Id from `open_series`. Its figures count entries: ``count``, ``last_x``,
                ``min_x`` and so on; ``last_y``, ``min`` and ``max`` stay None.
            x: Finite; int64 or float64.
            wall: µs UTC.
            bodies: JSON texts of objects.
            blobs: All blobs that *bodies* name; they live as long as the run. Each is there, see
                `Store.has_blobs`; the caller has checked it.
        """

    def keep_blobs(self, run: str, blobs: Iterable[BlobRef]) -> None:
        """Let *blobs* live as long as *run*: something else of it names them."""

    def put_lines(self, run: str, lines: Iterable[Line]) -> None:
        """Add lines of console output of *run*; one that is there already is replaced."""

    def mark(self, spool: bytes) -> Mark:
        """The mark of *spool*, ahead by what is not committed yet; a fresh one if unknown."""

    def set_mark(self, spool: bytes, run: str, mark: Mark) -> None:
        """Move the mark of *spool*; it lives as long as *run*."""

    def delete_run(self, run: str) -> None:
        """Remove the points, series and marks of *run*, leaving a tombstone."""


class Store(ABC):
    """See the module."""

    id: str
    """32 hex digits, made with the data directory; another id is another store."""
    docs: TinyDB
    committed: TinyDB

    @abstractmethod
    async def change(self, work: Callable[[Change], T]) -> T:
        """
        Run *work* now, on the loop; return its result when all it did is on disk.

        An exception of *work* undoes its changes and is raised again. Several calls share one
        commit.

        Raises:
            StoreReadOnly: If the disk is full or failing; nothing of *work* remains.
            StoreBusy: If more is waiting to be written than the backlog allows.
        """

    @abstractmethod
    def listen(self, listener: Callable[[Committed], None]) -> Callable[[], None]:
        """Call *listener* on the loop after each commit; returns a function that ends it."""

    @abstractmethod
    def series(self, run: str, channel: int | None = None) -> list[Series]:
        """Committed series of *run* (of one channel), oldest session first, then by rank."""

    @abstractmethod
    def stats(self, series: int) -> SeriesStats:
        """Committed figures of one series; zeros for an unknown one."""

    @abstractmethod
    def view(
        self,
        series: int,
        lo: float | None,
        hi: float | None,
        px: int,
        axis: Axis = "x",
    ) -> Columns:
        """
        The points with ``lo <= axis <= hi``, decimated for a plot that is *px* columns wide.

        Every point when at most ``4 * px`` lie in the range. Otherwise M4: every point of the
        range belongs to exactly one bucket, none wider than ``(hi - lo) / px``, and of each bucket
        the first, last, smallest and largest point are returned, ordered by the axis, ties by
        ordinal. NaN and infinity never hide a finite extreme; a bucket which holds them returns
        one of each kind as well. None as a bound is the end of the data. An empty series, or a
        range without points, gives empty columns.

        Source: Jugel et al. 2014, "M4: a visualization-oriented time series data aggregation".
        """

    @abstractmethod
    def raw(self, series: int, after: int, limit: int) -> Columns:
        """At most *limit* points with ``ordinal >= after``, in the order sent; always exact."""

    @abstractmethod
    def recent(self, series: int, after: int) -> Columns | None:
        """Points with ``ordinal >= after`` from memory; None if some are only on disk. Quick."""

    # -- entries: thread-safe, may block on disk ----------------------------------------------

    def entries(self, series: int, after: int, limit: int) -> list[Entry]:
        """At most *limit* entries with ``ordinal >= after``, in the order sent."""
        raise NotImplementedError

    def pick_entries(self, series: int, ordinals: Sequence[int]) -> list[Entry]:
        """The entries with these ordinals that there are, in the order of the ordinals."""
        raise NotImplementedError

    def steps(self, series: int) -> Steps:
        """Where all entries of *series* lie; empty for an unknown series."""
        raise NotImplementedError

    # -- console: thread-safe, may block on disk ----------------------------------------------

    def lines(
        self, run: str, session: int, rank: int, first: int, limit: int, find: str = ""
    ) -> list[Line]:
        """
        At most *limit* lines with ``number >= first``, by number; with *find* only those that hold
        it, whatever the case.
        """
        raise NotImplementedError

    def consoles(self, run: str) -> list[tuple[int, int, int]]:
        """Who wrote console output: session, rank, and how many lines; oldest session first."""
        raise NotImplementedError

    # -- blobs --------------------------------------------------------------------------------

    async def put_blob(
        self, sha256: str, mime: str, data: AsyncIterable[bytes], limit: int
    ) -> BlobRef:
        """
        Keep *data* under its hash; when this returns it is on disk. Known already: *data* is read
        and dropped. Nothing names it yet: after an hour without a name it may be collected.

        Raises:
            BadRequest: If the hash of *data* is another one.
            TooLarge: If *data* is longer than *limit* bytes.
            StoreReadOnly: If the disk is full or failing.
        """
        raise NotImplementedError

    def has_blobs(self, sha256s: Iterable[str]) -> set[str]:
        """Which of these blobs are here; their hour begins anew. Quick enough for the loop."""
        raise NotImplementedError

    def blob(self, sha256: str) -> BlobRef | None:
        """What is known about a blob; None if it is not here. Quick enough for the loop."""
        raise NotImplementedError

    def blob_runs(self, sha256: str) -> list[str]:
        """The runs that name this blob."""
        raise NotImplementedError

    def read_blob(self, sha256: str, start: int, size: int) -> bytes:
        """At most *size* bytes from *start*; thread-safe, may block. Empty past the end."""
        raise NotImplementedError

    def blob_file(self, sha256: str) -> Path | None:
        """The file that holds exactly this blob, where there is one (large ones)."""
        raise NotImplementedError

    async def collect_blobs(self, unnamed_for_s: float = 3600.0) -> int:
        """Remove blobs that no run names and nobody put or asked for that long; bytes freed."""
        raise NotImplementedError

    # -----------------------------------------------------------------------------------------

    @abstractmethod
    def is_deleted(self, run: str) -> bool:
        """Whether *run* was deleted: its id is not to be used again."""

    @abstractmethod
    def run_bytes(self, run: str) -> int:
        """Estimated size on disk of *run*'s points, entries, lines and blobs, bytes."""

    @abstractmethod
    def store_stats(self) -> StoreStats:
        """Figures of the running store."""

    @abstractmethod
    async def flush(self) -> None:
        """Wait until everything handed in so far is committed."""

    @abstractmethod
    async def seal(self) -> None:
        """Move what is in the log into sealed chunks now; for tests and before a backup."""

    @abstractmethod
    async def close(self) -> None:
        """Commit what is pending, checkpoint, release the directory. Idempotent."""


def raw_pages(store: Store, series: int, page: int = 65_536) -> Iterator[Columns]:
    """All points of *series* in the order sent, a page at a time."""
    after = 0
    while True:
        columns = store.raw(series, after, page)
        if not len(columns.x):
            return
        yield columns
        after = int(columns.ordinal[-1]) + 1
