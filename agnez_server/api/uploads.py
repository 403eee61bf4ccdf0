"""Pictures and films for cells: bytes in, an address out."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from typing import Final

from aiohttp import web

from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint
from agnez_server.checks import shown
from agnez_server.errors import BadRequest
from agnez_server.keys import STORE

_HEAD: Final = 4096
"""Bytes by which a type is known."""
_SVG: Final = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*(?:<!DOCTYPE[^>]*>\s*)?"
    rb"(?:<!--.*?-->\s*)*<svg[\s>/]",
    re.DOTALL | re.IGNORECASE,
)

KINDS: Final[dict[str, Callable[[bytes], bool]]] = {
    "image/png": lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"),
    "image/jpeg": lambda head: head.startswith(b"\xff\xd8\xff"),
    "image/gif": lambda head: head.startswith((b"GIF87a", b"GIF89a")),
    "image/webp": lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP",
    "image/svg+xml": lambda head: _SVG.match(head) is not None,
    "video/mp4": lambda head: head[4:8] == b"ftyp",
    "video/webm": lambda head: head.startswith(b"\x1a\x45\xdf\xa3"),
}
"""What is taken, and how its first bytes are known."""


async def post_upload(request: web.Request) -> web.Response:
    mime = request.content_type.lower()
    if mime not in KINDS:
        raise BadRequest(
            f"a picture or a film is uploaded with its Content-Type, found {shown(mime)}",
            hint=f"those taken are {', '.join(KINDS)}",
            field="Content-Type",
        )
    body = await parsing.read_body(request)
    if not KINDS[mime](body[:_HEAD]):
        raise BadRequest(f"the body is not {mime}: {_found(body)}", field="Content-Type")
    sha256 = (await asyncio.to_thread(hashlib.sha256, body)).hexdigest()
    blob = await request.app[STORE].put_blob(sha256, mime, _once(body), len(body))
    # Who put the same bytes first may have called them something else.
    query = "" if blob.mime == mime else f"?mime={mime.replace('+', '%2B')}"
    made = {"url": f"api/v1/blobs/{sha256}{query}", "sha256": sha256, "mime": mime}
    return parsing.json_answer({**made, "size": len(body)}, 201)


def _found(body: bytes) -> str:
    if not body:
        return "it is empty"
    looks = next((mime for mime, fits in KINDS.items() if fits(body[:_HEAD])), None)
    return f"it is {looks}" if looks else f"it begins with {shown(body[:12])}"


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


_UPLOAD: Final = schemas.obj(
    {"url": schemas.TEXT, "sha256": schemas.TEXT, "mime": schemas.TEXT, "size": schemas.WHOLE}
)

ENDPOINTS: Final = [
    Endpoint(method="POST", path="/uploads", handler=post_upload, scope="write",
             summary="Keep a picture or a film, and say where it is found",
             body=schemas.BYTES, body_type="image/png",
             body_types={mime: schemas.BYTES for mime in KINDS if mime != "image/png"},
             answers={201: _UPLOAD}),
]  # fmt: skip
