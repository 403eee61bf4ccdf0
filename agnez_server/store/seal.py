"""
Sealing: points move from the log into sorted, compressed chunks.

What a series has in its tail is put together with its last chunk where that is small, so that
chunks grow in size while each point is rewritten a few times at most. Series with few points are
carried over in the log. Encoding goes on beside the writer; only the transaction excludes it.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from dataclasses import dataclass
from typing import Final

from agnez_server.store.chunk import CHUNK_POINTS, ChunkHead, ChunkRow, decode_chunk, encode_chunk
from agnez_server.store.codec import Damaged
from agnez_server.store.ledger import POINT_BYTES, Account, Ledger, Sealed, TailView
from agnez_server.store.log import NUMBER, RowEncoder
from agnez_server.store.options import StoreOptions
from agnez_server.store.points import Points, join_points
from agnez_server.store.tally import add, as_row, tally

logger = logging.getLogger(__name__)

_GROWTH: Final = 4
"""A last chunk of up to so many times the new points is written anew with them ..."""
_FULL: Final = 16_384
"""... unless it has so many: larger ones compress no better, and would cost more to rewrite."""

Tails = list[tuple[Account, TailView]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a seal moves, what it carries over, and the newest row of the log it speaks of."""

    log_id: int
    log_bytes: int
    moved: Tails
    carried: Tails

    def is_worth_it(self) -> bool:
        """Whether the log becomes shorter by it."""
        kept = POINT_BYTES * sum(len(tail.points) for _, tail in self.carried)
        return bool(self.moved) or 2 * kept < self.log_bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """New chunks of one series, and the chunk they replace."""

    sealed: Sealed
    rows: list[ChunkRow]
    replaced: ChunkHead | None


class Sealer:
    """Seals the tails of a ledger over its own connection. Used in one thread."""

    def __init__(
        self,
        con: sqlite3.Connection,
        ledger: Ledger,
        lock: threading.Lock,
        options: StoreOptions,
    ) -> None:
        self._con, self._ledger = con, ledger
        self._lock, self._options = lock, options

    def seal(self, now_s: float, *, everything: bool) -> None:
        """Move what is due, or *everything*, and shorten the log by it."""
        plan = self._plan(now_s, everything)
        if not plan.is_worth_it():
            return
        pieces = [self._encode(account, tail) for account, tail in plan.moved]
        carry = {account.series.id: tail.points for account, tail in plan.carried}
        row = RowEncoder().encode(carry) if carry else None
        with self._lock:
            self._write(plan.log_id, pieces, row)
        with self._ledger.lock:
            self._ledger.sealed(
                (p.sealed for p in pieces), plan.log_bytes - (len(row) if row is not None else 0)
            )

    def _plan(self, now_s: float, everything: bool) -> Plan:
        with self._ledger.lock:
            tails = self._ledger.unsealed()
            log_id, log_bytes = self._ledger.log_id, self._ledger.log_bytes
        moved, carried = Tails(), Tails()
        for account, tail in tails:
            due = everything or self._is_due(account, len(tail.points), now_s)
            (moved if due else carried).append((account, tail))
        carried.sort(key=lambda one: len(one[1].points))
        size = sum(len(tail.points) for _, tail in carried) * POINT_BYTES
        while size > self._options.carry_bytes:
            moved.append(carried.pop())
            size -= len(moved[-1][1].points) * POINT_BYTES
        return Plan(log_id, log_bytes, moved, carried)

    def _is_due(self, account: Account, n: int, now_s: float) -> bool:
        idle = now_s - account.seen_s >= self._options.carry_max_s
        return n >= self._options.seal_min_points or idle

    def _encode(self, account: Account, tail: TailView) -> Piece:
        new, start, last = tail.points, tail.start, self._last_chunk(account, tail)
        points, replaced = new, None
        if last is not None and last[0].n < min(_FULL, _GROWTH * len(new) + 1):
            older = self._decode(*last)
            if older is not None and last[0].end == start:
                replaced, start = last[0], last[0].ord
                points = join_points([older, new])
        rows = [
            encode_chunk(account.series.id, start + at, points[at : at + CHUNK_POINTS])
            for at in range(0, len(points), CHUNK_POINTS)
        ]
        size = account.sealed_bytes + sum(row.size for row in rows)
        if replaced is not None and last is not None:
            size -= last[1].size
        return Piece(
            Sealed(account, len(new), add(account.sealed, tally(new)), size), rows, replaced
        )

    def _last_chunk(self, account: Account, tail: TailView) -> tuple[ChunkHead, ChunkRow] | None:
        if not tail.start:
            return None
        row = self._con.execute(
            "select series, ord, n, x0, x1, w0, w1, flags, top, mid, fine, body from chunk "
            "where series = ? order by ord desc limit 1",
            (account.series.id,),
        ).fetchone()
        if row is None:
            return None
        head = ChunkHead(*row[:8])
        return head, ChunkRow(head, *row[8:])

    def _decode(self, head: ChunkHead, row: ChunkRow) -> Points | None:
        try:
            return decode_chunk(head, row.body).as_sent()
        except Damaged as error:
            logger.error("%s is damaged and stays as it is: %s", head, error)
            return None

    def _write(self, log_id: int, pieces: list[Piece], carry: memoryview | None) -> None:
        con = self._con
        con.execute("begin immediate")
        try:
            con.execute("delete from log where id between 1 and ?", (log_id,))
            con.execute(NUMBER, (log_id,))
            for piece in pieces:
                _write_piece(con, piece)
            if carry is not None:
                con.execute("insert into log values (?, ?)", (log_id, carry))
            con.execute("commit")
        except BaseException:
            if con.in_transaction:
                con.rollback()
            raise


def _write_piece(con: sqlite3.Connection, piece: Piece) -> None:
    """A series that was deleted since the plan gets nothing: no account knows it any more."""
    sealed, series = piece.sealed, piece.sealed.account.series.id
    updated = con.execute(
        "update series set bytes = ?, count = ?, nan = ?, inf = ?, min = ?, max = ?, last_x = ?, "
        "last_y = ?, last_wall = ?, min_x = ?, max_x = ?, min_wall = ?, max_wall = ? where id = ?",
        (sealed.size, *as_row(sealed.figures), series),
    )
    if not updated.rowcount:
        return
    if piece.replaced is not None:
        con.execute("delete from chunk where series = ? and ord = ?", (series, piece.replaced.ord))
    con.executemany(
        "insert into chunk values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (_as_tuple(row) for row in piece.rows),
    )


def _as_tuple(row: ChunkRow) -> tuple[object, ...]:
    h = row.head
    return (h.series, h.ord, h.n, h.x0, h.x1, h.w0, h.w1, h.flags,
            row.top, row.mid, row.fine, row.body)  # fmt: skip
