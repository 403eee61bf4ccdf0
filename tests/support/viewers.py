"""
Viewers that cost little: a web socket each, and just enough of Engine.IO and socket.io.

As the page does, they join `/live`, watch, and give credit for each frame. For loads and proofs,
where the library's client would be most of what is measured.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import aiohttp

_NUMBER: Final = struct.Struct("<4xI")
_WALL: Final = struct.Struct("<d")
_HEAD_BYTES: Final = 16
WITHIN_S: Final = 30.0
CREDIT_EVERY: Final = 2
"""So many frames may be on their way: credit for each is not asked for."""
_ENDS: Final = (
    aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING,
    aiohttp.WSMsgType.ERROR,
)  # fmt: skip

OnFrame = Callable[[bytes], None]


class LightViewer:
    """
    See the module. ``frames`` and ``bytes`` count what came, ``delays_s`` holds of each frame the
    age of its last point; ``on_frame`` is given each frame, ``on_event`` every other message.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        on_frame: OnFrame | None = None,
        on_event: Callable[[str, Any], None] | None = None,
    ) -> None:
        self._http, self._url = http, url
        self._on_frame, self._on_event = on_frame, on_event
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self.frames = self.bytes = 0
        self.delays_s: list[float] = []

    async def join(self) -> None:
        """Connect and join; raises what aiohttp raises where there is no server."""
        url = f"{self._url}/socket.io/?EIO=4&transport=websocket"
        self._socket = await self._http.ws_connect(url, max_msg_size=0)
        await self._hear("0")
        await self._socket.send_str("40/live,")
        await self._hear("40/live,")

    async def watch(self, run: str, channels: Mapping[int, Mapping[str, Any]]) -> None:
        """Watch channels; raises ValueError when that is refused."""
        body = {"run": run, "channels": {str(n): dict(v) for n, v in channels.items()}}
        await self._say("watch", body, id=1)
        answer = json.loads((await self._hear("43/live,1")).removeprefix("43/live,1"))
        if answer != [{"ok": True}]:
            raise ValueError(f"watch was refused: {answer}")

    async def watch_runs(self) -> None:
        """Hear of all runs from now on."""
        await self._say("watch_runs", {}, id=2)
        await self._hear("43/live,2")

    async def _say(self, event: str, body: object, id: int | None = None) -> None:
        assert self._socket is not None
        text = json.dumps([event, body])
        await self._socket.send_str(f"42/live,{'' if id is None else id}{text}")

    async def _hear(self, prefix: str) -> str:
        assert self._socket is not None
        while True:
            message = await asyncio.wait_for(self._socket.receive(), WITHIN_S)
            if message.type in _ENDS:
                raise ConnectionResetError("the server closed the socket")
            if message.type is aiohttp.WSMsgType.TEXT and message.data.startswith(prefix):
                return str(message.data)
            await self._take(message)

    async def read(self) -> None:
        """Take what comes until the connection ends."""
        assert self._socket is not None
        while (message := await self._socket.receive()).type not in _ENDS:
            await self._take(message)

    async def _take(self, message: aiohttp.WSMessage) -> None:
        if message.type is aiohttp.WSMsgType.BINARY:
            self.note(message.data)
            number = _NUMBER.unpack_from(message.data)[0]
            if number % CREDIT_EVERY == 0:
                await self.claim(number)
        elif message.data == "2":
            assert self._socket is not None
            await self._socket.send_str("3")
        elif self._on_event is not None and message.data.startswith("42/live,"):
            self._on_event(*json.loads(message.data[8:]))

    async def claim(self, frame: int) -> None:
        """Give credit for a frame."""
        assert self._socket is not None
        await self._socket.send_str(f'42/live,["credit",{{"frame":{frame}}}]')

    def note(self, body: bytes) -> None:
        """Count a frame."""
        self.frames += 1
        self.bytes += len(body)
        if len(body) > _HEAD_BYTES:
            self.delays_s.append(time.time() - _WALL.unpack(body[-8:])[0] / 1e6)
        if self._on_frame is not None:
            self._on_frame(body)

    def stall(self) -> None:
        """Take nothing more from the connection, not even what the library would keep."""
        assert self._socket is not None
        connection = self._socket._conn
        assert connection is not None and connection.transport is not None
        connection.transport.pause_reading()

    async def leave(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            await self._socket.close()


def narrow_session() -> aiohttp.ClientSession:
    """
    An HTTP session whose connections take in very little before it is read.

    The kernel of the other side keeps in proportion to the size of a segment: as that is 64 kB on
    loopback, megabytes. Here it is that of a bad line.
    """

    def make(address: Any) -> socket.socket:
        made = socket.socket(*address[:3])
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        return made

    connector = aiohttp.TCPConnector(socket_factory=make, limit=0)
    return aiohttp.ClientSession(connector=connector, read_bufsize=4096)


def wide_session() -> aiohttp.ClientSession:
    """An HTTP session with any number of connections."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
