"""Requests into types: bodies, query parameters. Whatever is wrong becomes a BadRequest."""

from __future__ import annotations

import asyncio
import math
import re
import zlib
from collections.abc import Mapping
from typing import Any, Final

import orjson
from aiohttp import web

from agnez_server.checks import INT64, mapping, shown
from agnez_server.errors import BadRequest, TooLarge
from agnez_server.keys import BODIES

MAX_OBJECTS: Final = 200_000
"""
Lists and objects of one body. Each takes some 30 times as much memory as the two bytes that it is
sent as, and nobody is answered while they are made.
"""
_MOST_QUOTES: Final = 1_000_000


async def read_body(request: web.Request) -> bytes:
    """
    The whole body, unpacked where it is gzip or deflate.

    Raises:
        TooLarge: If it is larger than the setting max_body_bytes, packed or unpacked.
        Busy: If too many bodies are being received.
        BadRequest: If it is packed in another way, or not what it says.
    """
    limit = request.client_max_size
    if request.content_length is not None and request.content_length > limit:
        raise too_large(limit)
    body = await request.app[BODIES].receive(request, limit)
    if body is None:
        raise too_large(limit)
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if encoding == "identity":
        return body
    if encoding not in ("gzip", "deflate"):
        raise BadRequest(
            f"the content encoding {shown(encoding)} is not known", hint="send gzip, or plain"
        )
    return await asyncio.to_thread(_unpacked, body, limit)


def _unpacked(body: bytes, limit: int) -> bytes:
    """*body* unpacked, but never more than *limit* bytes of it."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, by its header
    try:
        found = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise BadRequest(f"the body can't be unpacked: {error}") from None
    if len(found) > limit:
        raise too_large(limit)
    if not unpacker.eof or unpacker.unused_data:
        raise BadRequest("the body can't be unpacked: it does not end where its packing does")
    return found


def too_large(limit: int) -> TooLarge:
    """What to raise for a body of more than *limit* bytes."""
    return TooLarge(f"the body is larger than {limit} bytes", hint="send it in parts", limit=limit)


def too_many_objects(limit: int) -> TooLarge:
    """What to raise for a body of more than *limit* lists and objects."""
    return TooLarge(
        f"the body holds more than {limit} lists and objects", hint="send it in parts", limit=limit
    )


async def read_json(request: web.Request) -> object:
    """The body as JSON. Raises as `read_body` and `parse_json`."""
    return parse_json(await read_body(request))


def parse_json(body: bytes) -> object:
    """
    *body* as JSON.

    Raises:
        BadRequest: If it is none, with the place of the error.
        TooLarge: If it holds more than `MAX_OBJECTS` lists and objects.
    """
    if _brackets(body) > MAX_OBJECTS and _brackets(*_outside_of_texts(body)) > MAX_OBJECTS:
        raise too_many_objects(MAX_OBJECTS)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        hint = 'NaN and infinity are the texts "NaN", "Infinity" and "-Infinity"'
        bare = any(word in body for word in (b"NaN", b"Infinity"))
        raise BadRequest(f"the body is not JSON: {error}", hint=hint if bare else None) from None


def _brackets(*parts: bytes) -> int:
    """How many lists and objects begin in *parts*."""
    return sum(part.count(b"[") + part.count(b"{") for part in parts)


def _outside_of_texts(body: bytes) -> list[bytes]:
    """The JSON *body* without what stands in its texts; all of it where texts are too many."""
    quoted = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    return quoted.split(b'"')[::2] if quoted.count(b'"') <= _MOST_QUOTES else [quoted]


async def read_object(request: web.Request) -> Mapping[str, Any]:
    """The body as a JSON object."""
    return mapping(await read_json(request), "the body")


_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def number(request: web.Request, name: str) -> float | int | None:
    """A finite number of the query, None where it is missing; a whole one of 64 bits is exact."""
    raw = request.query.get(name)
    if raw is None or raw == "":
        return None
    value = float(raw) if _NUMBER.fullmatch(raw) else math.nan
    if not math.isfinite(value):
        raise BadRequest(f"{name} must be a finite number, found {shown(raw)}", field=name)
    if raw.lstrip("+-").isdigit() and len(raw) <= 20 and int(raw) in INT64:
        return int(raw)
    return value


def integer(request: web.Request, name: str, default: int | None, lo: int, hi: int) -> int | None:
    """A whole number of the query with ``lo <= value <= hi``, *default* where it is missing."""
    raw = request.query.get(name)
    if raw is None or raw == "":
        return default
    digits = raw.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20 and lo <= int(raw) <= hi):
        raise BadRequest(
            f"{name} must be a whole number from {lo} to {hi}, found {shown(raw)}", field=name
        )
    return int(raw)


def choice(request: web.Request, name: str, values: tuple[str, ...]) -> str:
    """One of *values*; the first where the query has none."""
    raw = request.query.get(name, values[0])
    if raw not in values:
        raise BadRequest(
            f"{name} must be one of {', '.join(values)}, found {shown(raw)}", field=name
        )
    return raw


def page(request: web.Request, default: int, most: int) -> tuple[int, int]:
    """``limit`` and ``offset`` of the query."""
    limit = integer(request, "limit", default, 0, most)
    offset = integer(request, "offset", 0, 0, 2**31)
    assert limit is not None and offset is not None
    return limit, offset


def json_answer(body: object, status: int = 200, **headers: str) -> web.Response:
    """*body* as a JSON answer. NaN must have become text before."""
    return web.Response(
        body=orjson.dumps(body), status=status, content_type="application/json", headers=headers
    )


def named_number(value: float | None) -> float | str | None:
    """*value* as JSON can hold it: NaN and infinity by name."""
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
