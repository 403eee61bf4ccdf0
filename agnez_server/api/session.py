"""Logging in and out with a browser."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from aiohttp import web

from agnez_server import checks
from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, Query
from agnez_server.auth import COOKIE
from agnez_server.authfiles import SCOPES
from agnez_server.errors import BadRequest, NotAuthenticated, TooManyRequests
from agnez_server.keys import GATE, LOGINS, SETTINGS
from agnez_server.middleware import SCOPE, caller, is_https

MAX_LOGIN_BYTES: Final = 16 << 10
_PATH: Final = re.compile(r"(/[A-Za-z0-9._~%@+-]+)*/?")


async def get_session(request: web.Request) -> web.Response:
    scope = request.get(SCOPE)
    return parsing.json_answer(
        {
            "login": request.app[GATE].needs_login,
            "authenticated": scope is not None,
            "scope": scope,
        }
    )


async def open_session(request: web.Request) -> web.Response:
    # Strangers may send it, so it may not be large.
    given = await parsing.read_object(request.clone(client_max_size=MAX_LOGIN_BYTES))
    checks.known_fields(given, {"password", "path"}, "a login")
    password = given.get("password")
    if not isinstance(password, str) or len(password) > 1000:
        raise BadRequest("password must be text of at most 1000 characters", field="password")
    path = _cookie_path(request, given.get("path"))
    await _check(request, password)
    value, lasts_s = request.app[GATE].open_session()
    answer = parsing.json_answer({"login": True, "authenticated": True, "scope": "admin"})
    answer.set_cookie(
        COOKIE, value, max_age=lasts_s, httponly=True, samesite="Strict",
        secure=is_https(request), path=path,
    )  # fmt: skip
    return answer


def _cookie_path(request: web.Request, given: object) -> str:
    """
    Where the cookie is to be sent: where the browser sees this server.

    Only the browser knows that when a proxy takes a part of the path away, and on a host that is
    shared the cookie must not go to the neighbours.
    """
    if given is None:
        return request.app[SETTINGS].base_path or "/"
    if not isinstance(given, str) or len(given) > 200 or not _PATH.fullmatch(given):
        raise BadRequest(
            f"path must be that of the start page, as /agnez, found {checks.shown(given)}",
            field="path",
        )
    return given or "/"


async def _check(request: web.Request, password: str) -> None:
    """
    Refuse a wrong password.

    A try counts before it is known to be wrong: of a hundred at the same moment five are looked
    at. No more than two are looked at in parallel, each takes a core and 64 MiB.
    """
    gate, who = request.app[GATE], caller(request)
    wait = gate.tries.wait_s(who)
    if wait:
        raise TooManyRequests("too many wrong tries", retry_after_s=round(wait, 1))
    gate.tries.note(who)
    async with request.app[LOGINS]:
        right = await asyncio.to_thread(gate.check_password, password)
    if not right:
        hint = None if gate.has_password() else "no password is set: run `agnez password`"
        raise NotAuthenticated("the password is wrong", hint=hint)
    gate.tries.forgive(who)


async def close_session(request: web.Request) -> web.Response:
    answer = web.Response(status=204)
    answer.del_cookie(COOKIE, path=_cookie_path(request, request.query.get("path")))
    return answer


_COOKIE_PATH: Final = {
    "type": "string",
    "maxLength": 200,
    "pattern": "^(/[A-Za-z0-9._~%@+-]+)*/?$",
}
_LOGIN: Final = schemas.given(
    {"password": {"type": "string", "maxLength": 1000}, "path": schemas.maybe(_COOKIE_PATH)},
    required=("password",),
)
_SESSION: Final = schemas.obj(
    {
        "login": schemas.FLAG,
        "authenticated": schemas.FLAG,
        "scope": schemas.maybe({"enum": list(SCOPES)}),
    }
)

ENDPOINTS: Final = [
    Endpoint(method="GET", path="/session", handler=get_session, scope=None,
             summary="Whether a login is needed, and the caller's scope", answers={200: _SESSION}),
    Endpoint(method="POST", path="/session", handler=open_session, scope=None,
             summary="Log in with the password; sets a cookie",
             body=_LOGIN, answers={200: _SESSION}),
    Endpoint(method="DELETE", path="/session", handler=close_session, scope=None,
             query=(Query("path", _COOKIE_PATH, "as given when logging in"),),
             summary="Log out", answers={204: None}),
]  # fmt: skip
