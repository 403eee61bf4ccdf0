"""A server in this process, and what a test does with it: requests, points, viewers."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from agnez_client.columns import COLUMNS_CONTENT_TYPE, Block, decode_columns
from agnez_client.protocol import CONTENT_TYPE, Batch, encode_batch, join_buffers
from agnez_server.serve import Served, serving
from agnez_server.settings import ServerSettings
from tests.server.watching import Watcher


class RunningServer:
    """A server that listens, and an HTTP session towards it."""

    def __init__(self, served: Served, http: aiohttp.ClientSession) -> None:
        self.served, self.http = served, http
        self.root = f"http://127.0.0.1:{served.port}"
        self.base = self.root + served.base_path
        self.api = f"{self.base}/api/v1"
        self._viewers = AsyncExitStack()

    # -- requests ----------------------------------------------------------------------------

    async def call(self, method: str, path: str, **given: Any) -> tuple[int, Any]:
        """Status and JSON of one API call (bytes, where it is none); None without a body."""
        async with self.http.request(method, self.api + path, **given) as answer:
            body = await answer.read()
            if answer.content_type != "application/json":
                return answer.status, body or None
            return answer.status, await answer.json() if body else None

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON of a GET that has to succeed."""
        status, body = await self.call("GET", path, params=params)
        assert status == 200, body
        return body

    async def refused(self, method: str, path: str, **given: Any) -> tuple[int, dict[str, Any]]:
        """Status and error of a call that has to be refused in the documented shape."""
        status, body = await self.call(method, path, **given)
        assert 400 <= status < 500, body
        assert body["error"]["code"] and body["error"]["message"], body
        return status, body["error"]

    async def new_run(self, **fields: Any) -> str:
        """The id of a new run."""
        status, body = await self.call("POST", "/runs", json=fields)
        assert status == 201, body
        return str(body["id"])

    async def post(self, body: Any) -> dict[str, Any]:
        """Points that have to be taken."""
        status, answer = await self.call("POST", "/points", json=body)
        assert status == 200, answer
        return dict(answer)

    async def channel(self, run: str, name: str) -> dict[str, Any]:
        """The channel *name* of *run*."""
        items = (await self.get(f"/runs/{run}/channels"))["items"]
        return next(c for c in items if c["name"] == name)

    async def blocks(self, channel: str, **params: Any) -> list[Block]:
        """A view in binary."""
        url, headers = f"{self.api}/channels/{channel}/points", {"Accept": COLUMNS_CONTENT_TYPE}
        async with self.http.get(url, params=params, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            assert answer.content_type == COLUMNS_CONTENT_TYPE
            return decode_columns(await answer.read())[1]

    async def ingest(
        self, batch: Batch | bytes, path: str = "/ingest"
    ) -> tuple[int, dict[str, Any]]:
        """Status and answer of one delivery."""
        body = batch if isinstance(batch, bytes) else join_buffers(encode_batch(batch))
        headers = {"Content-Type": CONTENT_TYPE}
        data = io.BytesIO(body)  # large bytes would be a warning of the client
        status, answer = await self.call("POST", path, data=data, headers=headers)
        return status, dict(answer)

    async def taken(self, batch: Batch) -> dict[str, Any]:
        """The answer to a delivery that has to be taken."""
        status, answer = await self.ingest(batch)
        assert status == 200, answer
        return answer

    async def ys(self, channel: str) -> list[Any]:
        """Every y of a channel in the order sent."""
        items = (await self.get(f"/channels/{channel}/raw"))["items"]
        return [item["y"] for item in items]

    # -- live --------------------------------------------------------------------------------

    async def viewer(self, **given: Any) -> Watcher:
        """A viewer on the live socket; it leaves before the server ends."""
        watcher = Watcher(self.root, f"{self.served.base_path}/socket.io")
        self._viewers.push_async_callback(watcher.leave)
        await watcher.join(**given)
        return watcher

    async def dismiss(self) -> None:
        """All viewers leave."""
        await self._viewers.aclose()


@asynccontextmanager
async def running(data: Path, **settings: Any) -> AsyncIterator[RunningServer]:
    """A server on *data*, in this process, on a free port of 127.0.0.1."""
    clock = settings.pop("clock", None)
    given: dict[str, Any] = {"port": 0, "host": "127.0.0.1", "data": data, **settings}
    async with (
        serving(ServerSettings(**given), **({"clock": clock} if clock else {})) as served,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        server = RunningServer(served, http)
        try:
            yield server
        finally:
            await server.dismiss()
