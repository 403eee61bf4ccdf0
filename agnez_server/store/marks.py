"""How far each spool was taken: read from disk when first asked for, ahead of it while pending."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

import orjson

from agnez_server.store.base import Mark
from agnez_server.store.rowsums import mark_sum, mended_mark
from agnez_server.store.unit import Unit

logger = logging.getLogger(__name__)

_KEPT: Final = 10_000
"""Marks of so many spools stay in memory; one that is asked for again costs one row's lookup."""


Known = dict[bytes, tuple[str, Mark]]
"""Marks of spools, each with the run that it belongs to; an unknown spool's run is empty."""


class Marks:
    """The working marks, over *con*; *told* stands around what reads. For the event loop only."""

    def __init__(
        self, con: sqlite3.Connection, told: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._con, self._told = con, told
        self._known: Known = {}
        self._deleted = set[str]()
        """Runs whose marks may still be on disk: their deletion is not committed yet."""

    def get(self, spool: bytes) -> Mark:
        """The mark of *spool*, a fresh one if there is none."""
        if spool not in self._known:
            self._known[spool] = self._load(spool)
        return self._known[spool][1]

    def move(self, unit: Unit, spool: bytes, run: str, mark: Mark) -> None:
        """Move the mark of *spool* as part of *unit*."""
        self.get(spool)
        before, self._known[spool] = self._known[spool], (run, mark)
        unit.marks[spool] = run, mark
        unit.undo.append(lambda: self._known.__setitem__(spool, before))

    def delete_run(self, unit: Unit, run: str) -> None:
        """Forget the marks of *run* as part of *unit*."""
        before = {spool: known for spool, known in self._known.items() if known[0] == run}
        for spool in before:
            del self._known[spool]
        self._deleted.add(run)
        unit.undo.append(self._bring_back(run, before))

    def trim(self) -> None:
        """Let go of marks, if they are many. To be called while nothing is pending."""
        if len(self._known) > _KEPT:
            self._known.clear()
        self._deleted.clear()

    def _bring_back(self, run: str, before: Known) -> Callable[[], None]:
        def bring_back() -> None:
            self._deleted.discard(run)
            self._known.update(before)

        return bring_back

    def _load(self, spool: bytes) -> tuple[str, Mark]:
        with self._told():
            row = self._con.execute(
                "select run, events, points, state, crc from mark where spool = ?", (spool,)
            ).fetchone()
        if row is None or row[0] in self._deleted:
            return "", Mark()
        run, events, points, state = _checked(spool, *row)
        return run, Mark(events, points, _state(state))


def _checked(
    spool: bytes, run: str, events: int, points: int, state: str, crc: int | None
) -> tuple[str, int, int, str]:
    """A mark as it was written; as it is, which is said, where it can't be mended."""
    plain = run, events, points, state
    try:
        if crc is None or mark_sum(spool, *plain) == crc:
            return plain
        mended = mended_mark(spool, *plain, crc)
    except (AttributeError, TypeError):  # another type than was written
        return "", 0, 0, "{}"
    logger.error(
        "the mark of spool %s is damaged%s", spool.hex(),
        ": it was mended" if mended is not None else ", points may come twice or be missing",
    )  # fmt: skip
    return plain if mended is None else mended[1:]


def _state(text: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = orjson.loads(text)
    except ValueError:  # said before
        return {}
    return found
