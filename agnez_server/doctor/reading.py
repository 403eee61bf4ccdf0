"""Connections that change nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def open_quietly(path: Path, *, is_used: bool) -> sqlite3.Connection:
    """
    A connection that only reads. Where nobody uses the database and its write-ahead log is empty
    nothing is made beside it either; else SQLite may make its index of the log (`-shm`) anew.
    """
    wal = path.with_name(f"{path.name}-wal")
    is_whole = not is_used and not (wal.exists() and wal.stat().st_size)
    how = "mode=ro&immutable=1" if is_whole else "mode=ro"
    con = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None)
    con.text_factory = lambda raw: raw.decode(errors="surrogateescape")
    con.execute("pragma query_only = on")
    return con
