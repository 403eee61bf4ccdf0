"""A long list of JSON, read in parts, so that others are answered meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import orjson
from aiohttp import web

from agnez_server.api.parsing import parse_json, read_body, too_many_objects

MAX_OBJECTS: Final = 2_000_000
"""Lists and objects of a body that is read in parts."""
PART_BYTES: Final = 256 << 10
_TRIES: Final = 8


async def read_long_json(request: web.Request) -> object:
    """
    The body as JSON, where it may be a list of hundreds of thousands of objects.

    Raises:
        BadRequest, TooLarge: As `parsing.read_json`; of lists up to `MAX_OBJECTS` are read.
    """
    body = await read_body(request)
    if len(body) <= 2 * PART_BYTES:
        return parse_json(body)
    if body.count(b"[") + body.count(b"{") > MAX_OBJECTS:
        raise too_many_objects(MAX_OBJECTS)
    found = await read_in_parts(body)
    return parse_json(body) if found is None else found


async def read_in_parts(body: bytes, part_bytes: int = PART_BYTES) -> list[Any] | None:
    """
    The list in *body*; None where it is no list, no JSON, or has no place at which to part it.

    Others have their turn after each part.
    """
    found: list[Any] = []
    for part in _parts(body, part_bytes):
        if part is None:
            return None
        found += part
        await asyncio.sleep(0)
    return found


def _parts(body: bytes, size: int) -> Iterator[list[Any] | None]:
    start = body.find(b"[") + 1
    if body[: start - 1].strip() or not start:
        yield None
        return
    while len(body) - start > 2 * size:
        part, start = _part(body, start, size)
        yield part
        if part is None:
            return
    rest = _list(b"[" + body[start:])
    yield None if rest == [] and start != body.find(b"[") + 1 else rest  # a comma, then the end


def _part(body: bytes, start: int, size: int) -> tuple[list[Any] | None, int]:
    """
    The values from *start* on, up to a comma about *size* bytes later, and the place after it.

    That ``[`` + them + ``]`` is JSON proves that the comma stands between two values of the list:
    a reader who has come so far is at the end of a value of it, and nowhere else.
    """
    end = start + size
    for _ in range(_TRIES):
        end = body.find(b",", end)
        if end < 0:
            break
        part = _list(b"[" + body[start:end] + b"]")
        if part:
            return part, end + 1
        end = body.find(b"}", end) + 1 or len(body)
    return None, start


def _list(text: bytes) -> list[Any] | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, list) else None
