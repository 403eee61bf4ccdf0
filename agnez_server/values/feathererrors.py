"""Errors as Feathers writes them: ``{name, message, code, className, data?, errors?}``."""

from __future__ import annotations

import re
from typing import Any, Final

from agnez_server.errors import AgnezServerError

_NAMES: Final = {
    400: "BadRequest",
    401: "NotAuthenticated",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    408: "Timeout",
    409: "Conflict",
    410: "Gone",
    411: "LengthRequired",
    413: "PayloadTooLarge",
    415: "UnsupportedMediaType",
    422: "Unprocessable",
    429: "TooManyRequests",
    500: "GeneralError",
    501: "NotImplemented",
    503: "Unavailable",
    507: "InsufficientStorage",
}
"""Those of 413, 415 and 507 are ours: Feathers has none for them."""


def feathers_error(error: AgnezServerError) -> dict[str, Any]:
    """*error* as Feathers writes it; what it knows besides its message is its ``data``."""
    told = {**({"hint": error.hint} if error.hint else {}), **error.details}
    return feathers_object(error.status, error.message, told)


def feathers_object(code: int, message: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    """The Feathers error with this HTTP status."""
    name = _NAMES.get(code, "GeneralError" if code >= 500 else "BadRequest")
    body: dict[str, Any] = {
        "name": name,
        "message": message,
        "code": code,
        "className": re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower(),
    }
    return {**body, **({"data": data} if data else {})}
