"""Answers that are written piece by piece, so that memory stays small however long they are."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from urllib.parse import quote

import orjson
from aiohttp import web

T = TypeVar("T")
_PLAIN: Final = re.compile(r"[^A-Za-z0-9._-]+")
_HARMFUL: Final = re.compile(
    r"[\x00-\x1f/\\\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+"
)
"""In the name of a file: leads elsewhere, or shows another ending than there is."""


def file_name(name: str, default: str) -> str:
    """*name* with nothing in it that a header or a file system could take amiss."""
    return _PLAIN.sub("-", name).strip("-.")[-100:] or default


def attachment(name: str, default: str = "file") -> str:
    """The Content-Disposition of a download called *name*, in plain letters and in its own."""
    plain = file_name(name, default)
    own = quote(_HARMFUL.sub("-", name)[-200:], safe="")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{own or plain}"


@contextmanager
def begun() -> Iterator[None]:
    """
    Around what is done when an answer has begun: an error can't be told any more.

    It ends the connection instead, so that nobody takes half an answer for the whole.
    """
    try:
        yield
    except ConnectionError:
        raise
    except Exception as error:
        raise ConnectionAbortedError(f"the answer breaks off: {error}") from error


async def _all(first: T, others: AsyncIterator[T]) -> AsyncIterator[T]:
    yield first
    async for page in others:
        yield page


async def stream_items(
    request: web.Request, pages: AsyncIterator[Iterable[object]], rest: Mapping[str, Any]
) -> web.StreamResponse:
    """
    ``{"items": [...], **rest}``, the items a page at a time.

    *rest* is read when the last page was: what is only known then may be put into it meanwhile.
    The first page may still be refused; what fails later ends the connection.
    """
    first: Iterable[object] = await anext(pages, [])  # Python 3.11 loses a tuple on the way
    answer = web.StreamResponse()
    answer.content_type = "application/json"
    separator = b'{"items":['
    await answer.prepare(request)
    with begun():
        async for page in _all(first, pages):
            await asyncio.sleep(0)  # others have their turn, however long the list is
            body = b",".join(orjson.dumps(item) for item in page)
            if body:
                await answer.write(separator + body)
                separator = b","
    opening = separator if separator != b"," else b""
    tail = orjson.dumps(rest)[1:]
    comma = b"," if len(tail) > 1 else b""
    await answer.write(opening + b"]" + comma + tail)
    await answer.write_eof()
    return answer


async def stream_text(
    request: web.Request, name: str, pages: AsyncIterator[bytes]
) -> web.StreamResponse:
    """A plain text that is downloaded as *name*; its first page may still be refused."""
    first = await anext(pages, b"")
    answer = web.StreamResponse()
    answer.content_type, answer.charset = "text/plain", "utf-8"
    answer.headers["Content-Disposition"] = attachment(name)
    await answer.prepare(request)
    with begun():
        async for page in _all(first, pages):
            await answer.write(page)
    await answer.write_eof()
    return answer
