"""
The way in for viewers: socket.io's server, and what it does not look after itself.

How many may be connected, those that connect and never join, those whose right to read ends while
they look, those that ask and never read, and errors of the transport as JSON.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final

import socketio
from aiohttp import web

from agnez_server.checks import shown
from agnez_server.errors import BadRequest, Busy, TooLarge
from agnez_server.live.packets import ViewerPacket

logger = logging.getLogger(__name__)

NAMESPACE: Final = "/live"
JOIN_WITHIN_S: Final = 10.0
MOST_UNREAD: Final = 200
"""Messages that may wait for a viewer who reads none: beyond, he is disconnected."""
_SWEEP_S: Final = 1.0
_POST_WITHIN_S: Final = 2.0
_MESSAGE_BYTES: Final = 1 << 20

# socketio logs a traceback for each malformed message; a hostile viewer would fill the disk.
_QUIET: Final = logging.getLogger(f"{__name__}.transport")
_QUIET.setLevel(logging.CRITICAL)


class Door:
    """
    See the module.

    Args:
        most: How many connections there may be.
        clock: Seconds.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.server = socketio.AsyncServer(
            async_mode="aiohttp",
            async_handlers=False,  # in order, and one at a time for each viewer
            cors_allowed_origins=[],  # our own middleware has looked at the Origin before
            max_http_buffer_size=_MESSAGE_BYTES,
            serializer=ViewerPacket,
            logger=_QUIET,
            engineio_logger=_QUIET,
        )
        self._most, self._clock = most, clock
        self._since: dict[str, float] = {}
        self._passes: dict[str, Callable[[], bool]] = {}
        self._closing = False

    def attach(self, app: web.Application, path: str) -> None:
        """Route socket.io's *path* of *app* here."""
        for method in ("GET", "POST", "OPTIONS"):
            app.router.add_route(method, path, self.handle)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request of the transport: a socket for all its life, or one poll."""
        if self._closing or ("sid" not in request.query and self._is_full()):
            raise Busy("no more viewers can be taken at present", retry_after_s=5)
        if (request.content_length or 0) > _MESSAGE_BYTES:
            raise TooLarge(f"a message has at most {_MESSAGE_BYTES} bytes", limit=_MESSAGE_BYTES)
        plain = _without_compression(request)
        try:
            answer = await self._handled(plain)
        except (ValueError, OSError) as error:
            logger.debug("a socket of %s sent nonsense: %s", request.remote, error)
            await self._drop_socket_of(plain)
            raise ConnectionResetError("the socket was closed") from error
        if isinstance(answer, web.Response) and answer.status >= 400:
            reason = answer.text or "the transport's request is malformed"
            raise BadRequest(f"socket.io: {shown(reason.strip(chr(34)))}")
        return answer

    async def _handled(self, request: web.Request) -> web.StreamResponse:
        """
        What socketio answers.

        It waits for ever, when it refuses what was posted, for a poll that would take the news.
        """
        within_s = _POST_WITHIN_S if request.method == "POST" else None
        try:
            async with asyncio.timeout(within_s):
                return await self.server.handle_request(request)  # type: ignore[no-any-return]
        except TimeoutError:
            await self._drop_socket_of(request)
            raise BadRequest("socket.io: what was posted could not be taken") from None

    def _is_full(self) -> bool:
        return len(self.server.eio.sockets) >= self._most

    async def _drop_socket_of(self, request: web.Request) -> None:
        for id, environ in list(self.server.environ.items()):
            if environ.get("aiohttp.request") is request or id == request.query.get("sid"):
                await self._drop(id)

    # -- viewers -----------------------------------------------------------------------------

    def joined(self, sid: str, is_allowed: Callable[[], bool]) -> None:
        """A viewer joined; *is_allowed* is asked from time to time whether he still may read."""
        self._passes[sid] = is_allowed

    def left(self, sid: str) -> None:
        """The inverse of `joined`; the connection ends too, a poll that waits is answered."""
        self._passes.pop(sid, None)
        socket = self.server.eio.sockets.get(self._connection(sid))
        if socket is not None:
            socket.queue.put_nowait(None)

    def waiting(self, sid: str) -> int:
        """Messages for a viewer that are not on the wire yet: they stay while he does not read."""
        socket = self.server.eio.sockets.get(self._connection(sid))
        return 0 if socket is None else int(socket.queue.qsize())

    def _connection(self, sid: str) -> Any:
        return self.server.manager.eio_sid_from_sid(sid, NAMESPACE)

    # -- order -------------------------------------------------------------------------------

    async def keep_order(self) -> None:
        """Sweep once a second, until cancelled."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            try:
                await self.sweep()
            except Exception:  # the edge of a task, which must not end
                logger.exception("connections of viewers could not be looked through")

    async def sweep(self) -> None:
        """Close the connections of those who never joined, read nothing, or may not read."""
        now, sockets = self._clock(), self.server.eio.sockets
        self._since = {id: self._since.get(id, now) for id in sockets}
        allowed = {
            self._connection(sid) for sid, is_allowed in self._passes.items() if is_allowed()
        }
        known = {self._connection(sid) for sid in self._passes}
        for id in list(sockets):
            late = id not in known and self._since[id] + JOIN_WITHIN_S <= now
            unread = id in sockets and sockets[id].queue.qsize() > MOST_UNREAD
            if late or unread or (id in known and id not in allowed):
                logger.info("a viewer's connection is closed: late %s, unread %s", late, unread)
                await self._drop(id)

    async def close(self) -> None:
        """Close all connections at once: nobody waits for a page that does not answer."""
        self._closing = True
        await asyncio.gather(
            *(self._drop(id) for id in list(self.server.eio.sockets)), return_exceptions=True
        )
        await self.server.shutdown()

    async def _drop(self, id: str) -> None:
        socket = self.server.eio.sockets.pop(id, None)
        if socket is not None:
            await socket.close(wait=False, abort=True)
            socket.queue.put_nowait(None)  # its writer ends, and closes the connection


def _without_compression(request: web.Request) -> web.Request:
    """Frames are noise to a compressor: it would take much time and memory for little."""
    if "Sec-WebSocket-Extensions" not in request.headers:
        return request
    headers = request.headers.copy()
    headers.popall("Sec-WebSocket-Extensions")
    return request.clone(headers=headers)
