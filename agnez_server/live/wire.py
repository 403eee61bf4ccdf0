"""
A viewer's web socket: what is read from it, and what is written to it.

The library reads with a task and a timer for each message and writes through as many; with a
hundred viewers that was most of the server's work. Here a message is read and handled in place,
credit is taken out before, and whatever waits is written at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web
from engineio import async_socket, exceptions, packet
from engineio.async_drivers import aiohttp

from agnez_server.live.framing import framed
from agnez_server.live.tap import Tap
from agnez_server.live.unread import Unread

_LONGEST_SIGN: Final = 64
"""Characters of a ping, a pong, an upgrade: far fewer."""


class Wire(aiohttp.WebSocket):  # type: ignore[misc]  # engineio has no types
    """See the module. Noise on it is as its end: the library would raise it into the log."""

    handler: Any
    server: Any
    _sock: web.WebSocketResponse
    _request: web.Request
    _drain: Callable[[], Awaitable[None]]

    def __init__(self, handler: Any, server: Any) -> None:
        socket: async_socket.AsyncSocket = handler.__self__
        # A connection that began by polling is upgraded by the library.
        super().__init__(handler if socket.connected else self._serve, server)
        self._socket = socket

    async def __call__(self, environ: dict[str, Any]) -> web.WebSocketResponse:
        """Accept the connection and keep it until it ends."""
        self._request = environ["aiohttp.request"]
        self._sock = web.WebSocketResponse(max_msg_size=self.server.max_http_buffer_size)
        writer = await self._sock.prepare(self._request)
        assert writer is not None
        self._drain, self.environ = writer.drain, environ
        self._tap()
        await self.handler(self)
        return self._sock

    def _tap(self) -> None:
        """From now on credit does not come through the library."""
        transport = self._request.transport
        if transport is not None:
            protocol, sid = transport.get_protocol(), self._socket.sid
            assert isinstance(protocol, asyncio.Protocol)
            transport.set_protocol(Tap(protocol, lambda n: self.server.credited(sid, n)))

    async def wait(self) -> Any:
        """The next message; None at noise. Raises OSError at the end."""
        data = await super().wait()
        return None if isinstance(data, str) and _is_noise(data) else data

    async def _serve(self, _: aiohttp.WebSocket) -> None:
        """The whole life of a connection that began as a web socket."""
        socket = self._socket
        socket.connected = socket.upgraded = True
        writer = asyncio.create_task(self._write(socket.queue))
        with contextlib.suppress(asyncio.CancelledError):
            await self._read()
        socket.queue.put_nowait(None)  # its writer ends
        await writer
        await socket.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_CLOSE)

    async def _read(self) -> None:
        silence_s = self.server.ping_interval + self.server.ping_timeout
        while True:
            try:
                async with asyncio.timeout(silence_s):
                    data = await self.wait()
            except (OSError, TimeoutError):
                return
            if data is None:
                return
            try:
                await self._socket.receive(packet.Packet(encoded_packet=data))
            except exceptions.UnknownPacketError:
                continue
            except exceptions.SocketIsClosedError:
                return

    async def _write(self, unread: Unread) -> None:
        transport = self._request.transport
        with contextlib.suppress(ConnectionError):
            unread.write = self._write_now
            while (batch := await unread.batch()) is not None:
                if transport is None or transport.is_closing():
                    break
                transport.write(b"".join(framed(one.encode()) for one in batch))
                await self._drain()
        unread.write = None
        await self._sock.close()

    def _write_now(self, data: bytes) -> bool:
        """Write at once what would be first in the queue; False if the reader is not that quick."""
        transport = self._request.transport
        if transport is None or transport.is_closing() or transport.get_write_buffer_size():
            return False
        transport.write(data)
        return True


def _is_noise(text: str) -> bool:
    """Whether this is neither a sign of Engine.IO nor a message of socket.io."""
    if text[:1] == "4":
        return not "0" <= text[1:2] <= "6"
    return text[:1] not in ("1", "2", "3", "5") or len(text) > _LONGEST_SIGN
