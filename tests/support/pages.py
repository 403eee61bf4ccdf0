"""A page that outlives servers: it joins again, goes on from its cursor, and holds all points."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from agnez_client.columns import decode_columns
from tests.support.viewers import LightViewer


class Page:
    """
    One chart of one channel. ``ys`` are the points that it shows, in the order sent; ``visits``
    counts how often it joined.
    """

    def __init__(self, http: aiohttp.ClientSession, url: str, run: str, channel: int) -> None:
        self._http, self._url, self._run, self._channel = http, url, run, channel
        self.ys: list[float] = []
        self.visits = 0
        self._lacking = asyncio.Event()
        self._series = 0

    async def live(self) -> None:
        """Show the channel until cancelled, whatever happens to the server."""
        while True:
            try:
                await self._visit()
            except* (aiohttp.ClientError, OSError, TimeoutError):
                pass  # there is no server at the moment
            await asyncio.sleep(0.05)

    async def _visit(self) -> None:
        found = await self._get(f"/channels/{self._run}.{self._channel}")
        self._series = int(found["series"][0]["id"])
        viewer = LightViewer(self._http, self._url, on_frame=self._take)
        try:
            await viewer.join()
            place = {"dx": None, "cursors": {str(self._series): len(self.ys)}}
            await viewer.watch(self._run, {self._channel: place})
            self.visits += 1
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(self._fetch_what_lacks())
                await viewer.read()
                asking.cancel()
        finally:
            await viewer.leave()

    def _take(self, body: bytes) -> None:
        for block in decode_columns(body)[1]:
            if block.refetch or not block.exact or block.start > len(self.ys):
                self._lacking.set()
            else:
                self.ys += block.y[len(self.ys) - block.start :].tolist()

    async def _fetch_what_lacks(self) -> None:
        while True:
            await self._lacking.wait()
            self._lacking.clear()
            await self._fetch()

    async def _fetch(self) -> None:
        """All points from the last one on."""
        path, following = f"/channels/{self._run}.{self._channel}/raw?limit=100000", "more"
        while following:
            page = await self._get(f"{path}&cursor={self._series}-{len(self.ys)}")
            self.ys += [item["y"] for item in page["items"]]
            following = page["next"]

    async def _get(self, path: str) -> dict[str, Any]:
        async with self._http.get(f"{self._url}/api/v1{path}") as answer:
            answer.raise_for_status()
            return dict(await answer.json())
