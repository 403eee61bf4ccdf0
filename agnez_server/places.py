"""
Where a request comes from: its ``Host`` and its ``Origin``.

A page of another site whose name is made to point here (DNS rebinding) still says its own name in
``Host``. An address as host is fine: a name is what an attacker has to use. A page of another
origin says so in ``Origin``; it may read nothing (no CORS) and do nothing, unless it is named in
the settings.
"""

from __future__ import annotations

import functools
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from aiohttp import web

from agnez_server.checks import shown
from agnez_server.errors import BadRequest, Forbidden
from agnez_server.headers import ALLOWED_ORIGIN
from agnez_server.settings import ServerSettings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_KNOWN_HOSTS: Final = 64
"""Most callers name the same few: they are taken apart once."""
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}


def check_place(settings: ServerSettings) -> web.middleware:  # type: ignore[valid-type]
    """Refuse a ``Host`` that is not ours and an ``Origin`` that is not the page's own."""
    names = {"localhost", socket.gethostname().lower(), *map(str.lower, settings.allowed_hosts)}
    if settings.host:
        names.add(settings.host.lower())
    origins = frozenset(settings.cors_origins)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        _check_host(request, names)
        origin = request.headers.get("Origin")
        if origin is not None and origin in origins:
            request[ALLOWED_ORIGIN] = origin
            if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
                return web.Response(status=204, headers=_PREFLIGHT)
        elif origin is not None and not _is_own(request, origin) and _can_harm(request):
            raise Forbidden(
                f"the origin {shown(origin)} may not call this server",
                hint="name it with agnez up --cors-origin; is this page itself behind a proxy, "
                "then let that pass on Host (nginx: proxy_set_header Host $http_host)",
            )
        elif origin is None and _can_harm(request) and _is_of_another_site(request):
            raise Forbidden("a page of another site may not call this server")
        return await handler(request)

    return middleware


def _check_host(request: web.Request, names: set[str]) -> None:
    given = request.headers.getall("Host", [])
    host = _host_of(given[0]) if len(given) == 1 else None
    if host is None:
        raise BadRequest(f"the Host header is missing or malformed: {shown(', '.join(given))}")
    if not request.raw_path.startswith("/") and request.raw_path != "*":
        target = _split(request.raw_path)
        if target is None or target.netloc.lower() != given[0].lower():
            raise BadRequest("the target of the request names another host than the Host header")
    if host not in names and not _is_address(host):
        raise Forbidden(
            f"the host {shown(host)} is not one of this server's",
            hint="name it with agnez up --allowed-host",
        )


def _is_of_another_site(request: web.Request) -> bool:
    """
    Whether the browser says so, where it sends no Origin: a picture whose address is a socket's.

    Only a page of this very origin may; what a person does himself is "none".
    """
    return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")


def _split(url: str) -> SplitResult | None:
    try:
        found = urlsplit(url)
        _ = found.port  # parsed, and refused, when it is looked at
    except ValueError:
        return None
    return found


@functools.lru_cache(_KNOWN_HOSTS)
def _host_of(given: str) -> str | None:
    """The name or address in a ``Host`` header; None for what is no such header."""
    found = _split(f"//{given}")
    if found is None or not found.hostname or found.username is not None or found.path:
        return None
    return found.hostname


@functools.lru_cache(_KNOWN_HOSTS)
def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_own(request: web.Request, origin: str) -> bool:
    """
    Whether a page of this server asks. Behind a proxy that does not pass on ``Host``, that proxy's
    ``X-Forwarded-Host`` is what the browser sees; a page of another site can't send that header
    without being allowed to first.
    """
    found = _split(origin)
    seen_as = (request.headers["Host"], request.headers.get("X-Forwarded-Host", ""))
    netloc = "" if found is None else found.netloc.lower()
    return bool(netloc) and netloc in map(str.lower, seen_as)


def _can_harm(request: web.Request) -> bool:
    """Unsafe methods, and sockets, which browsers open to any site."""
    return (
        request.method not in ("GET", "HEAD")
        or "Upgrade" in request.headers
        or "/socket.io" in request.path
    )
