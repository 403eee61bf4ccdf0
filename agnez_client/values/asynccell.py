"""A cell of the dashboard, for programs with an event loop."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from agnez_client.values.cell import AWAY, CellHandle, content_of, fresh_cell
from agnez_client.values.content import File
from agnez_client.values.errors import NotFound

if TYPE_CHECKING:
    from agnez_client.values.asynchronous import AsyncValues

logger = logging.getLogger(__name__)


class AsyncCell(CellHandle):
    """`Cell`, awaited; see `AsyncValues.cell`."""

    def __init__(self, values: AsyncValues, id: str, name: str) -> None:
        super().__init__(id, name)
        self._values = values

    @classmethod
    async def at(
        cls, values: AsyncValues, name: str, pos: int, run: str | None, description: str
    ) -> AsyncCell:
        """See `AsyncValues.cell`."""
        fresh = fresh_cell(name, pos, run, description)
        if run is not None:
            return cls(values, (await values.create(fresh))["_id"], name)
        found = await values.find({"name": name, "pos": pos})
        known = [r for r in found if r.get("run") is None]
        if not known:
            return cls(values, (await values.create(fresh))["_id"], name)
        if known[0].get("description") != description:
            await values.patch(known[0]["_id"], {"description": description})
        return cls(values, known[0]["_id"], name)

    async def show(
        self, content: Any = None, *, url: str | None = None, interactive: bool = False, **also: Any
    ) -> bool:
        """See `Cell.show`. Do not change a figure before this has returned."""
        try:
            found = await asyncio.to_thread(content_of, content, url, interactive)
            if isinstance(found, File):
                found = {"type": "img", "value": await self._values.upload(found)}
            await self._values.patch(self.id, {**found, **also})
        except AWAY as error:
            return self._missed(error, strict=self._values.strict)
        self._is_away = False
        return True

    async def remove(self) -> None:
        """See `Cell.remove`."""
        try:
            await self._values.remove(self.id)
        except NotFound:
            logger.debug("the cell %r was gone", self._name)
