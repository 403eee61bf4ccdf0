"""`/values`: records, found and changed over HTTP as by a service of Feathers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import orjson
from aiohttp import web

from agnez_server.api import schemas
from agnez_server.api.endpoint import Endpoint, Handler, Query
from agnez_server.api.recordbody import read_record
from agnez_server.api.streaming import begun
from agnez_server.errors import AgnezServerError, BadRequest
from agnez_server.keys import READERS, VALUES
from agnez_server.values.qs import parse_qs
from agnez_server.values.service import Record

_PAGE_BYTES: Final = 1 << 20
_OVERRIDE: Final = "X-HTTP-Method-Override"


class MethodNotAllowed(AgnezServerError):
    """A method that this path does not take."""

    status, code = 405, "method_not_allowed"


def _query(request: web.Request) -> dict[str, Any]:
    return parse_qs(request.rel_url.raw_query_string)


def _id(request: web.Request) -> str:
    return request.match_info["id"]


async def find_values(request: web.Request) -> web.StreamResponse:
    return await _listed(request, await _found(request))


async def head_values(request: web.Request) -> web.Response:
    await _found(request)
    return web.Response(content_type="application/json")


async def _found(request: web.Request) -> list[Record]:
    find = request.app[VALUES].finder(_query(request), text=True)
    if find.is_quick:
        return find()
    return await asyncio.get_running_loop().run_in_executor(request.app[READERS], find)


async def get_value(request: web.Request) -> web.Response:
    return _answer(request.app[VALUES].get(_id(request), _query(request), text=True))


async def head_value(request: web.Request) -> web.Response:
    await get_value(request)
    return web.Response(content_type="application/json")


async def create_value(request: web.Request) -> web.StreamResponse:
    meant = _meant(request)
    if meant is not None:
        return await meant(request)
    made = await request.app[VALUES].create(await read_record(request), _query(request), text=True)
    if isinstance(made, list):
        return await _listed(request, made, 201)
    return _answer(made, 201)


async def override_method(request: web.Request) -> web.StreamResponse:
    meant = _meant(request)
    if meant is None:
        raise MethodNotAllowed(
            "a record that is there is not created", hint="PATCH or PUT it, or POST to /values"
        )
    return await meant(request)


async def update_value(request: web.Request) -> web.Response:
    body = await read_record(request)
    return _answer(await request.app[VALUES].update(_id(request), body, _query(request), text=True))


async def patch_value(request: web.Request) -> web.StreamResponse:
    body = await read_record(request)
    return await _changed(
        request, await request.app[VALUES].patch(_id(request), body, _query(request), text=True)
    )


async def remove_value(request: web.Request) -> web.StreamResponse:
    return await _changed(
        request, await request.app[VALUES].remove(_id(request), _query(request), text=True)
    )


async def update_values(request: web.Request) -> web.Response:
    """Refused by the service, which has the words."""
    await request.app[VALUES].update(None, None, {})
    raise AssertionError("several records were replaced")


async def patch_values(request: web.Request) -> web.StreamResponse:
    _require_meant(request)
    body = await read_record(request)
    return await _changed(
        request, await request.app[VALUES].patch(None, body, _query(request), text=True)
    )


async def remove_values(request: web.Request) -> web.StreamResponse:
    _require_meant(request)
    return await _changed(
        request, await request.app[VALUES].remove(None, _query(request), text=True)
    )


def _require_meant(request: web.Request) -> None:
    """Refuse ``/values/`` and nothing behind it: a program whose id is empty means one record."""
    if request.path.endswith("/") and not request.rel_url.raw_query_string:
        raise BadRequest(
            "there is no id behind /values/",
            hint="all records are changed at /values, without the slash",
            field="id",
        )


# -- what a POST may mean --------------------------------------------------------------------


def _meant(request: web.Request) -> Handler | None:
    """
    The handler of the method that a POST says it stands for, None where it says nothing.

    A page of another site can't send this header without being allowed to first, and the method it
    names asks for no more than a POST does: the scope write.
    """
    name = request.headers.get(_OVERRIDE)
    if name is None:
        return None
    handlers = _MEANT["id" in request.match_info]
    handler = handlers.get(name.strip().upper())
    if handler is None:
        raise MethodNotAllowed(
            f"{_OVERRIDE} is {name[:20]!r}", hint=f"it may be one of {', '.join(handlers)}"
        )
    return handler


_MEANT: Final[dict[bool, dict[str, Handler]]] = {
    True: {"PATCH": patch_value, "PUT": update_value, "DELETE": remove_value},
    False: {"PATCH": patch_values, "PUT": update_values, "DELETE": remove_values},
}


# -- answers ---------------------------------------------------------------------------------


def _answer(record: Record, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(record), status=status, content_type="application/json")


async def _changed(request: web.Request, found: Record | list[Record]) -> web.StreamResponse:
    if isinstance(found, list):
        return await _listed(request, found)
    return _answer(found)


async def _listed(
    request: web.Request, records: list[Record], status: int = 200
) -> web.StreamResponse:
    """A bare list; a long one is made and sent a page at a time."""
    pages = _pages(records)
    first = next(pages)
    second = next(pages, None)
    if second is None:
        return web.Response(body=first, status=status, content_type="application/json")
    answer = web.StreamResponse(status=status)
    answer.content_type = "application/json"
    await answer.prepare(request)
    with begun():
        for page in (first, second):
            await answer.write(page)
        for page in pages:
            await asyncio.sleep(0)  # others have their turn
            await answer.write(page)
    await answer.write_eof()
    return answer


def _pages(records: list[Record]) -> Iterator[bytes]:
    """The JSON of *records* in pieces of about `_PAGE_BYTES`, at least one."""
    page = bytearray(b"[")
    for number, record in enumerate(records):
        if len(page) >= _PAGE_BYTES:
            yield bytes(page)
            page.clear()
        page += b"," if number else b""
        page += orjson.dumps(record)
    yield bytes(page + b"]")


_RECORD: Final = {"type": "object", "required": ["_id"]}
_BODY: Final = schemas.ANY_OBJECT
_RECORDS: Final = schemas.array(_RECORD)
_ONE_OR_MORE: Final = {"anyOf": [_RECORD, _RECORDS]}
_ALL: Final = "/values"
_ONE: Final = "/values/{id}"


def _endpoint(
    method: str,
    path: str,
    handler: Handler,
    summary: str,
    answers: dict[int, schemas.Schema | None],
    body: schemas.Schema | None = None,
    headers: tuple[Query, ...] = (),
) -> Endpoint:
    reads = method in ("GET", "HEAD")
    return Endpoint(
        method=method, path=path, handler=handler, summary=summary, answers=answers, body=body,
        scope="read" if reads else "write", outside=True, slash=True, feathers=True,
        errors=_refused(method, path, body), headers=headers,
        body_types={} if body is None else {"application/x-www-form-urlencoded": _BODY},
    )  # fmt: skip


def _refused(method: str, path: str, body: schemas.Schema | None) -> tuple[int, ...]:
    found = {413, *((404,) if path == _ONE else ())}  # a query may look at too much
    if body is not None:
        found |= {409, 415}
    if method == "POST":
        found |= {404, 405}
    return tuple(sorted(found))


_MEANS: Final = Query(_OVERRIDE, {"enum": ["PATCH", "PUT", "DELETE"]}, "what is meant")
_MUST_MEAN: Final = replace(_MEANS, required=True)
ENDPOINTS: Final = [
    _endpoint("GET", _ALL, find_values, "The records that match the query", {200: _RECORDS}),
    _endpoint("HEAD", _ALL, head_values, "Whether the query is one", {200: None}),
    _endpoint("GET", _ONE, get_value, "A record", {200: _RECORD}),
    _endpoint("HEAD", _ONE, head_value, "Whether there is a record", {200: None}),
    _endpoint("POST", _ALL, create_value, "Keep a record, or each of a list",
              {201: _ONE_OR_MORE, 200: _RECORDS},
              {"anyOf": [_BODY, {**schemas.array(_BODY), "maxItems": 2000}]}, (_MEANS,)),
    _endpoint("POST", _ONE, override_method,
              "PATCH, PUT or DELETE, as X-HTTP-Method-Override says", {200: _RECORD},
              _BODY, (_MUST_MEAN,)),
    _endpoint("PUT", _ONE, update_value, "Replace all of a record but its id",
              {200: _RECORD}, _BODY),
    _endpoint("PUT", _ALL, update_values, "Refused: several records are not replaced at once",
              {}),
    _endpoint("PATCH", _ONE, patch_value, "Change fields of a record", {200: _RECORD}, _BODY),
    _endpoint("PATCH", _ALL, patch_values, "Change fields of all records that match",
              {200: _RECORDS}, _BODY),
    _endpoint("DELETE", _ONE, remove_value, "Remove a record", {200: _RECORD}),
    _endpoint("DELETE", _ALL, remove_values, "Remove all records that match", {200: _RECORDS}),
]  # fmt: skip
