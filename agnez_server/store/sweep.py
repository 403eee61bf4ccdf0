"""Removing what deleted runs left behind, a little at a time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from typing import Final

_CHUNKS: Final = 16
_ROWS: Final = 256

_STEPS: Final = {
    "entry": (
        "delete from entry where rowid in (select rowid from entry where series = ?1 limit ?2)",
    ),
    "line": (
        "delete from line where console = ?1 and number in "
        "(select number from line where console = ?1 limit ?2)",
    ),
    "blob_ref": (
        "insert or ignore into loose select sha from blob_ref where run = ?1 order by sha limit ?2",
        "delete from blob_ref where run = ?1 and sha in "
        "(select sha from blob_ref where run = ?1 order by sha limit ?2)",
    ),
}
"""By table how a step is made: ?1 says what is gone, ?2 how many rows a step takes at most."""


class Sweeper:
    """Sweeps over a connection of its own; *pause* is called between steps, true ends the work."""

    def __init__(
        self, con: sqlite3.Connection, lock: threading.Lock, pause: Callable[[], bool]
    ) -> None:
        self._con, self._lock, self._pause = con, lock, pause

    def sweep(self) -> None:
        """Remove all that is gone, unless *pause* says to stop; the next call goes on then."""
        self._sweep_chunks()
        for what, id_ in self._con.execute("select what, id from gone").fetchall():
            while self._step(what, id_):
                if self._pause():
                    return

    def _sweep_chunks(self) -> None:
        """Chunks whose series is gone."""
        gone = self._con.execute(
            "select distinct series from chunk where series not in (select id from series)"
        ).fetchall()
        for (series,) in gone:
            removed = 1
            while removed:
                with self._lock:
                    removed = self._con.execute(
                        "delete from chunk where rowid in "
                        "(select rowid from chunk where series = ? limit ?)",
                        (series, _CHUNKS),
                    ).rowcount
                if self._pause():
                    return

    def _step(self, what: str, id_: object) -> int:
        """Remove some rows, or the note when none is left; returns how many rows."""
        con, removed = self._con, 0
        with self._lock:
            con.execute("begin immediate")
            try:
                for statement in _STEPS[what]:
                    removed = con.execute(statement, (id_, _ROWS)).rowcount
                if not removed:
                    con.execute("delete from gone where what = ? and id = ?", (what, id_))
                con.execute("commit")
            except BaseException:
                if con.in_transaction:
                    con.rollback()
                raise
        return removed
