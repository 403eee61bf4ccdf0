"""With which statuses an endpoint may refuse a request, for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from agnez_server.api import schemas
from agnez_server.api.endpoint import Endpoint

_ALWAYS: Final = (400, 401, 403, 429)
"""Whoever asks: a wrong query, a wrong token, a foreign Host or Origin, too many wrong tokens."""
_WRITES: Final = (503, 507)
_WORDS: Final = {
    400: "The body, the query or a header is wrong",
    401: "No token or session, or a wrong one",
    403: "The scope, the Origin or the Host does not allow it",
    404: "There is no such thing",
    405: "Not by this method",
    408: "The body comes too slowly",
    409: "It contradicts what is stored",
    410: "It was deleted, or is damaged on the disk",
    413: "More than a limit allows",
    415: "A body in a form that is not read here",
    416: "No byte lies in this range",
    426: "Another version of the protocol",
    429: "Too many wrong tries",
    503: "Too much is under way, try again; or a part of the store is damaged",
    507: "The disk is full or failing",
}
_RETRY: Final = {"Retry-After": {"schema": schemas.whole(1, 3600), "description": "seconds"}}
_HEADERS: Final[dict[int, dict[str, Any]]] = {
    401: {"WWW-Authenticate": {"schema": schemas.TEXT}},
    429: _RETRY,
    503: _RETRY,
}


def refusals(endpoint: Endpoint) -> list[int]:
    """The statuses, in order: those that its shape tells, and those that it names."""
    found = {*_ALWAYS, *endpoint.errors}
    if any(f"{{{name}}}" in endpoint.path for name in ("run", "channel")):
        found |= {404, 410, 503}
    if endpoint.body is not None:
        found |= {408, 413, 503}
    if endpoint.scope is not None and endpoint.method not in ("GET", "HEAD"):
        found.update(_WRITES)
    return sorted(found)


def reference(endpoint: Endpoint, status: int) -> dict[str, str]:
    """Where the document describes this refusal."""
    kind = "none" if endpoint.method == "HEAD" else "feathers" if endpoint.feathers else "error"
    return {"$ref": f"#/components/responses/{kind}_{status}"}


def responses() -> dict[str, Any]:
    """Every refusal by name: as JSON, as Feathers has it, without a body."""
    found: dict[str, Any] = {}
    for status, words in _WORDS.items():
        bare = {"description": words, "headers": _HEADERS.get(status, {})}
        found[f"none_{status}"] = bare
        for kind, schema in (("error", "Error"), ("feathers", "FeathersError")):
            content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
            found[f"{kind}_{status}"] = {**bare, "content": content}
    return found
