"""
What is committed about series, in memory: who they are, their figures and their tails.

Changed on the event loop after a commit, and by the sealing thread after a seal; read from any
thread. One lock guards it all and is held for moments only.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from agnez_server.store.entries import Entries
from agnez_server.store.points import NO_POINTS, Block, Points
from agnez_server.store.tail import Piece, Tail, join_pieces
from agnez_server.store.tally import add
from agnez_server.store.values import Appended, Series, SeriesStats

POINT_BYTES = 24
"""Size of a point in memory; in the log it takes as much or less."""


@dataclass(slots=True)
class Account:
    """
    One series: figures of its sealed points, their size on disk, and its tail.

    Of a series that holds entries, the figures of all of them; its tail stays empty.
    """

    series: Series
    sealed: SeriesStats = field(default_factory=SeriesStats)
    sealed_bytes: int = 0
    tail: Tail = field(default_factory=Tail)
    seen_s: float = 0.0
    """When the clock said that it last had points."""


@dataclass(frozen=True, slots=True)
class TailView:
    """The unsealed points of a series as they were at one moment."""

    start: int
    points: Points

    @property
    def end(self) -> int:
        """Ordinal after the last point."""
        return self.start + len(self.points)


@dataclass(frozen=True, slots=True)
class Unsealed:
    """A series with a tail, as it was at one moment: *n* points in *pieces*, not joined yet."""

    account: Account
    start: int
    n: int
    pieces: list[Piece]

    def points(self) -> Points:
        """All of them."""
        return join_pieces(self.pieces)


@dataclass(frozen=True, slots=True)
class Sealed:
    """The oldest *n* points of a tail lie in chunks now; figures and size on disk, in all."""

    account: Account
    n: int
    figures: SeriesStats
    size: int


@dataclass(frozen=True, slots=True)
class LogRowSize:
    """A row of the log: its id, and its size in bytes (0 when a commit had no points)."""

    id: int
    size: int


class Ledger:
    """Accounts of all committed series, and the runs that were deleted."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._accounts: dict[int, Account] = {}
        self._runs: dict[str, list[Account]] = {}
        self._others: dict[str, int] = {}
        """Bytes of lines and blobs by run."""
        self._deleted: set[str] = set()
        self._tail_points = self._tails = 0
        self._kept: list[Account] = []
        self.log_id = 0
        """Newest row of the log whose points are in the tails."""
        self.log_bytes = 0

    def open(self, accounts: Iterable[Account], deleted: Iterable[str]) -> None:
        """Take in what a commit, or the opening of the store, brought."""
        for account in accounts:
            self._accounts[account.series.id] = account
            self._runs.setdefault(account.series.run, []).append(account)
        self._deleted.update(deleted)

    def publish(
        self,
        opened: Iterable[Series],
        blocks: Iterable[Block],
        deleted: Mapping[str, list[int]],
        row: LogRowSize,
        now_s: float,
    ) -> list[Appended]:
        """Take in a commit; returns what was appended to which series."""
        with self.lock:
            self.log_id, self.log_bytes = row.id, self.log_bytes + row.size
            for run in deleted:
                self._forget(run)
            self.open([Account(series) for series in opened], deleted)
            return self._extend(blocks, now_s)

    def publish_entries(
        self, entries: Mapping[int, Entries], sizes: Mapping[int, int]
    ) -> list[Appended]:
        """Take in the entries of a commit; returns what was appended to which series."""
        found = []
        with self.lock:
            for series, part in entries.items():
                account = self._accounts[series]
                account.sealed = part.figures
                account.sealed_bytes += sizes[series]
                found.append(Appended(account.series, part.start, part.end))
        return found

    def grow(self, runs: Mapping[str, int]) -> None:
        """Take in by how many bytes lines and blobs of runs grew, or shrank."""
        with self.lock:
            for run, size in runs.items():
                total = self._others.pop(run, 0) + size
                if total:
                    self._others[run] = total

    def replay(self, blocks: Iterable[Block], row: LogRowSize, now_s: float) -> None:
        """Take in a row of the log, when the store opens; unknown series are skipped."""
        self.log_id, self.log_bytes = row.id, self.log_bytes + row.size
        self._extend(blocks, now_s)

    def series(self, run: str, channel: int | None) -> list[Series]:
        """Series of *run*, oldest session first, then by rank."""
        with self.lock:
            found = [account.series for account in self._runs.get(run, ())]
        wanted = (s for s in found if channel is None or s.channel == channel)
        return sorted(wanted, key=lambda s: (s.session, s.rank, s.channel))

    def stats(self, series: int) -> SeriesStats:
        """Figures over sealed and unsealed points; zeros for an unknown series."""
        with self.lock:
            account = self._accounts.get(series)
            return SeriesStats() if account is None else add(account.sealed, account.tail.stats())

    def tail(self, series: int) -> TailView | None:
        """The tail of *series*; None if there is no such series."""
        with self.lock:
            account = self._accounts.get(series)
            if account is None:
                return None
            start, pieces = account.tail.start, account.tail.pieces()
        points = join_pieces(pieces)
        if len(pieces) > 1:
            with self.lock:
                account.tail.settle(pieces, points)
        return TailView(start, points)

    def since(self, series: int, ordinal: int) -> tuple[list[Points], int] | None:
        """Points from *ordinal* on and the ordinal after them; None if memory lacks some."""
        with self.lock:
            account = self._accounts.get(series)
            if account is None:
                return [NO_POINTS], 0
            pieces = account.tail.since(ordinal)
            return None if pieces is None else (pieces, account.tail.end)

    def pointed(self) -> list[int]:
        """Series that hold points."""
        return [series for series, account in self._accounts.items() if account.tail.end]

    def is_deleted(self, run: str) -> bool:
        """Whether *run* was deleted."""
        return run in self._deleted

    def run_bytes(self, run: str) -> int:
        """Size of all that belongs to *run*, bytes."""
        with self.lock:
            accounts = self._runs.get(run, ())
            return self._others.get(run, 0) + sum(
                a.sealed_bytes + POINT_BYTES * len(a.tail) for a in accounts
            )

    def tail_points(self) -> int:
        """How many points are not sealed."""
        return self._tail_points

    def mean_tail(self) -> float:
        """How many points a series has that are not sealed, of those that have any."""
        return self._tail_points / max(self._tails, 1)

    def unsealed_bytes(self) -> int:
        """What is not sealed, in the log or in memory, whichever is more."""
        return max(self.log_bytes, POINT_BYTES * self._tail_points)

    def unsealed(self) -> list[Unsealed]:
        """Tails at this moment, but for empty ones. The caller holds the lock."""
        return [
            Unsealed(account, account.tail.start, len(account.tail), account.tail.pieces())
            for account in self._accounts.values()
            if len(account.tail)
        ]

    def sealed(self, done: Iterable[Sealed], carried: Iterable[Unsealed], log_bytes: int) -> None:
        """
        Points moved from tails into chunks, which took *log_bytes* off the log; *carried* stay.

        They stay in memory, for `since`, until the next seal. The caller holds the lock.
        """
        for account in self._kept:
            account.tail.forget_kept()
        self._kept.clear()
        for one in done:
            if one.account.series.id in self._accounts:
                one.account.sealed, one.account.sealed_bytes = one.figures, one.size
                one.account.tail.drop(one.n)
                self._tail_points -= one.n
                self._tails -= not len(one.account.tail)
                self._kept.append(one.account)
        for other in carried:
            other.account.tail.detach()
        self.log_bytes -= log_bytes

    def _extend(self, blocks: Iterable[Block], now_s: float) -> list[Appended]:
        """Points of unknown series are passed over: their run was deleted."""
        found: dict[int, tuple[Account, int]] = {}
        for block in blocks:
            points = block.points
            for series, start, end in block.spans():
                account = self._accounts.get(series)
                if account is None or start == end:
                    continue
                if series not in found:
                    found[series] = account, account.tail.end
                    account.seen_s = now_s
                    self._tails += not len(account.tail)
                account.tail.extend(points, start, end)
                self._tail_points += end - start
        return [Appended(one.series, first, one.tail.end) for one, first in found.values()]

    def _forget(self, run: str) -> None:
        self._others.pop(run, None)
        for account in self._runs.pop(run, ()):
            del self._accounts[account.series.id]
            self._tail_points -= len(account.tail)
            self._tails -= bool(len(account.tail))
