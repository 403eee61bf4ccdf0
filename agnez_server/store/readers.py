"""Reading chunks: snapshots, and what was decoded."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from agnez_server.errors import StoreDamaged
from agnez_server.store.cache import Cache
from agnez_server.store.chunk import CHUNK_POINTS, Chunk, ChunkHead, decode_chunk
from agnez_server.store.codec import Damaged
from agnez_server.store.options import StoreOptions
from agnez_server.store.pool import Pool
from agnez_server.store.summary import FINE, MID, SUMMARIZED_FROM, Summary, decode_summary

logger = logging.getLogger(__name__)
Level = Literal["top", "mid", "fine"]
WIDTHS: dict[Level, int] = {"top": CHUNK_POINTS, "mid": MID, "fine": FINE}


class Snapshot:
    """Chunks as they were at the first look; nothing that is sealed or deleted later shows."""

    def __init__(self, con: sqlite3.Connection, readers: Readers) -> None:
        self._con, self._readers = con, readers

    def heads(self, series: int) -> list[ChunkHead]:
        """The chunks of *series*, by ordinal."""
        rows = self._con.execute(
            "select series, ord, n, x0, x1, w0, w1, flags from chunk where series = ? order by ord",
            (series,),
        )
        found = rows.fetchall()
        if not {type(value) for row in found for value in row} <= {int, float}:
            raise self._readers.damaged(f"the list of chunks of series {series}")
        return [ChunkHead(*row) for row in found]

    def chunk(self, head: ChunkHead) -> Chunk | None:
        """The points of a chunk; None if they are damaged, which is logged once."""
        key = head.series, head.ord, head.n
        try:
            return self._readers.chunks.get(
                key, lambda: decode_chunk(head, self._packet(head, "body"))
            )
        except Damaged as error:
            self._readers.report(head, error)
            return None

    def summary(self, head: ChunkHead, level: Level) -> Summary | None:
        """A summary of a chunk; None if it has none of this level, or a damaged one."""
        if head.n < SUMMARIZED_FROM and level != "top":
            return None
        key, width = (head.series, head.ord, head.n, level), WIDTHS[level]
        try:
            return self._readers.summaries.get(
                key,
                lambda: decode_summary(self._packet(head, level), head.n, width, head.x_dtype),
            )
        except Damaged as error:
            logger.warning("a summary of %s is damaged, its points are read: %s", head, error)
            return None

    def _packet(self, head: ChunkHead, column: str) -> bytes:
        row = self._con.execute(
            f"select {column} from chunk where series = ? and ord = ?",
            (head.series, head.ord),
        ).fetchone()
        if row is None or not isinstance(row[0], bytes):
            raise Damaged("it is missing")
        return row[0]


class Readers:
    """Snapshots over the connections of a pool, and the caches behind all of them."""

    def __init__(self, pool: Pool, options: StoreOptions) -> None:
        self._pool = pool
        self._damaged: dict[tuple[int, int], int] = {}
        self.chunks: Cache[tuple[int, int, int], Chunk] = Cache(options.cache_bytes // 2)
        self.summaries: Cache[tuple[int, int, int, Level], Summary] = Cache(
            options.cache_bytes // 2
        )

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """A `Snapshot` for this thread; see `Pool.connection`."""
        with self._pool.connection() as con:
            yield Snapshot(con, self)

    def report(self, head: ChunkHead, error: Damaged) -> None:
        """Note that a chunk's points can't be read."""
        if (head.series, head.ord) not in self._damaged:
            self._damaged[head.series, head.ord] = head.n
            logger.error("%d points are lost, %s is damaged: %s", head.n, head, error)

    def damaged(self, what: str) -> StoreDamaged:
        """Note that *what* can't be read; the error to raise."""
        return self._pool.damaged(what)

    def damaged_points(self) -> int:
        """How many sealed points were found unreadable."""
        return sum(self._damaged.values())
