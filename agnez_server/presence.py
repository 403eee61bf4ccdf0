"""
Which runs were heard of lately, and which are lost, or over.

Kept in memory: after a restart every running run has the full time to be heard of again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.drafts import RunDraft
from agnez_server.errors import AgnezServerError
from agnez_server.models import now_us
from agnez_server.store.base import Change

logger = logging.getLogger(__name__)


class Presence:
    """
    When each run was heard of last.

    Args:
        catalog: Where the runs are.
        lost_after_s: Silence in seconds after which a running run is called lost; finished where
            no process ever wrote to it, but points were posted.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        catalog: Catalog,
        lost_after_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalog, self._lost_after_s, self._clock = catalog, lost_after_s, clock
        self._heard: dict[str, float] = {}
        self._seen_us: dict[str, dict[str, int]] = {}

    def heard(self, run: str, spool: str = "") -> None:
        """Something came from *run* just now, by its process with this *spool* (in hex)."""
        if self._catalog.has(run):
            self._heard[run] = self._clock()
            self._seen_us.setdefault(run, {})[spool] = now_us()

    def heard_at(self, run: str) -> int | None:
        """When *run* was heard of last, µs UTC; None if not since this server started."""
        return max(self._seen_us.get(run, {}).values(), default=None)

    def seen_at(self, run: str, spool: str) -> int | None:
        """When a process of *run* was heard of last, as `heard_at`."""
        return self._seen_us.get(run, {}).get(spool)

    def silent(self) -> list[str]:
        """
        Running runs that have been silent for too long.

        One that was not heard of yet (after a restart, or a moment ago made) has its time from now.
        """
        now = self._clock()
        running = self._catalog.running()
        self._heard = {run: self._heard.get(run, now) for run in running}
        self._seen_us = {r: seen for r, seen in self._seen_us.items() if self._catalog.has(r)}
        return [run for run in running if self._heard[run] < now - self._lost_after_s]

    async def mark_silent(self) -> list[str]:
        """Set the state of every silent run to lost, or finished; their ids."""
        silent = self.silent()
        if silent:
            await self._catalog.store.change(lambda change: self._mark(change, silent))
        return silent

    def _mark(self, change: Change, runs: list[str]) -> None:
        now = now_us()
        for id in runs:
            draft = RunDraft(self._catalog, change, id)
            if draft.exists and draft.get("state") == "running":
                draft.fall_silent(self._lost_after_s, self.heard_at(id), now)
                draft.save(now)

    async def watch(self) -> None:
        """Look every few seconds, until cancelled."""
        while True:
            try:
                for run in await self.mark_silent():
                    logger.info("run %s is lost, or over: silent for %g s", run, self._lost_after_s)
            except AgnezServerError as error:
                logger.warning("silent runs could not be marked: %s", error.message)
            except Exception:  # the edge of a task, which must not end
                logger.exception("silent runs could not be marked")
            await asyncio.sleep(min(5.0, self._lost_after_s / 4))
