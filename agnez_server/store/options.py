"""Settings of the store, with the values that are right unless measured otherwise."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """
    Settings of `SqliteStore`; sizes in bytes, times in seconds.

    ``synchronous`` "full" survives power loss, "normal" only the death of the process.
    ``gather_s`` and ``gather_bytes`` bound how long a commit waits for others to join it while
    several callers are busy; an idle store never waits. ``group_bytes`` is the most that one
    commit takes, unless a single change is larger.
    """

    synchronous: Literal["full", "normal"] = "full"
    gather_s: float = 0.020
    gather_bytes: int = 1 * MIB
    group_bytes: int = 4 * MIB
    backlog_bytes: int = 64 * MIB
    retry_after_s: float = 1.0
    """What a caller is told when the backlog is full."""
    probe_interval_s: float = 1.0
    """How often a store that went read-only tries whether it can write again."""

    seal_bytes: int = 16 * MIB
    """
    Size of the log, or of its points in memory, at which they move into sealed chunks. While
    commits follow each other without a pause, or many series have few points each, this waits for
    up to four times as much.
    """
    short_tail: int = 8192
    """Few unsealed points are fewer than this, on average: they make poor chunks."""
    seal_interval_s: float = 60.0
    seal_min_points: int = 1024
    """A series with fewer unsealed points is carried over in the log ..."""
    carry_bytes: int = 2 * MIB
    """... while all that is carried takes no more than this ..."""
    carry_max_s: float = 600.0
    """... and had points within this time."""
    checkpoint_bytes: int = 64 * MIB
    """
    What may be written to the write-ahead log before it is brought into the file and begun anew.
    More than a few seals: the pages of the log are used again after each, and are copied once.
    """

    collect_interval_s: float = 600.0
    unnamed_for_s: float = 3600.0
    """So long a blob may be without a name before it is collected."""

    cache_bytes: int = 64 * MIB
    """Memory for decoded chunks and summaries."""
    readers: int = 8
    """Connections for views, at most."""

    before_commit: Callable[[sqlite3.Connection], None] | None = None
    """Called in the writer thread before each COMMIT: the seam at which tests break a disk."""
