"""How far each spool was taken: read from disk when first asked for, ahead of it while pending."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Set
from typing import Final

import orjson

from agnez_server.store.base import Mark
from agnez_server.store.unit import Unit

_KEPT: Final = 10_000
"""Marks of so many spools stay in memory; one that is asked for again costs one row's lookup."""


class Marks:
    """The working marks. Used on the event loop only."""

    def __init__(self, con: sqlite3.Connection) -> None:
        self._con = con
        self._known: dict[bytes, Mark] = {}
        self._gone = set[bytes]()

    def get(self, spool: bytes) -> Mark:
        """The mark of *spool*, a fresh one if there is none."""
        mark = self._known.get(spool)
        if mark is None:
            mark = self._known[spool] = Mark() if spool in self._gone else self._load(spool)
        return mark

    def move(self, unit: Unit, spool: bytes, run: str, mark: Mark) -> None:
        """Move the mark of *spool* as part of *unit*."""
        before = self.get(spool)
        self._known[spool] = mark
        unit.marks[spool] = run, mark
        unit.undo.append(lambda: self._known.__setitem__(spool, before))

    def delete_run(self, unit: Unit, run: str) -> None:
        """Forget the marks of *run* as part of *unit*."""
        rows = self._con.execute("select spool from mark where run = ?", (run,))
        spools = {row[0] for row in rows} | {s for s, (r, _) in unit.marks.items() if r == run}
        before = {spool: self._known.pop(spool) for spool in spools if spool in self._known}
        self._gone |= spools
        unit.undo.append(self._bring_back(spools, before))

    def trim(self) -> None:
        """Let go of marks, if they are many. To be called while nothing is pending."""
        if len(self._known) > _KEPT:
            self._known.clear()
        self._gone.clear()

    def _bring_back(self, spools: Set[bytes], before: dict[bytes, Mark]) -> Callable[[], None]:
        def bring_back() -> None:
            self._gone -= spools
            self._known.update(before)

        return bring_back

    def _load(self, spool: bytes) -> Mark:
        row = self._con.execute(
            "select events, points, state from mark where spool = ?", (spool,)
        ).fetchone()
        return Mark() if row is None else Mark(row[0], row[1], orjson.loads(row[2]))
