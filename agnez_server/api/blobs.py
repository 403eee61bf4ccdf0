"""Blobs: bytes under their hash, in and out as streams."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from functools import partial
from typing import Final

from aiohttp import web

from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, Query
from agnez_server.api.reading import in_reader
from agnez_server.api.streaming import attachment, begun
from agnez_server.catalog.bodies.fields import is_mime, is_sha256
from agnez_server.checks import shown
from agnez_server.errors import BadRange, BadRequest, NotFound, TooLarge
from agnez_server.headers import PLAYED_POLICY, SHOWN_POLICY
from agnez_server.keys import SETTINGS, STORE
from agnez_server.store.base import BlobRef

PIECE: Final = 256 << 10
UNKNOWN_MIME: Final = "application/octet-stream"
SHOWN: Final = frozenset({
    "image/png", "image/jpeg", "image/webp", "image/gif", "image/avif", "image/bmp",
    "image/svg+xml", "audio/wav", "audio/x-wav", "audio/mpeg", "audio/ogg", "audio/flac",
    "audio/mp4", "audio/aac", "audio/webm", "video/mp4", "video/webm", "video/ogg",
    "text/plain", "text/html", "application/json",
})  # fmt: skip
"""What a browser may show by itself; all else is a file to be saved."""

MEDIA: Final = frozenset(m for m in SHOWN if m.startswith(("image/", "audio/", "video/")))
"""What a caller may ask a blob to be: the first who put it may have said something else."""

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def known_blob(request: web.Request) -> BlobRef:
    """The blob that the path names. Raises NotFound."""
    sha256 = request.match_info["sha256"]
    found = request.app[STORE].blob(sha256) if is_sha256(sha256) else None
    if found is None:
        raise NotFound("blob", sha256)
    return found


# -- out -------------------------------------------------------------------------------------


async def get_blob(request: web.Request) -> web.StreamResponse:
    blob = known_blob(request)
    headers = _headers(request, blob)
    if _is_known(request, blob):
        return web.Response(status=304, headers=headers)
    wanted = _range(request, blob)
    if wanted is None:
        return await _send(request, blob, 0, blob.size, web.StreamResponse(headers=headers))
    first, end = wanted
    if first >= end:
        error = BadRange(f"the blob has {blob.size} bytes, none of them in this range")
        return parsing.json_answer(
            error.as_json(), error.status, **{"Content-Range": f"bytes */{blob.size}"}
        )
    headers["Content-Range"] = f"bytes {first}-{end - 1}/{blob.size}"
    return await _send(request, blob, first, end, web.StreamResponse(status=206, headers=headers))


async def head_blob(request: web.Request) -> web.StreamResponse:
    blob = known_blob(request)
    answer = web.StreamResponse(headers=_headers(request, blob))
    answer.content_length = blob.size
    await answer.prepare(request)
    await answer.write_eof()
    return answer


async def _send(
    request: web.Request, blob: BlobRef, first: int, end: int, answer: web.StreamResponse
) -> web.StreamResponse:
    piece = await _piece(request, blob, first, end)  # the first one may still be refused
    answer.content_length = end - first
    await answer.prepare(request)
    with begun():
        while piece:
            await answer.write(piece)
            first += len(piece)
            piece = await _piece(request, blob, first, end)
        if first < end:
            raise ConnectionAbortedError(f"the blob {blob.sha256} was taken away")
    await answer.write_eof()
    return answer


async def _piece(request: web.Request, blob: BlobRef, first: int, end: int) -> bytes:
    if first >= end:
        return b""
    read, size = request.app[STORE].read_blob, min(PIECE, end - first)
    return await in_reader(request, partial(read, blob.sha256, first, size))


def _headers(request: web.Request, blob: BlobRef) -> dict[str, str]:
    told = request.query.get("mime", blob.mime)
    if told != blob.mime and told not in MEDIA:
        raise BadRequest(
            f"a blob can be asked for as a picture, a sound or a film, found {shown(told)}",
            field="mime",
        )
    inline = told in SHOWN
    mime = told if inline else UNKNOWN_MIME
    headers = {
        "Content-Type": f"{mime}; charset=utf-8" if mime.startswith("text/") else mime,
        "ETag": f'"{blob.sha256}"',
        "Cache-Control": "private, max-age=31536000, immutable",
        "Accept-Ranges": "bytes",
        "Content-Security-Policy": PLAYED_POLICY if mime == "text/html" else SHOWN_POLICY,
    }
    name = request.query.get("download")
    if name is not None or not inline:
        headers["Content-Disposition"] = attachment(name or blob.sha256[:16])
    return headers


def _is_known(request: web.Request, blob: BlobRef) -> bool:
    return any(tag.value in (blob.sha256, "*") for tag in request.if_none_match or ())


def _range(request: web.Request, blob: BlobRef) -> tuple[int, int] | None:
    """
    The bytes ``first <= place < end`` that are asked for, None for all of them.

    Several ranges, and what is no range of bytes, are answered with all of it, as the RFC allows.
    """
    if request.headers.get("If-Range", f'"{blob.sha256}"') != f'"{blob.sha256}"':
        return None
    found = _RANGE.fullmatch(request.headers.get("Range", ""))
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found[1], found[2]
    if not first:
        return max(0, blob.size - int(last)), blob.size
    if last and int(last) < int(first):
        return None
    return int(first), min(blob.size, int(last) + 1 if last else blob.size)


# -- in --------------------------------------------------------------------------------------


async def put_blob(request: web.Request) -> web.Response:
    sha256, limit = request.match_info["sha256"], request.app[SETTINGS].max_blob_bytes
    if not is_sha256(sha256):
        raise BadRequest(
            f"a blob is named by its SHA-256, 64 small hex digits, found {shown(sha256)}",
            field="sha256",
        )
    if (request.content_length or 0) > limit:
        raise TooLarge(f"a blob has at most {limit} bytes", limit=limit)
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise BadRequest("a blob comes as it is, without a content encoding")
    store = request.app[STORE]
    known = store.blob(sha256) is not None
    pieces = _pieces(request, request.app[SETTINGS].silence_s)
    blob = await store.put_blob(sha256, _mime(request), pieces, limit)
    body = {"sha256": blob.sha256, "size": blob.size, "mime": blob.mime}
    return parsing.json_answer(body, 200 if known else 201)


def _mime(request: web.Request) -> str:
    mime = request.content_type.lower()
    return mime if is_mime(mime) else UNKNOWN_MIME


async def _pieces(request: web.Request, silence_s: float) -> AsyncIterator[bytes]:
    """The body as it comes; one who falls silent does not keep his place for ever."""
    while True:
        try:
            async with asyncio.timeout(silence_s):
                piece = await request.content.read(PIECE)
        except TimeoutError:
            raise BadRequest(f"nothing came for {silence_s:g} s", hint="send it again") from None
        if not piece:
            return
        yield piece


_BLOB: Final = schemas.obj({"sha256": schemas.TEXT, "size": schemas.WHOLE, "mime": schemas.TEXT})
_QUERY: Final = (
    Query("download", schemas.TEXT, "as an attachment with this name"),
    Query(
        "mime",
        {"enum": sorted(MEDIA)},
        "as this picture, sound or film, whatever was said when it came",
    ),
)

_HEADERS_READ: Final = (
    Query("Range", schemas.TEXT, "one range of bytes, as bytes=0-99; else all of them are sent"),
    Query("If-Range", schemas.TEXT, "the range only if the ETag is this"),
    Query("If-None-Match", schemas.TEXT, "304 if the ETag is this"),
)

ENDPOINTS: Final = [
    Endpoint(method="GET", path="/blobs/{sha256}", handler=get_blob, scope="read",
             summary="The bytes of a blob, or a range of them", query=_QUERY, headers=_HEADERS_READ,
             errors=(404, 410, 416), media=tuple(sorted(SHOWN)),
             answers={200: schemas.BYTES, 206: schemas.BYTES, 304: None}, answer_type=UNKNOWN_MIME),
    Endpoint(method="HEAD", path="/blobs/{sha256}", handler=head_blob, scope="read",
             summary="Whether a blob is here", query=_QUERY, errors=(404,), answers={200: None}),
    Endpoint(method="PUT", path="/blobs/{sha256}", handler=put_blob, scope="write",
             summary="Keep a blob", body=schemas.BYTES, body_type=UNKNOWN_MIME, large=True,
             answers={201: _BLOB, 200: _BLOB}),
]  # fmt: skip
