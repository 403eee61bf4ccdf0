"""
What the `values` service refuses, each error named by what happened.

ValuesError (AgnezError)
├── BadRequest (ValueError)   a query, an id or a document that is not as it has to be
├── NotAuthenticated          the server asks for a token
├── Forbidden                 the token has too small a scope
├── NotFound (LookupError)    no such document, or it does not match the query
├── MethodNotAllowed, NotAcceptable
├── Conflict                  a document with this `_id` is there already
├── TooLarge                  larger than the server takes
├── Unprocessable
├── TooManyRequests           later again
├── Unavailable               the server is busy, or full
└── GeneralError              a fault of the server
"""

from __future__ import annotations

import json
from typing import Any, Final

from agnez_client.errors import AgnezError


class ValuesError(AgnezError):
    """
    The server refused a call.

    Attributes:
        code: The status of HTTP.
        data: What the server says beside the message; {} if nothing.
        errors: What it says of single fields; {} if nothing.
    """

    def __init__(
        self, message: str, code: int = 400, *, data: Any = None, errors: Any = None
    ) -> None:
        self.code, self.data, self.errors = code, data or {}, errors or {}
        super().__init__(message)


class BadRequest(ValuesError, ValueError):
    """A query, an id or a document is not as it has to be."""


class NotAuthenticated(ValuesError):
    """The server asks for a token: `AGNEZ_TOKEN`, or ``token=``."""


class Forbidden(ValuesError):
    """The token's scope is too small for this call."""


class NotFound(ValuesError, LookupError):
    """No such document, or it does not match the query."""


class MethodNotAllowed(ValuesError):
    """The service does not do this."""


class NotAcceptable(ValuesError):
    """The service does not answer in this way."""


class Conflict(ValuesError):
    """A document with this `_id` is there already."""


class TooLarge(ValuesError):
    """Larger than the server takes."""


class Unprocessable(ValuesError):
    """Well-formed, and still not to be done."""


class TooManyRequests(ValuesError):
    """Too many calls: later again."""


class Unavailable(ValuesError):
    """The server is busy, or has no room: later again."""


class GeneralError(ValuesError):
    """A fault of the server."""


_BY_CODE: Final[dict[int, type[ValuesError]]] = {
    400: BadRequest, 401: NotAuthenticated, 403: Forbidden, 404: NotFound, 405: MethodNotAllowed,
    406: NotAcceptable, 409: Conflict, 413: TooLarge, 415: BadRequest, 422: Unprocessable,
    429: TooManyRequests, 500: GeneralError, 503: Unavailable, 507: Unavailable,
}  # fmt: skip


def refusal(url: str, status: int, body: bytes) -> ValuesError:
    """The error of an answer of *status*; *body* is the error of Feathers, or of our API."""
    try:
        found = json.loads(body)
        said = found.get("error", found)
        message = ": ".join(str(said[key]) for key in ("message", "hint") if said.get(key))
    except (ValueError, AttributeError):
        found, message = {}, ""
    return _BY_CODE.get(status, ValuesError)(
        message or f"{url} answered {status}: is it an Agnez server?",
        status,
        data=found.get("data"),
        errors=found.get("errors"),
    )
