"""Bodies that bring records: JSON, or a form as browsers and `curl -d` send it."""

from __future__ import annotations

import json
import re
from typing import Final

from aiohttp import web

from agnez_server.api.parsing import parse_json, read_body
from agnez_server.checks import INT64
from agnez_server.errors import AgnezServerError, BadRequest
from agnez_server.values.qs import parse_qs

_FORM: Final = "application/x-www-form-urlencoded"
_LONG_NUMBER: Final = re.compile(rb"[0-9]{19}")


class UnsupportedMediaType(AgnezServerError):
    """A body in a form that is not read here."""

    status, code = 415, "unsupported_media_type"


async def read_record(request: web.Request) -> object:
    """
    The body of *request*.

    What begins as JSON does is JSON, whatever its content type says: `curl -d` says form.

    Raises:
        BadRequest: If it is neither, or holds an integer beyond 64 bits.
        UnsupportedMediaType: If it is a form of several parts.
        TooLarge: As `read_body`.
    """
    body = await read_body(request)
    if request.content_type.startswith("multipart/"):
        raise UnsupportedMediaType(
            "a record does not come in several parts",
            hint="send JSON; upload a file to api/v1/uploads and keep its URL",
        )
    if request.content_type == _FORM and body.lstrip()[:1] not in (b"{", b"["):
        return parse_qs(_text(body))
    value = parse_json(body)
    if _LONG_NUMBER.search(body):
        _require_short_numbers(body)
    return value


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise BadRequest("the form is not UTF-8") from None


def _require_short_numbers(body: bytes) -> None:
    """Refuse an integer beyond 64 bits, of which our quick parser would make another number."""
    json.loads(body, parse_int=_checked_int)


def _checked_int(digits: str) -> int:
    if len(digits) > 20 or int(digits) not in INT64:
        raise BadRequest(
            f"the record holds an integer beyond 64 bits: {digits[:40]}", hint="send it as text"
        )
    return 0
