"""All endpoints on one application, each behind the scope that it names."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from agnez_server.api import (
    arrangement,
    bands,
    blobs,
    charts,
    console,
    entries,
    figures,
    imports,
    ingest,
    lines,
    metrics,
    openapi,
    points,
    publish,
    raw,
    record,
    retention,
    runs,
    server,
    session,
    uploads,
    values,
)
from agnez_server.api.endpoint import PARAM_PREFIX, Endpoint, Handler
from agnez_server.api.parsing import too_large
from agnez_server.auth import allows
from agnez_server.authfiles import Scope
from agnez_server.checks import shown
from agnez_server.errors import AgnezServerError, BadRequest, Forbidden, NotAuthenticated
from agnez_server.keys import SETTINGS
from agnez_server.middleware import SCOPE, error_answer

_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_NOUNS: Final = (
    server,
    metrics,
    session,
    runs,
    retention,
    figures,
    charts,
    points,
    lines,
    publish,
    bands,
    raw,
    imports,
    ingest,
    record,
    console,
    entries,
    blobs,
    arrangement,
    uploads,
    values,
)


def endpoints(base_path: str = "") -> list[Endpoint]:
    """Every endpoint of the API."""
    found = [e for noun in _NOUNS for e in noun.ENDPOINTS]
    return [*found, openapi.endpoint(found, base_path)]


def add_api(app: web.Application, base_path: str) -> None:
    """Route every endpoint below ``<base_path>/api/v1``, some beside it as well."""
    for e in endpoints(base_path):
        handler = e.handler if e.feathers else _known_query(e)
        if e.scope is not None:
            handler = _guarded(handler, e.scope)
        paths = [openapi.PREFIX + e.path, *([e.path] if e.outside else [])]
        for path in [*paths, *(f"{path}/" for path in paths if e.slash)]:
            expect = _expecting(e.large)
            route = base_path + _PARAMETER.sub(r"{\1:[^/]+}", path)  # aiohttp's own take no braces
            app.router.add_route(e.method, route, handler, expect_handler=expect)


def _expecting(large: bool) -> Callable[[web.Request], Awaitable[web.StreamResponse | None]]:
    async def expect(request: web.Request) -> web.StreamResponse | None:
        limit = request.app[SETTINGS].max_blob_bytes if large else request.client_max_size
        return await _expect(request, limit)

    return expect


async def _expect(request: web.Request, limit: int) -> web.StreamResponse | None:
    """Let a client that waits for it send its body, unless that is too large already."""
    expected = request.headers.get("Expect", "")
    error: AgnezServerError | None = None
    if expected.lower() != "100-continue":
        error = BadRequest(f"the expectation {shown(expected)} can't be met", hint="leave it out")
    elif (request.content_length or 0) > limit:
        error = too_large(limit)
    if error is not None:
        return error_answer(request, error)
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # the answer itself has not begun
    return None


def _known_query(endpoint: Endpoint) -> Handler:
    """Refuse a query parameter that nobody reads: a typing error must not list everything."""
    names = {q.name for q in endpoint.query if not q.name.startswith(PARAM_PREFIX)}
    takes_params = len(names) < len(endpoint.query)

    async def checked(request: web.Request) -> web.StreamResponse:
        for name in request.query if request.query_string else ():
            if name not in names and not (takes_params and name.startswith(PARAM_PREFIX)):
                known = ", ".join(q.name for q in endpoint.query) or "none"
                raise BadRequest(
                    f"there is no query parameter {shown(name)} here",
                    hint=f"those here are: {known}",
                    field=name[:60],
                )
        return await endpoint.handler(request)

    return checked


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
