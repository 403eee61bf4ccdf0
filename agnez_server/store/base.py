"""
What a store promises; `sqlite.py` is the one that runs, the conformance suite checks any.

One owner: every method that changes something is called on the event loop. Views and raw reads
are thread-safe and may block on disk: call them in a worker thread.

Documents are TinyDB documents, two handles over one set of tables: `docs` is ahead by what is not
committed yet and only a change function touches it; `committed` is what readers see.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy.typing as npt
from tinydb import TinyDB

from agnez_server.store.values import (
    Appended,
    Axis,
    BlobRef,
    Columns,
    Committed,
    DocChanged,
    Entry,
    FloatColumn,
    IntColumn,
    Line,
    Mark,
    Series,
    SeriesStats,
    Steps,
    StoreStats,
)

__all__ = [
    "Appended",
    "Axis",
    "BlobRef",
    "Change",
    "Columns",
    "Committed",
    "DocChanged",
    "Entry",
    "FloatColumn",
    "IntColumn",
    "Line",
    "Mark",
    "Series",
    "SeriesStats",
    "Steps",
    "Store",
    "StoreStats",
    "raw_pages",
]

T = TypeVar("T")


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

    def append_block(
        self,
        series: Sequence[int],
        ends: Sequence[int],
        x: npt.NDArray[Any],
        y: FloatColumn,
        wall: IntColumn,
    ) -> None:
        """
        As `append` for each of *series*: the points of the i-th lie before ``ends[i]`` and after
        those of the one before it; *ends* never decrease and the last is ``N``.

        The columns are kept, not copied: the caller leaves them alone from now on. For many short
        series this costs a fraction of appending to each.
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
        """
        Let *blobs* live as long as *run*: something else of it names them. An owner that is no run
        keeps them until `release_blobs`.
        """

    def release_blobs(self, owner: str, sha256s: Iterable[str]) -> None:
        """
        The inverse of `keep_blobs`: *owner* names these no more. What it does not name is passed
        over. A blob that nobody names is collected, an hour after it was put or asked for.
        """

    def put_lines(self, run: str, lines: Iterable[Line]) -> None:
        """Add lines of console output of *run*; one that is there already is replaced."""

    def mark(self, spool: bytes) -> Mark:
        """The mark of *spool*, ahead by what is not committed yet; a fresh one if unknown."""

    def set_mark(self, spool: bytes, run: str, mark: Mark) -> None:
        """Move the mark of *spool*; it lives as long as *run*."""

    def delete_run(self, run: str) -> None:
        """Remove the points, series and marks of *run*, leaving a tombstone."""

    def on_undo(self, step: Callable[[], None]) -> None:
        """Call *step* should this change be taken back: it raised, or could not be written."""


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

    @abstractmethod
    def entries(self, series: int, after: int, limit: int) -> list[Entry]:
        """At most *limit* entries with ``ordinal >= after``, in the order sent."""

    @abstractmethod
    def pick_entries(self, series: int, ordinals: Sequence[int]) -> list[Entry]:
        """The entries with these ordinals that there are, in the order of the ordinals."""

    @abstractmethod
    def steps(self, series: int) -> Steps:
        """Where all entries of *series* lie; empty for an unknown series."""

    # -- console: thread-safe, may block on disk ----------------------------------------------

    @abstractmethod
    def lines(
        self, run: str, session: int, rank: int, first: int, limit: int, find: str = ""
    ) -> list[Line]:
        """
        At most *limit* lines with ``number >= first``, by number; with *find* only those that hold
        it, whatever the case.
        """

    @abstractmethod
    def consoles(self, run: str) -> list[tuple[int, int, int]]:
        """Who wrote console output: session, rank, and how many lines; oldest session first."""

    # -- blobs --------------------------------------------------------------------------------

    @abstractmethod
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

    @abstractmethod
    def has_blobs(self, sha256s: Iterable[str]) -> set[str]:
        """Which of these blobs are here; their hour begins anew. Quick enough for the loop."""

    @abstractmethod
    def blob(self, sha256: str) -> BlobRef | None:
        """What is known about a blob; None if it is not here. Quick enough for the loop."""

    @abstractmethod
    def blob_runs(self, sha256: str) -> list[str]:
        """The runs, and other owners, that name this blob."""

    @abstractmethod
    def read_blob(self, sha256: str, start: int, size: int) -> bytes:
        """
        At most *size* bytes from *start*; thread-safe, may block. Empty past the end.

        Raises:
            NotFound: If the blob is not here.
            BlobDamaged: If it is not what was put; from then on it counts as missing, and what is
                put under its name is kept anew.
        """

    @abstractmethod
    def blob_file(self, sha256: str) -> Path | None:
        """
        The file that holds exactly this blob, where there is one (large ones); thread-safe, may
        block. It is never changed; it may be removed when nothing names the blob any more.

        Raises:
            BlobDamaged: If the file is gone or cut.
        """

    @abstractmethod
    async def collect_blobs(self, unnamed_for_s: float = 3600.0) -> int:
        """
        Remove blobs that no run names and nobody put or asked for that long; bytes freed.

        The store does so by itself from time to time. While a backup is made it does nothing.
        """

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
