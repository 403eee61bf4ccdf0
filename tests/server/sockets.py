"""A viewer's socket without a client library: for those that misbehave."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.server.running import RunningServer

WITHIN_S = 10.0


class RawSocket:
    """One web socket that speaks what a test writes."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, text: str) -> None:
        """Send one message as it stands."""
        await self.socket.send_str(text)

    async def event(self, name: str, *given: Any, id: int | None = None) -> None:
        """Send an event of the namespace /live, with an acknowledgement id or without."""
        await self.say(f"42/live,{'' if id is None else id}{json.dumps([name, *given])}")

    async def hear(self, prefix: str) -> str:
        """The next message that begins with *prefix*; pings are answered, others passed over."""
        while True:
            message = await asyncio.wait_for(self.socket.receive(), WITHIN_S)
            if message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING,
                                aiohttp.WSMsgType.CLOSE):  # fmt: skip
                raise ConnectionResetError("the server closed the socket")
            if message.type is aiohttp.WSMsgType.TEXT and message.data == "2":
                await self.say("3")
            if message.type is aiohttp.WSMsgType.TEXT and message.data.startswith(prefix):
                return str(message.data)

    async def call(self, name: str, *given: Any) -> dict[str, Any]:
        """The acknowledgement of an event."""
        await self.event(name, *given, id=7)
        answer = await self.hear("43/live,7")
        return dict(json.loads(answer.removeprefix("43/live,7"))[0])

    async def closed(self) -> None:
        """Wait until the server has closed the socket."""
        while True:
            message = await asyncio.wait_for(self.socket.receive(), WITHIN_S)
            if message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE,
                                aiohttp.WSMsgType.ERROR):  # fmt: skip
                return


async def raw_socket(
    server: RunningServer, *, join: bool = True, http: aiohttp.ClientSession | None = None,
    **given: Any,
) -> RawSocket:  # fmt: skip
    """A socket, joined to /live unless told otherwise; closed with its HTTP session."""
    url = f"{server.base}/socket.io/?EIO=4&transport=websocket"
    found = RawSocket(await (http or server.http).ws_connect(url, **given))
    await found.hear("0")
    if join:
        await found.say("40/live,")
        await found.hear("40/live,")
    return found


@asynccontextmanager
async def narrow_http() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP session whose connections take in very little before it is read."""

    def make(address: Any) -> socket.socket:
        made = socket.socket(*address[:3])
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        return made

    connector = aiohttp.TCPConnector(socket_factory=make)
    async with aiohttp.ClientSession(connector=connector, read_bufsize=4096) as http:
        yield http
