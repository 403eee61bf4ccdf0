"""
socket.io's server with what it leaves to its user.

It keeps what waits for each connection countable, answers messages that can't be taken and ends a
connection that sends noise (socketio would say nothing, and its sender wait for ever), and lets
nobody send large messages before he has joined the namespace that takes them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

import engineio
import socketio
from aiohttp import StreamReader, web
from engineio import payload
from socketio import packet

from agnez_server.live.packets import PacketRefused, ViewerPacket
from agnez_server.live.unread import Unread
from agnez_server.live.wire import Wire

logger = logging.getLogger(__name__)

SMALL_BYTES: Final = 1 << 20
"""Most bytes of a message to a namespace with a name, and of any before its sender joined /."""
_PACKETS_PER_POST: Final = 1 << 20

# socketio logs a traceback for each malformed message; a hostile viewer would fill the disk.
_QUIET: Final = logging.getLogger(f"{__name__}.library")
_QUIET.setLevel(logging.CRITICAL)

# A client that polls posts together whatever it has to say; beyond the library's 16 it is lost.
payload.Payload.max_decode_packets = _PACKETS_PER_POST

Refusal = Callable[[str, str], dict[str, Any]]


class _WholeBody:
    """The body of a request, for who asks once for all of it: aiohttp gives what is there."""

    def __init__(self, content: StreamReader) -> None:
        self._content = content

    async def read(self, count: int) -> bytes:
        return await self._content.readexactly(count)


class _Connections(engineio.AsyncServer):  # type: ignore[misc]  # engineio has no types
    """Engine.IO's server, with countable queues and whole bodies."""

    clock: Callable[[], float]
    credited: Callable[[str, int], None]
    """Told of the frames that were painted, with the id of the connection."""
    _async: dict[str, Any]

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        translate = self._async["translate_request"]

        def translated(request: web.Request) -> dict[str, Any]:
            return {**translate(request), "wsgi.input": _WholeBody(request.content)}

        ours = {"translate_request": translated, "websocket": Wire}
        self._async = {**self._async, **ours}

    def create_queue(self, *args: Any, **kwargs: Any) -> Unread:
        return Unread(self.clock)

    async def disconnect(self, sid: str | None = None) -> None:
        """End a connection without waiting until its client has read what is left."""
        socket = self.sockets.pop(sid, None)
        if socket is not None:
            await socket.close(wait=False, reason=self.reason.SERVER_DISCONNECT)
            socket.queue.put_nowait(None)


class Transport(socketio.AsyncServer):  # type: ignore[misc]  # socketio has no types
    """
    See the module.

    Args:
        max_bytes: Most bytes of a message to the namespace /.
        refusal: The acknowledgement of a message that can't be taken, by namespace and reason.
        clock: Seconds.
    """

    def __init__(self, max_bytes: int, refusal: Refusal, clock: Callable[[], float]) -> None:
        super().__init__(
            async_mode="aiohttp",
            async_handlers=False,  # in order, and one at a time for each viewer
            cors_allowed_origins=[],  # our own middleware has looked at the Origin before
            max_http_buffer_size=max_bytes,
            http_compression=False,  # it would be done while nobody else is answered
            serializer=ViewerPacket,
            logger=_QUIET,
            engineio_logger=_QUIET,
        )
        self.eio.clock = clock
        self._max_bytes, self._refusal = max_bytes, refusal

    def _engineio_server_class(self) -> type[_Connections]:
        return _Connections

    def most_bytes(self, id: str | None) -> int:
        """How large a message of this connection may be."""
        return self._max_bytes if self._has_joined(id, "/") else min(SMALL_BYTES, self._max_bytes)

    def _has_joined(self, id: str | None, namespace: str) -> bool:
        sid = self.manager.sid_from_eio_sid(id, namespace)
        return sid is not None and bool(self.manager.is_connected(sid, namespace))

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        if isinstance(data, bytes):
            return  # an attachment of a message that was refused
        try:
            self._check_size(eio_sid, data)
            await super()._handle_eio_message(eio_sid, data)
        except PacketRefused as error:
            await self._refuse(eio_sid, error)
        except ValueError as error:
            await self._refuse(eio_sid, PacketRefused(str(error), None))

    async def _handle_eio_disconnect(self, eio_sid: str, reason: Any) -> None:
        """A poll that still waits is answered: its client waits for that before it goes."""
        await super()._handle_eio_disconnect(eio_sid, reason)
        socket = self.eio.sockets.get(eio_sid)
        if socket is not None:
            socket.queue.put_nowait(None)

    def _check_size(self, id: str, text: Any) -> None:
        if not isinstance(text, str) or not text:
            raise PacketRefused("a message is text that begins with its kind", text)
        is_named = text[1:2] == "/" or "-/" in text[:12]
        most = SMALL_BYTES if is_named else self.most_bytes(id)
        if len(text) > most:
            raise PacketRefused(f"a message has at most {most} bytes here", None)

    async def _refuse(self, id: str, error: PacketRefused) -> None:
        """Answer who waits for an answer; whoever speaks something else is sent away."""
        if error.id is None or not self._has_joined(id, error.namespace):
            logger.info("a connection that sent noise is closed: %s", error)
            await self.eio.disconnect(id)
            return
        answer = [self._refusal(error.namespace, str(error))]
        ack = ViewerPacket(packet.ACK, answer, error.namespace, error.id)
        await self._send_packet(id, ack)
