"""
The way in for viewers: socket.io's server, and what it does not look after itself.

How many may be connected, those that connect and never join, those whose right to read ends while
they look, those that ask and never read, and errors of the transport as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from aiohttp import web

from agnez_server.callers import network_of
from agnez_server.checks import shown
from agnez_server.errors import AgnezServerError, BadRequest, Busy, TooLarge
from agnez_server.live.transport import Transport
from agnez_server.live.unread import Unread
from agnez_server.values.feathererrors import feathers_error

logger = logging.getLogger(__name__)

NAMESPACE: Final = "/live"
JOIN_WITHIN_S: Final = 10.0
MOST_STRANGERS: Final = 100
"""Connections of one network that have not joined yet."""
MOST_UNREAD: Final = 200
"""Messages that may wait for a viewer of /live who reads none: beyond, he is disconnected."""
_SWEEP_S: Final = 1.0
_POST_WITHIN_S: Final = 60.0


class Door:
    """
    See the module.

    Args:
        most: How many connections there may be.
        max_bytes: Most bytes of a message to the namespace /; others stay small.
        clock: Seconds.
    """

    def __init__(
        self, most: int, max_bytes: int = 8 << 20, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._clock = most, clock
        self.server = Transport(max_bytes, _refusal, lambda: self._clock())
        self._since: dict[str, float] = {}
        self._passes: dict[tuple[str, str], Callable[[], bool]] = {}
        self._upgrades: dict[str, web.Request] = {}
        self._closing = False

    def attach(self, app: web.Application, path: str) -> None:
        """Route socket.io's *path* of *app* here."""
        for method in ("GET", "POST", "OPTIONS"):
            app.router.add_route(method, path, self.handle)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request of the transport: a socket for all its life, or one poll."""
        is_new = "sid" not in request.query
        if self._closing or (is_new and (self._is_full() or self._is_crowded(request))):
            raise Busy("no more viewers can be taken at present", retry_after_s=5)
        most = self.server.most_bytes(request.query.get("sid"))
        if (request.content_length or 0) > most:
            raise TooLarge(f"a message has at most {most} bytes here", limit=most)
        plain = _without_compression(request)
        try:
            with self._upgrading(plain):
                answer = await self._handled(plain)
        except (ValueError, OSError, RecursionError) as error:
            logger.debug("a socket of %s sent nonsense: %s", request.remote, error)
            await self._drop_socket_of(plain)
            raise BadRequest("socket.io: that is nothing a client sends") from None
        if isinstance(answer, web.Response) and answer.status >= 400:
            reason = answer.text or "the transport's request is malformed"
            raise BadRequest(f"socket.io: {shown(reason.strip(chr(34)))}")
        return answer

    @contextlib.contextmanager
    def _upgrading(self, request: web.Request) -> Iterator[None]:
        """Remember the request that became the web socket of a connection, as long as it is."""
        id = request.query.get("sid", "")
        if "Upgrade" in request.headers and id in self.server.eio.sockets:
            self._upgrades[id] = request
        try:
            yield
        finally:
            if self._upgrades.get(id) is request:
                del self._upgrades[id]

    async def _handled(self, request: web.Request) -> web.StreamResponse:
        """What socketio answers; who posts slower than in a minute is sent away."""
        within_s = _POST_WITHIN_S if request.method == "POST" else None
        try:
            async with asyncio.timeout(within_s):
                return await self.server.handle_request(request)  # type: ignore[no-any-return]
        except TimeoutError:
            await self._drop_socket_of(request)
            raise BadRequest("socket.io: what was posted could not be taken") from None

    def _is_full(self) -> bool:
        return len(self.server.eio.sockets) >= self._most

    def _is_crowded(self, request: web.Request) -> bool:
        """Whether too many of the caller's network have connected and not joined: places wait."""
        strangers = self.server.eio.sockets.keys() - self._known().keys()
        if len(strangers) < MOST_STRANGERS:
            return False
        network = network_of(request.remote or "?")
        return sum(self._network(id) == network for id in strangers) >= MOST_STRANGERS

    def _network(self, id: str) -> str:
        request = self.server.environ.get(id, {}).get("aiohttp.request")
        return network_of((request and request.remote) or "?")

    async def _drop_socket_of(self, request: web.Request) -> None:
        for id, environ in list(self.server.environ.items()):
            if environ.get("aiohttp.request") is request or id == request.query.get("sid"):
                await self._drop(id)

    # -- viewers -----------------------------------------------------------------------------

    def joined(
        self, sid: str, is_allowed: Callable[[], bool], namespace: str = NAMESPACE
    ) -> Unread:
        """
        A viewer joined; *is_allowed* is asked from time to time whether he still may read.

        Returns what waits for his connection.
        """
        self._passes[namespace, sid] = is_allowed
        return self._unread(self._connection(sid, namespace))

    def left(self, sid: str, namespace: str = NAMESPACE) -> None:
        """
        The inverse of `joined`.

        With the last of its namespaces a connection ends too, and a poll that waits is answered.
        """
        self._passes.pop((namespace, sid), None)
        id = self._connection(sid, namespace)
        if id in self.server.eio.sockets and id not in self._known():
            self._unread(id).put_nowait(None)

    def waiting(self, sid: str) -> int:
        """Messages for a viewer that are not on the wire yet: they stay while he does not read."""
        id = self._connection(sid, NAMESPACE)
        return self._unread(id).qsize() if id in self.server.eio.sockets else 0

    def _unread(self, id: str) -> Unread:
        return self.server.eio.sockets[id].queue  # type: ignore[no-any-return]

    def _connection(self, sid: str, namespace: str) -> Any:
        return self.server.manager.eio_sid_from_sid(sid, namespace)

    def _known(self) -> dict[str, set[str]]:
        """The namespaces of each connection that joined one."""
        found: dict[str, set[str]] = {}
        for namespace, sid in self._passes:
            found.setdefault(self._connection(sid, namespace), set()).add(namespace)
        return found

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
        now, sockets, known = self._clock(), self.server.eio.sockets, self._known()
        self._since = {id: self._since.get(id, now) for id in sockets}
        forbidden = {
            self._connection(sid, namespace)
            for (namespace, sid), is_allowed in list(self._passes.items())
            if not is_allowed()
        }
        for id in list(sockets):
            late = id not in known and self._since[id] + JOIN_WITHIN_S <= now
            unread = id in sockets and self._is_lost(id, known.get(id, set()))
            if late or unread or id in forbidden:
                logger.info("a viewer's connection is closed: late %s, unread %s", late, unread)
                await self._drop(id, at_once=unread)

    def _is_lost(self, id: str, namespaces: set[str]) -> bool:
        """Events of / may come by the thousand at once; a viewer of /live is never told so much."""
        unread = self._unread(id)
        return unread.is_lost() if "/" in namespaces else unread.qsize() > MOST_UNREAD

    async def close(self) -> None:
        """Close all connections at once: nobody waits for a page that does not answer."""
        self._closing = True
        await asyncio.gather(
            *(self._drop(id) for id in list(self.server.eio.sockets)), return_exceptions=True
        )
        await self.server.shutdown()

    async def _drop(self, id: str, *, at_once: bool = False) -> None:
        """Close a connection; *at_once*: without its writer, who may wait for a reader for ever."""
        wire = self._wire(id) if at_once else None
        socket = self.server.eio.sockets.pop(id, None)
        if socket is not None:
            await socket.close(wait=False, abort=True)
            socket.queue.put_nowait(None)  # its writer ends, and closes the connection
        if wire is not None:
            wire.abort()

    def _wire(self, id: str) -> asyncio.Transport | None:
        """What a web socket is written to."""
        first = self.server.environ.get(id, {}).get("aiohttp.request")
        request: web.Request | None = self._upgrades.get(id, first)
        if request is None or "Upgrade" not in request.headers:
            return None
        return request.transport


def _refusal(namespace: str, why: str) -> dict[str, Any]:
    error: AgnezServerError = BadRequest(why)
    return error.as_json() if namespace == NAMESPACE else feathers_error(error)


def _without_compression(request: web.Request) -> web.Request:
    """Frames are noise to a compressor: it would take much time and memory for little."""
    if "Sec-WebSocket-Extensions" not in request.headers:
        return request
    headers = request.headers.copy()
    headers.popall("Sec-WebSocket-Extensions")
    return request.clone(headers=headers)
