"""What the clients ask, without the asking: the sync and the async one share it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from agnez_client.shown import shown
from agnez_client.values.errors import BadRequest, refusal
from agnez_client.values.query import Query, as_query_string, matches_none, without_idle_parts

Record = dict[str, Any]

VALUES: Final = "/values"
UPLOADS: Final = "/uploads"
MAX_QUERY: Final = 7500
"""Characters; a line of HTTP has a little more."""
TRY_AGAIN: Final = frozenset({429, 503})
PAUSES_S: Final = (0.1, 0.4, 1.5)
"""Before each further try of a call that may be made twice."""
MAX_PAUSE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Call:
    """
    One request below `/api/v1`.

    ``repeatable`` tells that doing it twice is doing it once, so that it may be sent again when no
    answer came. ``known`` is an answer for which nobody has to be asked.
    """

    method: str
    path: str
    body: bytes | None = None
    mime: str = "application/json"
    repeatable: bool = False
    known: Any = None


def create(data: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Call:
    """Make one document or several; made twice they would be there twice, unless they replace."""
    many = not isinstance(data, Mapping)
    if many and (isinstance(data, str | bytes) or not isinstance(data, Sequence)):
        raise BadRequest(f"the document is {shown(data)}, expected a mapping, or a list of them")
    if many and not data:
        return Call("POST", VALUES, known=[])
    one = not many and {"run", "pos"} <= data.keys() and "_id" not in data  # type: ignore[union-attr]
    return Call("POST", VALUES, _as_json(data), repeatable=one)


def find(query: Query) -> Call:
    """All that match."""
    if matches_none(query):
        return Call("GET", VALUES, known=[])
    return Call("GET", _asked(VALUES, query), repeatable=True)


def get(id: str, query: Query) -> Call:
    """One."""
    return Call("GET", _asked(_place(id), query), repeatable=True)


def update(id: str, data: Mapping[str, Any]) -> Call:
    """Replace all of one but its id."""
    return Call("PUT", _place(id), _document(data), repeatable=True)


def patch(id: str | Query | None, data: Mapping[str, Any], *, everything: bool) -> Call:
    """Merge fields into one, or into all that match."""
    body = _document(data)
    if isinstance(id, str):
        return Call("PATCH", _place(id), body, repeatable=True)
    query = _chosen(id, everything, "patch")
    if matches_none(query):
        return Call("PATCH", VALUES, known=[])
    return Call("PATCH", _asked(VALUES, query), body)


def remove(id: str | Query | None, *, everything: bool) -> Call:
    """Remove one, or all that match."""
    if isinstance(id, str):
        return Call("DELETE", _place(id))
    query = _chosen(id, everything, "remove")
    if matches_none(query):
        return Call("DELETE", VALUES, known=[])
    return Call("DELETE", _asked(VALUES, query), repeatable=True)


def upload(data: bytes, mime: str) -> Call:
    """Keep bytes under the name of their hash."""
    return Call("POST", UPLOADS, data, mime, repeatable=True)


def answer_of(url: str, status: int, body: bytes) -> Any:
    """
    The JSON of an answer.

    Raises:
        ValuesError: If it is a refusal, see `agnez_client.values.errors`.
    """
    if not 200 <= status < 300:
        raise refusal(url, status, body)
    try:
        return json.loads(body)
    except ValueError:
        raise refusal(url, status, b"") from None


def pause_s(tried: int, asked_s: float) -> float | None:
    """How long to wait after the try *tried* (from 0); None if it was the last one."""
    if tried >= len(PAUSES_S):
        return None
    return min(max(PAUSES_S[tried], asked_s), MAX_PAUSE_S)


def _place(id: str) -> str:
    if not isinstance(id, str) or not id or id in (".", ".."):
        raise BadRequest(f"the id is {shown(id)}, expected the `_id` of a document")
    return f"{VALUES}/{quote(id, safe='')}"


def _asked(path: str, query: Query) -> str:
    text = as_query_string(without_idle_parts(query))
    if len(text) > MAX_QUERY:
        raise BadRequest(
            f"the query has {len(text)} characters as a URL, at most {MAX_QUERY} are taken: ask in "
            "parts"
        )
    return f"{path}?{text}" if text else path


def _chosen(query: Query | None, everything: bool, verb: str) -> Query:
    """The query of a call on many; all of them only where that is said."""
    if query is not None and not isinstance(query, Mapping):
        raise BadRequest(f"the id is {shown(query)}, expected a text, or a query as a mapping")
    if not without_idle_parts(query or {}) and not everything:
        raise BadRequest(f"no id and no query: for all documents say {verb}(…, everything=True)")
    return query or {}


def _document(data: Mapping[str, Any]) -> bytes:
    if not isinstance(data, Mapping):
        raise BadRequest(f"the fields are {shown(data)}, expected a mapping")
    return _as_json(data)


def _as_json(data: Any) -> bytes:
    try:
        return json.dumps(data, allow_nan=False, default=_plain).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequest(f"the document can't be sent as JSON: {error}") from error


def _plain(value: Any) -> Any:
    """What JSON has no word for: scalars and arrays of numpy, paths."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{shown(value)} has no form in JSON")
