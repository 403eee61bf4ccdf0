"""
Connections: what is answered to bytes that are no HTTP request, before any route is looked for.

aiohttp answers such bytes with plain text, and logs a traceback for each; here they are an error
like every other, and no line in the log, which is not theirs to fill. Nor does it unpack bodies,
which it would do to their end: see `api.parsing`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import orjson
from aiohttp import web

from agnez_server.checks import shown
from agnez_server.errors import BadRequest
from agnez_server.headers import NOTHING_POLICY, SAFE_HEADERS

logger = logging.getLogger(__name__)
MAX_LINE_BYTES: Final = 1 << 16
"""Of a request: a query of `/values` may list hundreds of ids."""
_HEADERS: Final = {
    **SAFE_HEADERS,
    "Content-Security-Policy": NOTHING_POLICY,
    "Cache-Control": "no-store",
}


class JsonRequestHandler(web.RequestHandler):
    """One connection, whose protocol errors are JSON."""

    __slots__ = ()

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


class _JsonServer(web.Server):
    def __init__(self, made: web.Server, **options: Any) -> None:
        super().__init__(made.request_handler, request_factory=made.request_factory, **options)
        self._options = options

    def __call__(self) -> web.RequestHandler:
        return JsonRequestHandler(self, loop=asyncio.get_running_loop(), **self._options)


class JsonRunner(web.AppRunner):
    """Runs an application on connections of this module."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _JsonServer(
            made, access_log=None, auto_decompress=False, max_line_size=MAX_LINE_BYTES
        )
