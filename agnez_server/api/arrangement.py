"""How the cells of a page are arranged: kept beside the records, so that none changes by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from tinydb import where

from agnez_server import checks
from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, Query
from agnez_server.checks import shown
from agnez_server.errors import BadRequest, TooLarge
from agnez_server.keys import CATALOG, STORE
from agnez_server.models import ARRANGEMENTS
from agnez_server.store.base import Change

HOME: Final = "home"
"""The place of the cells on the start page; every other place is a run."""
COLUMNS: Final = 2
MOST_COLUMNS: Final = 6
MOST_CELLS: Final = 10_000
MOST_ID: Final = 200
_HEIGHTS: Final = (40, 10_000)
_FIELDS: Final = {"place", "columns", "order", "sizes"}


async def get_arrangement(request: web.Request) -> web.Response:
    place = _place(request)
    found = request.app[STORE].committed.table(ARRANGEMENTS).get(where("place") == place)
    return parsing.json_answer(_whole(place, found if isinstance(found, dict) else {}))


async def put_arrangement(request: web.Request) -> web.Response:
    place = _place(request)
    given = await parsing.read_object(request)
    checks.known_fields(given, _FIELDS, "an arrangement")
    if given.get("place", place) != place:
        raise BadRequest(f"the body is for the place {shown(given['place'])}", field="place")
    made = _whole(place, given)

    def work(change: Change) -> None:
        if place != HOME:
            request.app[CATALOG].run(place)  # it may have gone while the body came
        change.docs.table(ARRANGEMENTS).upsert(made, where("place") == place)

    await request.app[STORE].change(work)
    return parsing.json_answer(made)


def _place(request: web.Request) -> str:
    """The place that the query names. Raises NotFound, Gone for a run that is not there."""
    place = request.query.get("place", HOME)
    return place if place == HOME else request.app[CATALOG].run(place)["id"]


def _whole(place: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """*given* checked, with what it leaves out."""
    columns = given.get("columns")
    return {
        "place": place,
        "columns": COLUMNS if columns is None else _columns(columns, "columns"),
        "order": _order(given.get("order")),
        "sizes": _sizes(given.get("sizes")),
    }


def _order(value: object) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRequest(f"order must be a list of ids, found {shown(value)}", field="order")
    _require_few(value, "order")
    order = [_id(id, "order") for id in value]
    if len(set(order)) < len(order):
        raise BadRequest("order names a cell twice", field="order")
    return order


def _sizes(value: object) -> dict[str, Any]:
    sizes = checks.mapping({} if value is None else value, "sizes")
    _require_few(sizes, "sizes")
    return {_id(id, "sizes"): _size(size) for id, size in sizes.items()}


def _size(value: object) -> dict[str, Any]:
    size = checks.mapping(value, "sizes")
    checks.known_fields(size, {"columns", "height"}, "the size of a cell")
    height = size.get("height")
    return {
        "columns": _columns(size.get("columns", 1), "sizes"),
        "height": None if height is None else checks.integer(height, "sizes", *_HEIGHTS),
    }


def _columns(value: object, what: str) -> int:
    return checks.integer(value, what, 1, MOST_COLUMNS)


def _id(value: object, what: str) -> str:
    return checks.text(value, what, limit=MOST_ID)


def _require_few(cells: list[object] | Mapping[str, Any], what: str) -> None:
    if len(cells) > MOST_CELLS:
        raise TooLarge(f"{what} names more than {MOST_CELLS} cells", limit=MOST_CELLS)


_COLUMNS: Final = {"type": "integer", "minimum": 1, "maximum": MOST_COLUMNS}
_ID: Final = {"type": "string", "minLength": 1, "maxLength": MOST_ID,
              "pattern": r"^[^\u0000-\u0008\u000b-\u001f]*$"}  # fmt: skip
_SIZE: Final = schemas.obj({"columns": _COLUMNS, "height": schemas.maybe(schemas.whole(*_HEIGHTS))})
_GIVEN_SIZE: Final = schemas.given(_SIZE["properties"])
_PARTS: Final[dict[str, schemas.Schema]] = {
    "place": schemas.TEXT,
    "columns": _COLUMNS,
    "order": {"type": "array", "items": _ID, "maxItems": MOST_CELLS, "uniqueItems": True},
    "sizes": {"type": "object", "additionalProperties": _SIZE, "propertyNames": _ID,
              "maxProperties": MOST_CELLS},
}  # fmt: skip
_ARRANGEMENT: Final = schemas.obj(_PARTS)
_GIVEN: Final = schemas.given(
    {
        **{key: schemas.maybe(part) for key, part in _PARTS.items() if key != "place"},
        "place": schemas.TEXT,
        "sizes": schemas.maybe({**_PARTS["sizes"], "additionalProperties": _GIVEN_SIZE}),
    }
)
_QUERY: Final = (Query("place", schemas.TEXT, "home, which it is unless told, or a run's id"),)

ENDPOINTS: Final = [
    Endpoint(method="GET", path="/cells/arrangement", handler=get_arrangement, scope="read",
             summary="How the cells of a page are arranged", query=_QUERY,
             errors=(404, 410), answers={200: _ARRANGEMENT}),
    Endpoint(method="PUT", path="/cells/arrangement", handler=put_arrangement, scope="write",
             summary="Arrange the cells of a page", query=_QUERY,
             errors=(404, 410), body=_GIVEN, answers={200: _ARRANGEMENT}),
]  # fmt: skip
