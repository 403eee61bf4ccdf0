"""
Connections: what is answered to bytes that are no HTTP request, before any route is looked for,
and to those who take for ever.

aiohttp answers such bytes with plain text, and logs a traceback for each; here they are an error
like every other, and no line in the log, which is not theirs to fill. Nor does it unpack bodies,
which it would do to their end: see `api.parsing`.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any, Final, cast

import orjson
from aiohttp import web

from agnez_server.checks import shown
from agnez_server.connections import Connections, room_for
from agnez_server.errors import AgnezServerError, BadRequest, Busy, TooSlow
from agnez_server.headers import NOTHING_POLICY, SAFE_HEADERS
from agnez_server.patience import Pace, Patience, Phase
from agnez_server.settings import ServerSettings

logger = logging.getLogger(__name__)
MAX_LINE_BYTES: Final = 1 << 16
"""Of a request: a query of `/values` may list hundreds of ids."""
RETRY_AFTER_S: Final = 5
_LAST_WORD_S: Final = 0.5
_AT_A_TIME: Final = 1000
_HEADERS: Final = {
    **SAFE_HEADERS,
    "Content-Security-Policy": NOTHING_POLICY,
    "Cache-Control": "no-store",
}


class Connection(web.RequestHandler):
    """One connection, whose protocol errors are JSON, and whose time is limited."""

    __slots__ = ("_buffered", "_head", "_house", "_pace", "_wire")

    def __init__(self, house: _House, **options: Any) -> None:
        super().__init__(house, **options)
        self._house = house
        self._pace = Pace(house.now())
        self._head = False
        self._buffered = 0
        self._wire: asyncio.Transport | None = None

    # -- events ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connected: he is let in, or told that there is no room."""
        wire = cast(asyncio.Transport, transport)
        peer = wire.get_extra_info("peername")
        if self._house.guests.enter(self, str(peer[0]) if peer else "?"):
            self._wire = wire
            super().connection_made(transport)
            return
        self._force_close, self._manager = True, None
        busy = Busy("there are too many connections", retry_after_s=RETRY_AFTER_S)
        wire.write(_whole(busy, {"Retry-After": str(RETRY_AFTER_S)}))
        wire.close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The inverse of `connection_made`."""
        self._house.guests.gone(self)
        self._wire = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came; in between requests they are the head of the next one."""
        self._pace.moved += len(data)
        super().data_received(data)
        self._head = bool(data) and self._is_waiting()

    def resume_writing(self) -> None:
        """What was written has nearly left."""
        self._pace.moved += 1 << 16
        super().resume_writing()

    async def _handle_request(
        self, request: web.BaseRequest, start_time: float | None, request_handler: Any
    ) -> Any:
        """Who sends requests and takes no answers has to take them first: they lie in memory."""
        if self._paused:
            await self._drain_helper()
        return await super()._handle_request(request, start_time, request_handler)

    # -- time --------------------------------------------------------------------------------

    def idle_since(self) -> float | None:
        """Since when it waits for a request, at least; None while there is something to do."""
        is_idle = self._is_waiting() and not self._head and not self._unsent()
        return self._pace.since if is_idle else None

    def leave(self) -> None:
        """Close it now."""
        if self._wire is not None:
            self._force_close = True
            self._wire.abort()

    def look(self, now: float) -> None:
        """Cut off who takes too long."""
        wire, phase = self._wire, self._phase()
        if wire is None:
            return
        if phase == "answer":
            unsent = wire.get_write_buffer_size()
            self._pace.moved += abs(unsent - self._buffered)
            self._buffered = unsent
        if self._pace.is_over(self._house.patience, phase, self._request_count, now):
            logger.debug("a connection is given up: %s takes too long", phase)
            self._give_up(phase, wire)

    def _phase(self) -> Phase:
        is_done = self._is_waiting() or (self._wire is not None and self._wire.is_closing())
        if self._paused or (is_done and self._unsent()):
            return "answer" if self._payload_parser is None else "socket"
        if self._payload_parser is not None:
            return "socket"
        if self._is_waiting():
            return "head" if self._head else "idle"
        request = self._current_request
        is_held = self._reading_paused or self._buffer_paused
        if request is not None and not request.content.is_eof() and not is_held:
            return "body"
        return "ours"

    def _is_waiting(self) -> bool:
        """Whether the next request is waited for."""
        return self._waiter is not None and not self._waiter.done() and not self._messages

    def _unsent(self) -> int:
        return self._wire.get_write_buffer_size() if self._wire is not None else 0

    def _give_up(self, phase: Phase, wire: asyncio.Transport) -> None:
        request = self._current_request
        if phase == "body" and request is not None:
            request.content.set_exception(_too_slow("body"))
            return
        if phase == "head":
            self._force_close = True
            wire.write(_whole(_too_slow("head")))
            wire.write_eof()  # closed at once, what still comes would take the answer away
            self._loop.call_later(_LAST_WORD_S, wire.abort)
        elif phase == "idle":
            self.force_close()
        else:
            self.leave()

    # -- errors ------------------------------------------------------------------------------

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to a request that could not be parsed; ends the connection."""
        if status >= 500 or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        logger.debug("bytes of %s are no request: %s", request.remote, message)
        line = " ".join((message or "").split())
        error = BadRequest(f"this is no HTTP request: {shown(line)}")
        answer = web.Response(
            body=orjson.dumps(error.as_json()),
            status=status,
            content_type="application/json",
            headers=_HEADERS,
        )
        answer.force_close()
        return answer


def _too_slow(part: str) -> TooSlow:
    return TooSlow(f"the {part} of the request comes too slowly", hint="send it again")


def _whole(error: AgnezServerError, more: dict[str, str] | None = None) -> bytes:
    """*error* as a whole answer, for a connection that has no request to answer."""
    body = orjson.dumps(error.as_json())
    reason = {408: "Request Timeout", 503: "Service Unavailable"}[error.status]
    headers = {
        **_HEADERS,
        **(more or {}),
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    lines = [f"HTTP/1.1 {error.status} {reason}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


class _House(web.Server):
    """The connections of one server, and the one who looks after them."""

    def __init__(self, made: web.Server, settings: ServerSettings, **options: Any) -> None:
        super().__init__(made.request_handler, request_factory=made.request_factory, **options)
        self._options = options
        self.now = asyncio.get_running_loop().time
        self.patience = Patience.of(settings)
        most = room_for(settings.max_connections)
        self.guests = Connections(most, settings.max_connections_per_address, self.now)
        self._looking = asyncio.create_task(self._look(), name="connections")

    def __call__(self) -> web.RequestHandler:
        return Connection(self, loop=asyncio.get_running_loop(), **self._options)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self.patience.sweep_s)
            for count, guest in enumerate(self.guests):
                if count % _AT_A_TIME == _AT_A_TIME - 1:
                    await asyncio.sleep(0)  # others have their turn, however many there are
                try:
                    guest.look(self.now())
                except Exception:  # the edge of a task, which must not end
                    logger.exception("a connection could not be looked at")

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  # aiohttp's
        """Close all connections."""
        self._looking.cancel()
        with suppress(asyncio.CancelledError):
            await self._looking
        await super().shutdown(timeout)


class JsonRunner(web.AppRunner):
    """Runs an application on connections of this module."""

    def __init__(self, app: web.Application, settings: ServerSettings, **options: Any) -> None:
        super().__init__(app, **options)
        self._settings = settings
        self.connections: Connections

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        house = _House(
            made,
            self._settings,
            access_log=None,
            auto_decompress=False,
            max_line_size=MAX_LINE_BYTES,
            keepalive_timeout=self._settings.idle_s * 2 + self._settings.header_timeout_s,
        )
        self.connections = house.guests
        return house
