"""All endpoints on one application, each behind the scope that it names."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from agnez_server.api import charts, ingest, openapi, points, runs, server, session
from agnez_server.api.endpoint import Endpoint, Handler
from agnez_server.api.parsing import json_answer, too_large
from agnez_server.auth import allows
from agnez_server.authfiles import Scope
from agnez_server.checks import shown
from agnez_server.errors import AgnezServerError, BadRequest, Forbidden, NotAuthenticated
from agnez_server.middleware import SCOPE

_NOUNS: Final = (server, session, runs, charts, points, ingest)


def endpoints(base_path: str = "") -> list[Endpoint]:
    """Every endpoint of the API."""
    found = [e for noun in _NOUNS for e in noun.ENDPOINTS]
    return [*found, openapi.endpoint(found, base_path)]


def add_api(app: web.Application, base_path: str) -> None:
    """Route every endpoint below ``<base_path>/api/v1``."""
    for e in endpoints(base_path):
        handler = e.handler if e.scope is None else _guarded(e.handler, e.scope)
        path = f"{base_path}{openapi.PREFIX}{e.path}"
        app.router.add_route(e.method, path, handler, expect_handler=_expect)


async def _expect(request: web.Request) -> web.StreamResponse | None:
    """Let a client that waits for it send its body, unless that is too large already."""
    expected = request.headers.get("Expect", "")
    error: AgnezServerError | None = None
    if expected.lower() != "100-continue":
        error = BadRequest(f"the expectation {shown(expected)} can't be met", hint="leave it out")
    elif (request.content_length or 0) > request.client_max_size:
        error = too_large(request.client_max_size)
    if error is not None:
        return json_answer(error.as_json(), error.status)
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # the answer itself has not begun
    return None


def _guarded(handler: Handler, needed: Scope) -> Handler:
    async def guarded(request: web.Request) -> web.StreamResponse:
        has = request.get(SCOPE)
        if has is None:
            raise NotAuthenticated(
                "this server asks for a token or a login",
                hint="send Authorization: Bearer <token>; make one with `agnez token create`",
            )
        if not allows(has, needed):
            raise Forbidden(f"this needs the scope {needed}, the token has {has}", scope=needed)
        return await handler(request)

    return guarded
