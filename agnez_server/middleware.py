"""
What surrounds every request, outermost first: errors as JSON, safe headers, where it comes from
(Host, Origin), who it is.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from agnez_server.api.parsing import json_answer
from agnez_server.auth import COOKIE, Gate, Scope
from agnez_server.errors import (
    AgnezServerError,
    Forbidden,
    NotAuthenticated,
    NotFound,
    TooLarge,
    TooManyRequests,
)
from agnez_server.settings import ServerSettings

logger = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SCOPE: Final = web.RequestKey("scope", object)

# Bokeh lays out its canvases by inline styles; everything else is our own files.
CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'self'"
)
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def caller(request: web.Request) -> str:
    """The address that tries are counted for."""
    return request.remote or "?"


def is_https(request: web.Request) -> bool:
    """Whether the browser speaks TLS, to us or to a proxy before us."""
    return request.secure or request.headers.get("X-Forwarded-Proto") == "https"


# -- errors ----------------------------------------------------------------------------------


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever is raised becomes JSON; only what nobody foresaw is a 500, and it is logged."""
    try:
        return await handler(request)
    except AgnezServerError as error:
        return _answer(error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _http_error(request, error)
    except ConnectionError:
        raise
    except Exception:
        logger.exception("%s %s failed", request.method, request.path)
        return _answer(AgnezServerError("the server made a mistake; its log says more"))


def _answer(error: AgnezServerError) -> web.Response:
    headers = {}
    wait = error.details.get("retry_after_s")
    if wait is not None:
        headers["Retry-After"] = str(max(1, round(wait)))
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="agnez"'
    return json_answer(error.as_json(), error.status, **headers)


def _http_error(request: web.Request, error: web.HTTPException) -> web.Response:
    if error.status == 404:
        return _answer(NotFound("route", f"{request.method} {request.path}"))
    if error.status == 413:
        return _answer(TooLarge("the body is larger than this server takes"))
    code = error.reason.lower().replace(" ", "_")
    body = {"error": {"code": code, "message": error.reason}}
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        body["error"]["hint"] = f"the methods here are {allowed}"
        return json_answer(body, 405, Allow=allowed)
    return json_answer(body, error.status)


@web.middleware
async def safe_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Headers that keep a browser from doing what nobody asked for."""
    answer = await handler(request)
    if not answer.prepared:
        answer.headers.update(_HEADERS)
        answer.headers.setdefault("Cache-Control", "no-store")
        if answer.content_type == "text/html":
            answer.headers["Content-Security-Policy"] = CONTENT_POLICY
    return answer


# -- where from ------------------------------------------------------------------------------


def check_place(settings: ServerSettings) -> web.middleware:  # type: ignore[valid-type]
    """
    Refuse a ``Host`` that is not ours and an ``Origin`` that is not the page's own.

    A page of another site whose name is made to point here (DNS rebinding) still says its own
    name in ``Host``. An address as host is fine: a name is what an attacker has to use.
    """
    names = {"localhost", socket.gethostname().lower(), *map(str.lower, settings.allowed_hosts)}
    if settings.host:
        names.add(settings.host.lower())
    origins = set(settings.cors_origins)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = urlsplit(f"//{request.host}").hostname or ""
        if host not in names and not _is_address(host):
            raise Forbidden(
                f"the host {host[:80]!r} is not one of this server's",
                hint=f"agnez up --allowed-host {host[:80]}",
            )
        origin = request.headers.get("Origin")
        if origin in origins:
            return await _with_cors(request, handler, origin)
        if origin is not None and not _same_origin(request, origin) and _can_harm(request):
            raise Forbidden(
                f"the origin {origin[:80]!r} may not call this server",
                hint=f"agnez up --cors-origin {origin[:80]}",
            )
        return await handler(request)

    return middleware


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _same_origin(request: web.Request, origin: str) -> bool:
    return urlsplit(origin).netloc.lower() == request.host.lower()


def _can_harm(request: web.Request) -> bool:
    """Unsafe methods, and sockets, which browsers open to any site."""
    return (
        request.method not in ("GET", "HEAD")
        or "Upgrade" in request.headers
        or ("/socket.io" in request.path)
    )


async def _with_cors(request: web.Request, handler: Handler, origin: str) -> web.StreamResponse:
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        answer: web.StreamResponse = web.Response(status=204)
        answer.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, PATCH, DELETE"
        answer.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        answer.headers["Access-Control-Max-Age"] = "600"
    else:
        try:
            answer = await handler(request)
        except AgnezServerError as error:
            answer = _answer(error)
    if not answer.prepared:
        answer.headers["Access-Control-Allow-Origin"] = origin
        answer.headers["Access-Control-Allow-Credentials"] = "true"
        answer.headers["Vary"] = "Origin"
        answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


# -- who -------------------------------------------------------------------------------------


def identify(gate: Gate) -> web.middleware:  # type: ignore[valid-type]
    """Find the caller's scope; a wrong token is refused, no token is just nobody."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[SCOPE] = scope_of(gate, request)
        return await handler(request)

    return middleware


def scope_of(gate: Gate, request: web.Request) -> Scope | None:
    """
    The scope that *request* has, None for a caller who showed nothing.

    Raises:
        NotAuthenticated: If it carries a token that is not one of ours.
        TooManyRequests: If its address showed too many wrong ones in the last minute.
    """
    if not gate.needs_login:
        return "admin"
    header = request.headers.get("Authorization")
    if header is not None:
        kind, _, secret = header.partition(" ")
        scope = gate.scope_of_token(secret.strip()) if kind.lower() == "bearer" else None
        if scope is None:
            wait = gate.wait_s(caller(request))
            if wait:
                raise TooManyRequests("too many wrong tokens", retry_after_s=round(wait, 1))
            gate.note_wrong(caller(request))
            raise NotAuthenticated(
                "the token is not known here", hint="make one with `agnez token create`"
            )
        return scope
    cookie = request.cookies.get(COOKIE)
    return "admin" if cookie and gate.is_session(cookie) else None
