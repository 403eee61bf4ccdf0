"""A viewer as the page is one: watches, paints, gives credit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import socketio

from agnez_client.columns import Block, decode_columns

NAMESPACE = "/live"
WITHIN_S = 10.0


class Watcher:
    """
    One viewer. What the server sends lies in queues: `runs`, `layouts`, `told` (news), `bands`,
    `cells`, `stores`, and `frames` as ``(number, blocks)``. With ``paints`` False it takes frames
    and gives no credit.
    """

    def __init__(self, root: str, path: str) -> None:
        self._root, self._path = root, path
        self.paints = True
        self.frames: asyncio.Queue[tuple[int, list[Block]]] = asyncio.Queue()
        self.runs: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.layouts: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.bands: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.cells: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.stores: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.client = socketio.AsyncClient(reconnection=False)
        self.client.on("frame", self._frame, namespace=NAMESPACE)
        self.client.on("run", self.runs.put, namespace=NAMESPACE)
        self.client.on("layout", self.layouts.put, namespace=NAMESPACE)
        self.client.on("news", self.told.put, namespace=NAMESPACE)
        self.client.on("band", self.bands.put, namespace=NAMESPACE)
        self.client.on("cells", self.cells.put, namespace=NAMESPACE)
        self.client.on("store", self.stores.put, namespace=NAMESPACE)
        self.client.on("disconnect", self._gone, namespace=NAMESPACE)

    async def join(self, *, token: str | None = None, transport: str = "websocket",
                   headers: Mapping[str, str] | None = None) -> None:  # fmt: skip
        """Connect. Raises `socketio.exceptions.ConnectionError` when refused."""
        await self.client.connect(
            self._root, socketio_path=self._path, namespaces=[NAMESPACE], wait_timeout=WITHIN_S,
            transports=[transport], headers=dict(headers or {}),
            auth=None if token is None else {"token": token},
        )  # fmt: skip

    async def leave(self) -> None:
        """Disconnect."""
        await self.client.disconnect()

    async def _frame(self, body: bytes) -> None:
        number, blocks = decode_columns(body)
        await self.frames.put((number, blocks))
        if self.paints:
            await self.client.emit("credit", {"frame": number}, namespace=NAMESPACE)

    async def _gone(self, reason: object = None) -> None:
        self.gone.set()

    async def ask(self, event: str, *given: Any) -> dict[str, Any]:
        """The acknowledgement of one message; several arguments travel as several."""
        data = given[0] if len(given) == 1 else (given or None)
        answer = await self.client.call(event, data, namespace=NAMESPACE, timeout=WITHIN_S)
        return dict(answer)

    async def watch(self, run: str, channels: Mapping[int, Mapping[str, Any]]) -> None:
        """Watch channels; has to be taken."""
        asked = {"run": run, "channels": {str(n): dict(v) for n, v in channels.items()}}
        assert await self.ask("watch", asked) == {"ok": True}

    async def refused(self, event: str, *given: Any) -> dict[str, Any]:
        """The error of a message that has to be refused."""
        answer = await self.ask(event, *given)
        assert answer["error"]["code"] and answer["error"]["message"], answer
        return dict(answer["error"])

    async def frame(self) -> tuple[int, list[Block]]:
        """The next frame."""
        return await asyncio.wait_for(self.frames.get(), WITHIN_S)

    async def run(self, **expected: Any) -> dict[str, Any]:
        """The next `run` event that has these fields; those before it are passed over."""
        while True:
            told = await asyncio.wait_for(self.runs.get(), WITHIN_S)
            if all(told.get(key) == value for key, value in expected.items()):
                return told

    async def layout(self) -> dict[str, Any]:
        """The next `layout` event."""
        return await asyncio.wait_for(self.layouts.get(), WITHIN_S)

    async def news(self) -> dict[str, Any]:
        """The next `news` event."""
        return await asyncio.wait_for(self.told.get(), WITHIN_S)

    async def band(self) -> dict[str, Any]:
        """The next `band` event."""
        return await asyncio.wait_for(self.bands.get(), WITHIN_S)

    async def cell_news(self) -> dict[str, Any]:
        """The next `cells` event."""
        return await asyncio.wait_for(self.cells.get(), WITHIN_S)

    async def store(self) -> dict[str, Any]:
        """The next `store` event."""
        return await asyncio.wait_for(self.stores.get(), WITHIN_S)

    async def points(self, series: int, until: int) -> list[tuple[float, float]]:
        """(x, y) of one series from frames, up to ordinal *until*."""
        found = list[tuple[float, float]]()
        while True:
            for block in (await self.frame())[1]:
                if block.series == series:
                    found += zip(block.x.tolist(), block.y.tolist(), strict=True)
                    if block.end >= until:
                        return found
