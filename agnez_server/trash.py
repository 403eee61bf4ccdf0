"""
The trash: runs that were deleted and can still be brought back, until their time is over.

What still comes of a run that lies here is kept.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.drafts import RunDraft
from agnez_server.errors import AgnezServerError
from agnez_server.models import now_us
from agnez_server.store.base import Change

logger = logging.getLogger(__name__)

FIRST_LOOK_S: Final = 30.0
"""After the start, when there is other work to do."""
LOOK_EVERY_S: Final = 600.0
CERTAIN_S: Final = 3600.0
"""So long it has to be found overdue, look after look: a clock that was wrong at the start is set
right meanwhile, and what is deleted can't be brought back."""
_DAY_US: Final = 86_400_000_000


class Trash:
    """
    What lies in the trash of *catalog*.

    Args:
        catalog: Where the runs are.
        days: For how long they can be brought back.
        now: µs UTC.
        due: The same for what ends, where that is another clock; see `SteadyTime`.
        steady: Seconds from any moment on, of a clock that nobody sets.
    """

    def __init__(
        self,
        catalog: Catalog,
        days: float,
        now: Callable[[], int] = now_us,
        due: Callable[[], int] | None = None,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalog, self.days, self._now, self._due = catalog, days, now, due or now
        self._steady = steady
        self._since = dict[str, float]()
        """When a run was first found overdue, if it was in each look since."""

    async def put(self, *runs: str) -> None:
        """
        Put *runs* into the trash; those that lie there stay.

        Raises:
            Gone, NotFound: If there is no such run; then none is put.
        """
        await self._catalog.store.change(lambda change: self._set(change, runs, self._now()))

    async def restore(self, run: str) -> None:
        """Bring *run* back; one that is not in the trash stays as it is. Raises as `put`."""
        await self._catalog.store.change(lambda change: self._set(change, (run,), None))

    def _set(self, change: Change, runs: tuple[str, ...], deleted: int | None) -> None:
        for run in runs:
            draft = RunDraft(self._catalog, change, run)
            if not draft.exists:
                raise self._catalog.missing(run)
            if (draft.get("deleted") is None) != (deleted is None):
                draft.set("deleted", deleted)
                draft.save(self._now())

    def overdue(self) -> list[str]:
        """Ids of the runs whose time is over."""
        until = self._due() - self.days * _DAY_US
        thrown = self._catalog.runs(deleted=True)
        return [run["id"] for run in thrown if (run["deleted"] or 0) <= until]

    async def empty(self) -> list[str]:
        """
        Delete for good what has been overdue for `CERTAIN_S`; ids of it. Then collect the blobs
        that nobody names.
        """
        now = self._steady()
        self._since = {run: self._since.get(run, now) for run in self.overdue()}
        certain = [run for run, since in self._since.items() if now - since >= CERTAIN_S]
        for run in certain:
            await self._catalog.delete(run)
        await self._catalog.store.collect_blobs()
        return certain

    async def watch(self) -> None:
        """Empty it soon and every ten minutes, until cancelled."""
        await asyncio.sleep(FIRST_LOOK_S)
        while True:
            try:
                for run in await self.empty():
                    logger.info("run %s was in the trash long enough: deleted", run)
            except AgnezServerError as error:
                logger.warning("the trash could not be emptied: %s", error.message)
            except Exception:  # the edge of a task, which must not end
                logger.exception("the trash could not be emptied")
            await asyncio.sleep(LOOK_EVERY_S)
