"""Entries: points whose values are no numbers. Where they lie, and their bodies."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from aiohttp import web

from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, Query
from agnez_server.api.reading import in_reader
from agnez_server.api.streaming import stream_items
from agnez_server.catalog.sessions import superseded_from
from agnez_server.checks import shown
from agnez_server.errors import BadRequest
from agnez_server.keys import CATALOG, STORE
from agnez_server.store.base import Entry, Series, SeriesStats, Store

MOST: Final = 1000
DEFAULT_LIMIT: Final = 100
CHUNK: Final = 50
"""Entries that are held in memory at a time; each may have a body of 256 KiB."""
_FORMS: Final = ("ordinals", "at", "px")

Found = list[tuple[Series, SeriesStats]]


def _series(request: web.Request) -> Found:
    """The series of the channel that the path names, with their figures; it holds entries."""
    catalog = request.app[CATALOG]
    run, number = catalog.channel(request.match_info["channel"])
    if catalog.layout(run["id"])["channels"][number]["type"] == "NUMERIC":
        raise BadRequest(
            "the channel has the type NUMERIC and holds points, not entries",
            hint="ask for its points",
        )
    store = catalog.store
    return [(s, store.stats(s.id)) for s in store.series(run["id"], number)]


# -- steps -----------------------------------------------------------------------------------


async def get_steps(request: web.Request) -> web.Response:
    found, store = _series(request), request.app[STORE]
    superseded = superseded_from(found)

    def read() -> list[dict[str, Any]]:
        return [
            {**_of(s), "superseded_from": superseded.get(s.id), **_steps(store, s)}
            for s, _ in found
        ]

    return parsing.json_answer({"series": await in_reader(request, read)})


def _of(series: Series) -> dict[str, Any]:
    return {"id": series.id, "session": series.session, "rank": series.rank}


def _steps(store: Store, series: Series) -> dict[str, Any]:
    steps = store.steps(series.id)
    return {"x": steps.x.tolist(), "wall": steps.wall.tolist()}


# -- bodies ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Plan:
    """Which entries to read, and from which ordinal on there are more."""

    parts: list[tuple[Series, Sequence[int]]]
    next: int | None = None


async def get_entries(request: web.Request) -> web.StreamResponse:
    plan = await _plan(request, _chosen(request, _series(request)))
    return await stream_items(request, _pages(request, plan), {"next": plan.next})


async def _pages(request: web.Request, plan: _Plan) -> AsyncIterator[Iterator[dict[str, Any]]]:
    store = request.app[STORE]
    for series, ordinals in plan.parts:
        for at in range(0, len(ordinals), CHUNK):
            chunk = ordinals[at : at + CHUNK]
            found = await in_reader(request, partial(store.pick_entries, series.id, chunk))
            yield (_entry_json(series, entry) for entry in found)


def _entry_json(series: Series, entry: Entry) -> dict[str, Any]:
    return {
        "series": series.id,
        "session": series.session,
        "rank": series.rank,
        "ordinal": entry.ordinal,
        "x": entry.x,
        "wall": entry.wall,
        "body": entry.body,
    }


def _chosen(request: web.Request, found: Found) -> Found:
    id = parsing.integer(request, "series", None, 0, 2**62)
    if id is None:
        return found
    chosen = [(s, stats) for s, stats in found if s.id == id]
    if not chosen:
        known = ", ".join(str(s.id) for s, _ in found[:20]) or "none"
        raise BadRequest(f"the channel has no series {id}", hint=f"it has {known}", field="series")
    return chosen


async def _plan(request: web.Request, found: Found) -> _Plan:
    forms = [form for form in _FORMS if request.query.get(form)]
    if len(forms) > 1:
        raise BadRequest(f"{forms[0]} and {forms[1]} don't go together", field=forms[1])
    if forms == ["at"]:
        return await _plan_at(request, found)
    if forms == ["px"]:
        px = parsing.integer(request, "px", None, 1, MOST) or 1
        return _Plan([(s, _spread(stats.count, px)) for s, stats in _newest(found)])
    if len(found) > 1:
        raise BadRequest(
            f"the channel has {len(found)} series: say which",
            hint=f"series={found[0][0].id}, for instance",
            field="series",
        )
    if forms == ["ordinals"]:
        return _Plan([(s, _ordinals(request.query["ordinals"])) for s, _ in found])
    return _plan_page(request, found)


def _plan_page(request: web.Request, found: Found) -> _Plan:
    after = parsing.integer(request, "after", 0, 0, 2**62) or 0
    limit = parsing.integer(request, "limit", DEFAULT_LIMIT, 1, MOST) or DEFAULT_LIMIT
    if not found:
        return _Plan([])
    (series, stats) = found[0]
    end = min(stats.count, after + limit)
    return _Plan([(series, range(after, end))], end if after < end < stats.count else None)


def _ordinals(raw: str) -> list[int]:
    parts = raw.split(",")
    if len(parts) > MOST or not all(_is_ordinal(part) for part in parts):
        raise BadRequest(
            f"ordinals must be at most {MOST} whole numbers with commas, found {shown(raw)}",
            field="ordinals",
        )
    return sorted({int(part) for part in parts})


def _is_ordinal(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


async def _plan_at(request: web.Request, found: Found) -> _Plan:
    x, store = parsing.number(request, "at"), request.app[STORE]

    def read() -> _Plan:
        parts = [(s, _last_up_to(store, s, x or 0)) for s, _ in found]
        return _Plan([(s, ordinals) for s, ordinals in parts if ordinals])

    return await in_reader(request, read)


def _last_up_to(store: Store, series: Series, x: float) -> list[int]:
    """The ordinal of the largest x up to *x*, the newest of equal ones."""
    steps = store.steps(series.id).x
    before = np.flatnonzero(steps <= x)
    if not len(before):
        return []
    largest = steps[before].max()
    return [int(before[steps[before] == largest][-1])]


def _newest(found: Found) -> Found:
    """Of each rank the newest session that has entries."""
    by_rank: dict[int, tuple[Series, SeriesStats]] = {}
    for series, stats in found:
        if stats.count and series.session >= _session(by_rank.get(series.rank), series):
            by_rank[series.rank] = (series, stats)
    return list(by_rank.values())


def _session(known: tuple[Series, SeriesStats] | None, series: Series) -> int:
    return series.session if known is None else known[0].session


def _spread(count: int, most: int) -> list[int]:
    """At most *most* of *count* places, evenly, the first and the last among them."""
    if most == 1:
        return [count - 1]
    places = np.linspace(0, count - 1, min(count, most)).round().astype(int)
    return [int(place) for place in np.unique(places)]


_STEPS: Final = schemas.obj(
    {
        "series": schemas.array(
            schemas.obj(
                {
                    "id": schemas.WHOLE,
                    "session": schemas.WHOLE,
                    "rank": schemas.WHOLE,
                    "superseded_from": schemas.maybe(schemas.NUMBER),
                    "x": schemas.array(schemas.NUMBER),
                    "wall": schemas.array(schemas.WHOLE),
                }
            )
        )
    }
)
_ENTRY: Final = schemas.obj(
    {
        "series": schemas.WHOLE,
        "session": schemas.WHOLE,
        "rank": schemas.WHOLE,
        "ordinal": schemas.WHOLE,
        "x": schemas.NUMBER,
        "wall": schemas.WHOLE,
        "body": schemas.ANY_OBJECT,
    }
)
_ENTRIES: Final = schemas.obj(
    {"items": schemas.array(_ENTRY), "next": schemas.maybe(schemas.WHOLE)}
)
_QUERY: Final = (
    Query("series", schemas.whole(0, 2**62), "only this series; needed where there are several"),
    Query("after", schemas.whole(0, 2**62), "from this ordinal on"),
    Query("limit", schemas.whole(1, MOST), "at most so many, 100 unless told, at most 1,000"),
    Query(
        "ordinals",
        {"type": "string", "pattern": "^[0-9]{1,18}(,[0-9]{1,18})*$"},
        "these, with commas between, at most 1,000",
    ),
    Query("at", schemas.FLOAT64, "of each series the last entry with x up to this"),
    Query(
        "px",
        schemas.whole(1, MOST),
        "of each rank's newest session at most so many, evenly by place",
    ),
)

ENDPOINTS: Final = [
    Endpoint(method="GET", path="/channels/{channel}/steps", handler=get_steps, scope="read",
             summary="Where the entries of a channel lie, without their bodies",
             answers={200: _STEPS}),
    Endpoint(method="GET", path="/channels/{channel}/entries", handler=get_entries, scope="read",
             summary="Entries of a channel with their bodies", query=_QUERY,
             answers={200: _ENTRIES}),
]  # fmt: skip
