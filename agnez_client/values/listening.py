"""Hearing of changes of documents over socket.io, for programs with an event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import socketio

from agnez_client.errors import TransportError
from agnez_client.transport import CONNECT_TIMEOUT_S, is_loopback
from agnez_client.values.calls import Record

Event = tuple[str, Record]

EVENTS: Final = ("created", "updated", "patched", "removed")
MISSED: Final[Event] = ("missed", {})
MOST_UNREAD: Final = 10_000
"""Events that wait for a listener who is slow; beyond, all are dropped, and he is told."""
_MESSAGE_BYTES: Final = 128 << 20

_QUIET: Final = logging.getLogger(f"{__name__}.transport")
_QUIET.setLevel(logging.CRITICAL)


class AsyncListener:
    """See `AsyncValues.listen`."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url, self._token = url, token
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._http: aiohttp.ClientSession | None = None
        self._socket: Any = None
        self._was_connected = False

    async def open(self) -> None:
        """
        Connect; what happens from now on is heard.

        Raises:
            TransportError: If the server does not answer, or refuses.
        """
        if self._socket is not None:
            return
        self._http = aiohttp.ClientSession(trust_env=not is_loopback(self._url))
        self._socket = socketio.AsyncClient(
            http_session=self._http,
            handle_sigint=False,
            logger=_QUIET,
            engineio_logger=_QUIET,
            websocket_extra_options={"max_msg_size": _MESSAGE_BYTES},
        )
        for name in EVENTS:
            self._socket.on(f"values {name}", self._handler(name))
        self._socket.on("connect", self._connected)
        parts = urlsplit(self._url)
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        try:
            await self._socket.connect(
                f"{parts.scheme}://{parts.netloc}",
                headers=headers,
                socketio_path=f"{parts.path.strip('/')}/socket.io",
                wait_timeout=CONNECT_TIMEOUT_S,
            )
        except (socketio.exceptions.ConnectionError, aiohttp.ClientError, OSError) as error:
            await self.close()
            raise TransportError(f"{self._url} can't be listened to: {error}") from error

    def _handler(self, name: str) -> Any:
        def hear(record: Record) -> None:
            self._put((name, record))

        return hear

    def _connected(self) -> None:
        if self._was_connected:
            self._put(MISSED)
        self._was_connected = True

    def _put(self, event: Event) -> None:
        if self._events.qsize() >= MOST_UNREAD:
            while not self._events.empty():
                self._events.get_nowait()
            event = MISSED
        self._events.put_nowait(event)

    async def close(self) -> None:
        """Hear no more; the iteration ends."""
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.disconnect()
            await socket.shutdown()
        if self._http is not None:
            await self._http.close()
        self._events.put_nowait(None)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        await self.open()
        event = await self._events.get()
        if event is None:
            raise StopAsyncIteration
        return event

    async def __aenter__(self) -> AsyncListener:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
