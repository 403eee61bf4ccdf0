"""
Sealing: points move from the log into sorted, compressed chunks.

What a series has in its tail becomes a chunk, a small one at first. When the small ones at its end
have enough points together they become one that stays, so each point is encoded twice at most, and
the first time is the cheap one. Series with few points are carried over in the log.

Encoding goes on beside the writer; only the transaction excludes it.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from dataclasses import dataclass
from typing import Final

import numpy as np

from agnez_server.store.chunk import (
    CHUNK_POINTS,
    ROW_BYTES,
    ChunkHead,
    ChunkRow,
    decode_chunk,
    encode_chunk,
)
from agnez_server.store.codec import Damaged
from agnez_server.store.ledger import POINT_BYTES, Ledger, Sealed, Unsealed
from agnez_server.store.log import NUMBER, RowEncoder
from agnez_server.store.options import StoreOptions
from agnez_server.store.points import Block, Points, join_points
from agnez_server.store.summary import SUMMARIZED_FROM
from agnez_server.store.tail import Piece, cut_pieces
from agnez_server.store.tally import add, as_row, tally

logger = logging.getLogger(__name__)

_FULL: Final = SUMMARIZED_FROM
"""A chunk of so many points stays: larger ones compress no better."""
_MOST_SMALL: Final = 16
"""So many small chunks become one, even if that is small as well."""

Tails = list[Unsealed]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a seal moves, what it carries over, and the newest row of the log it speaks of."""

    log_id: int
    log_bytes: int
    moved: Tails
    carried: Tails

    def is_worth_it(self) -> bool:
        """Whether the log becomes shorter by it."""
        kept = POINT_BYTES * sum(tail.n for tail in self.carried)
        return bool(self.moved) or 2 * kept < self.log_bytes


@dataclass(frozen=True, slots=True)
class Sealing:
    """New chunks of one series, and the chunks they replace."""

    sealed: Sealed
    rows: list[ChunkRow]
    replaced: list[ChunkHead]


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
        made = [self._encode(tail) for tail in plan.moved]
        row = RowEncoder().encode(_blocks(plan.carried)) if plan.carried else None
        with self._lock:
            self._write(plan.log_id, made, row)
        with self._ledger.lock:
            self._ledger.sealed(
                (one.sealed for one in made),
                plan.carried,
                plan.log_bytes - (len(row) if row is not None else 0),
            )

    def _plan(self, now_s: float, everything: bool) -> Plan:
        with self._ledger.lock:
            tails = self._ledger.unsealed()
            log_id, log_bytes = self._ledger.log_id, self._ledger.log_bytes
        moved, carried = Tails(), Tails()
        for tail in tails:
            (moved if everything or self._is_due(tail, now_s) else carried).append(tail)
        carried.sort(key=lambda tail: tail.n)
        size = sum(tail.n for tail in carried) * POINT_BYTES
        while size > self._options.carry_bytes:
            moved.append(carried.pop())
            size -= moved[-1].n * POINT_BYTES
        return Plan(log_id, log_bytes, moved, carried)

    def _is_due(self, tail: Unsealed, now_s: float) -> bool:
        idle = now_s - tail.account.seen_s >= self._options.carry_max_s
        return tail.n >= self._options.seal_min_points or idle

    def _encode(self, tail: Unsealed) -> Sealing:
        account, start, figures, rows = tail.account, tail.start, tail.account.sealed, []
        replaced, older, freed = self._small_chunks(tail)
        if replaced:
            start = replaced[0].ord
        for points in cut_pieces([*older, *tail.pieces], CHUNK_POINTS):
            rows.append(encode_chunk(account.series.id, start, points))
            start += len(points)
            new = min(len(points), start - tail.start)
            figures = add(figures, tally(points[len(points) - new :]))
        size = account.sealed_bytes + sum(row.size for row in rows) - freed
        return Sealing(Sealed(account, tail.n, figures, size), rows, replaced)

    def _small_chunks(self, tail: Unsealed) -> tuple[list[ChunkHead], list[Piece], int]:
        """
        The small chunks right before *tail* which it is time to put together with it, oldest first:
        heads, points, and what they take on disk.
        """
        heads = self._heads_before(tail)
        if len(heads) < _MOST_SMALL and sum(head.n for head in heads) + tail.n < _FULL:
            return [], [], 0
        found, pieces, freed = list[ChunkHead](), list[Piece](), 0
        for head in heads:
            body, size = self._con.execute(
                "select body, length(top) + coalesce(length(mid), 0) + coalesce(length(fine), 0) + "
                "length(body) from chunk where series = ? and ord = ?",
                (head.series, head.ord),
            ).fetchone()
            older = _decode(head, body)
            if older is None:
                break
            found.append(head)
            pieces.append((older, 0, len(older)))
            freed += size + ROW_BYTES
        return found[::-1], pieces[::-1], freed

    def _heads_before(self, tail: Unsealed) -> list[ChunkHead]:
        """Of small chunks that end where the next one, or *tail*, begins; newest first."""
        found, end = list[ChunkHead](), tail.start
        rows = self._con.execute(
            "select series, ord, n, x0, x1, w0, w1, flags from chunk where series = ? "
            "order by ord desc limit ?",
            (tail.account.series.id, _MOST_SMALL if tail.start else 0),
        )
        for head in (ChunkHead(*row) for row in rows.fetchall()):
            if head.n >= _FULL or head.end != end:
                break
            found.append(head)
            end = head.ord
        return found

    def _write(self, log_id: int, made: list[Sealing], carry: memoryview | None) -> None:
        con = self._con
        con.execute("begin immediate")
        try:
            con.execute("delete from log where id between 1 and ?", (log_id,))
            con.execute(NUMBER, (log_id,))
            for one in made:
                _write_sealing(con, one)
            if carry is not None:
                con.execute("insert into log values (?, ?)", (log_id, carry))
            con.execute("commit")
        except BaseException:
            if con.in_transaction:
                con.rollback()
            raise


def _blocks(carried: Tails) -> list[Block]:
    """All that is carried over, to be one row of the log: integers as x stay what they are."""
    kinds: dict[str, list[tuple[int, Points]]] = {}
    for tail in carried:
        points = tail.points()
        kinds.setdefault(points.x.dtype.str, []).append((tail.account.series.id, points))
    return [
        Block(
            [series for series, _ in parts],
            np.cumsum([len(points) for _, points in parts]).tolist(),
            join_points([points for _, points in parts]),
        )
        for parts in kinds.values()
    ]


def _write_sealing(con: sqlite3.Connection, made: Sealing) -> None:
    """A series that was deleted since the plan gets nothing: no account knows it any more."""
    sealed, series = made.sealed, made.sealed.account.series.id
    updated = con.execute(
        "update series set bytes = ?, count = ?, nan = ?, inf = ?, min = ?, max = ?, last_x = ?, "
        "last_y = ?, last_wall = ?, min_x = ?, max_x = ?, min_wall = ?, max_wall = ? where id = ?",
        (sealed.size, *as_row(sealed.figures), series),
    )
    if not updated.rowcount:
        return
    con.executemany(
        "delete from chunk where series = ? and ord = ?",
        [(series, head.ord) for head in made.replaced],
    )
    con.executemany(
        "insert into chunk values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (_as_tuple(row) for row in made.rows),
    )


def _decode(head: ChunkHead, body: bytes) -> Points | None:
    try:
        return decode_chunk(head, body).as_sent()
    except Damaged as error:
        logger.error("%s is damaged and stays as it is: %s", head, error)
        return None


def _as_tuple(row: ChunkRow) -> tuple[object, ...]:
    h = row.head
    return (h.series, h.ord, h.n, h.x0, h.x1, h.w0, h.w1, h.flags,
            row.top, row.mid, row.fine, row.body)  # fmt: skip
