"""What surrounds every request: errors become JSON, and the caller's scope is found."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from agnez_server.api.parsing import json_answer
from agnez_server.auth import COOKIE, Gate
from agnez_server.authfiles import Scope
from agnez_server.checks import shown
from agnez_server.errors import (
    AgnezServerError,
    BadRequest,
    NotAuthenticated,
    NotFound,
    TooLarge,
    TooManyRequests,
    TooSlow,
)
from agnez_server.keys import SETTINGS
from agnez_server.values.feathererrors import feathers_error

logger = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CALLER_GONE: Final = 499
"""What is counted where nobody is left who could be answered."""
SCOPE: Final = web.RequestKey("scope", object)


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
        return error_answer(request, error)
    except web.RequestPayloadError as error:
        return error_answer(request, BadRequest(f"the body can't be read: {shown(str(error))}"))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _http_error(request, error)
    except ConnectionError:
        transport = request.transport
        if transport is not None and not transport.is_closing():
            raise  # we broke an answer off: its caller has to see that
        return web.Response(status=CALLER_GONE)
    except Exception:
        logger.exception("%s %r failed", request.method, request.path)
        return error_answer(
            request, AgnezServerError("the server made a mistake; its log says more")
        )


def error_answer(request: web.Request, error: AgnezServerError) -> web.Response:
    """*error* as the answer to *request*; clients of Feathers get it as they know it."""
    headers = {}
    wait = error.details.get("retry_after_s")
    if wait is not None:
        headers["Retry-After"] = str(max(1, round(wait)))
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="agnez"'
    body = feathers_error(error) if _is_of_values(request) else error.as_json()
    answer = json_answer(body, error.status, **headers)
    if error.status == TooSlow.status:
        answer.force_close()
    return answer


def _is_of_values(request: web.Request) -> bool:
    path = request.path.removeprefix(request.app[SETTINGS].base_path).removeprefix("/api/v1")
    return path == "/values" or path.startswith("/values/")


def _http_error(request: web.Request, error: web.HTTPException) -> web.Response:
    if error.status == 404:
        return error_answer(request, NotFound("route", f"{request.method} {request.path}"))
    if error.status == 413:
        return error_answer(request, TooLarge("the body is larger than this server takes"))
    other = OtherError(error.status, error.reason)
    if not isinstance(error, web.HTTPMethodNotAllowed):
        return error_answer(request, other)
    allowed = ", ".join(sorted(error.allowed_methods))
    other.hint = f"the methods here are {allowed}"
    answer = error_answer(request, other)
    answer.headers["Allow"] = allowed
    return answer


class OtherError(AgnezServerError):
    """What aiohttp refuses by itself, with the words of HTTP."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.code = status, reason.lower().replace(" ", "_")


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
        return scope_of_token(gate, secret if kind.lower() == "bearer" else "", caller(request))
    cookie = request.cookies.get(COOKIE)
    return "admin" if cookie and gate.is_session(cookie) else None


def scope_of_token(gate: Gate, secret: str, who: str) -> Scope:
    """The scope of a token that *who* shows. Raises as `scope_of`."""
    scope = gate.scope_of_token(secret.strip())
    if scope is not None:
        return scope
    wait = gate.tries.wait_s(who)
    if wait:
        raise TooManyRequests("too many wrong tokens", retry_after_s=round(wait, 1))
    gate.tries.note(who)
    raise NotAuthenticated("the token is not known here", hint="make one with `agnez token create`")
