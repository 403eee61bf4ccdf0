"""The record of a run: its artefacts, its markers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, page_query
from agnez_server.api.reading import in_reader
from agnez_server.keys import CATALOG, STORE
from agnez_server.models import channel_id
from agnez_server.store.base import Entry, Series, Store

DEFAULT_LIMIT: Final = 1000
MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an entry lies; ``version`` counts those of its channel, oldest session first."""

    x: int | float
    wall: int
    version: int
    channel: int
    series: int
    ordinal: int


async def list_artefacts(request: web.Request) -> web.Response:
    def item(name: str, place: _Place, entry: Entry) -> dict[str, Any]:
        own = {"name": name, "version": place.version, "x": place.x, "wall": place.wall}
        return {**entry.body, **own}

    return await _list(request, "ARTEFACT", lambda p: (-p.wall, -p.version), item)


async def list_markers(request: web.Request) -> web.Response:
    def item(_: str, place: _Place, entry: Entry) -> dict[str, Any]:
        told = {key: entry.body.get(key) for key in ("text", "level")}
        return {"x": place.x, "wall": place.wall, **told}

    return await _list(request, "MARKER", lambda p: (p.x, p.wall), item)


async def _list(
    request: web.Request,
    type: str,
    order: Callable[[_Place], Any],
    item: Callable[[str, _Place, Entry], dict[str, Any]],
) -> web.Response:
    """All entries of the run's channels of one *type*, a page of them with what they hold."""
    catalog, store = request.app[CATALOG], request.app[STORE]
    run = catalog.run(request.match_info["run"])["id"]
    limit, offset = parsing.page(request, DEFAULT_LIMIT, MOST)
    channels = catalog.layout(run)["channels"]
    numbers = [n for n, channel in enumerate(channels) if channel["type"] == type]
    every = catalog.series_by_channel(run) if numbers else {}
    series = {n: every.get(n, []) for n in numbers}

    def read() -> dict[str, Any]:
        places = sorted(_places(store, series), key=order)
        page = places[offset : offset + limit]
        found = _pick(store, page)
        items = [
            {"channel": channel_id(run, p.channel), **item(channels[p.channel]["name"], p, entry)}
            for p in page
            if (entry := found.get((p.series, p.ordinal))) is not None
        ]
        return {"items": items, "total": len(places), "limit": limit, "offset": offset}

    return parsing.json_answer(await in_reader(request, read))


def _places(store: Store, series: dict[int, list[Series]]) -> Iterator[_Place]:
    for channel, members in series.items():
        version = 0
        for one in members:
            steps = store.steps(one.id)
            pairs = zip(steps.x.tolist(), steps.wall.tolist(), strict=True)
            for ordinal, (x, wall) in enumerate(pairs):
                version += 1
                yield _Place(x, wall, version, channel, one.id, ordinal)


def _pick(store: Store, places: list[_Place]) -> dict[tuple[int, int], Entry]:
    """The entries at *places*, by series and ordinal."""
    wanted: dict[int, list[int]] = {}
    for place in places:
        wanted.setdefault(place.series, []).append(place.ordinal)
    return {
        (series, entry.ordinal): entry
        for series, ordinals in wanted.items()
        for entry in store.pick_entries(series, sorted(ordinals))
    }


_ARTEFACT: Final = {
    **schemas.obj(
        {
            "channel": schemas.TEXT,
            "name": schemas.TEXT,
            "version": schemas.WHOLE,
            "x": schemas.NUMBER,
            "wall": schemas.WHOLE,
            "path": schemas.TEXT,
            "sha256": schemas.TEXT,
            "mime": schemas.TEXT,
            "size": schemas.WHOLE,
            "kind": schemas.TEXT,
            "hash": schemas.TEXT,
            "metadata": schemas.ANY_OBJECT,
        },
        required=("channel", "name", "version", "x", "wall", "path", "size"),
    ),
    "additionalProperties": True,
}
_MARKER: Final = schemas.obj(
    {
        "channel": schemas.TEXT,
        "x": schemas.NUMBER,
        "wall": schemas.WHOLE,
        "text": schemas.TEXT,
        "level": {"enum": ["info", "warning", "error"]},
    }
)

ENDPOINTS: Final = [
    Endpoint(method="GET", path="/runs/{run}/artefacts", handler=list_artefacts, scope="read",
             summary="Every version of every artefact, newest first",
             query=page_query(DEFAULT_LIMIT, MOST), answers={200: schemas.listing(_ARTEFACT)}),
    Endpoint(method="GET", path="/runs/{run}/markers", handler=list_markers, scope="read",
             summary="All markers, by x", query=page_query(DEFAULT_LIMIT, MOST),
             answers={200: schemas.listing(_MARKER)}),
]  # fmt: skip
