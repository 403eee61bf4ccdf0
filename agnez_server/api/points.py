"""Points out: views for a plot, raw pages for everything else. Points in, as JSON."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable
from typing import Any, Final, TypeVar

import numpy as np
from aiohttp import web

from agnez_client.columns import COLUMNS_CONTENT_TYPE, Block, encode_columns
from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, Query
from agnez_server.catalog.posting import parse_points
from agnez_server.checks import shown
from agnez_server.errors import BadRequest
from agnez_server.keys import CATALOG, POSTER, PRESENCE, READERS, SETTINGS, STORE
from agnez_server.models import channel_id, now_us
from agnez_server.store.base import Axis, Columns, Series, Store

T = TypeVar("T")
_RAW_FIELDS: Final = ("session", "rank", "ordinal", "x", "y", "wall")


async def _in_reader(request: web.Request, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(request.app[READERS], work)


# -- views -----------------------------------------------------------------------------------


async def get_points(request: web.Request) -> web.Response:
    catalog, store = request.app[CATALOG], request.app[STORE]
    run, number = catalog.channel(request.match_info["channel"])
    lo, hi = parsing.number(request, "x0"), parsing.number(request, "x1")
    if lo is not None and hi is not None and lo > hi:
        raise BadRequest(f"x0 must not be larger than x1, found {lo:g} and {hi:g}", field="x0")
    px = parsing.integer(request, "px", 800, 1, 10_000) or 800
    axis: Axis = "wall" if parsing.choice(request, "axis", ("x", "wall")) == "wall" else "x"
    wanted = _chosen(request, store.series(run["id"], number))

    def read() -> list[tuple[Series, Columns]]:
        return [(s, store.view(s.id, lo, hi, px, axis)) for s in wanted]

    views = await _in_reader(request, read)
    if COLUMNS_CONTENT_TYPE in request.headers.get("Accept", ""):
        body = await _in_reader(request, lambda: encode_columns([_block(s, c) for s, c in views]))
        return web.Response(body=body, content_type=COLUMNS_CONTENT_TYPE)
    name = catalog.layout(run["id"])["channels"][number]["name"]
    head = {"channel": channel_id(run["id"], number), "name": name, "axis": axis}
    return parsing.json_answer({**head, **await _in_reader(request, lambda: _view_json(views))})


def _chosen(request: web.Request, series: list[Series]) -> list[Series]:
    session = parsing.integer(request, "session", None, -(2**63), 2**63 - 1)
    rank = parsing.integer(request, "rank", None, 0, 2**32 - 1)
    return [
        s
        for s in series
        if (session is None or s.session == session) and (rank is None or s.rank == rank)
    ]


def _block(series: Series, columns: Columns) -> Block:
    return Block(
        series=series.id,
        channel=series.channel,
        session=series.session,
        rank=series.rank,
        start=0,
        end=columns.total,
        x=columns.x.astype(np.float64),
        y=columns.y,
        wall=columns.wall.astype(np.float64),
        exact=columns.exact,
    )


def _view_json(views: list[tuple[Series, Columns]]) -> dict[str, Any]:
    slices, offset = [], 0
    for series, columns in views:
        slices.append(
            {
                "id": series.id,
                "session": series.session,
                "rank": series.rank,
                "offset": offset,
                "length": len(columns.x),
                "total": columns.total,
                "exact": columns.exact,
            }
        )
        offset += len(columns.x)
    return {
        "exact": all(c.exact for _, c in views),
        "x": [x for _, c in views for x in c.x.tolist()],
        "y": [y for _, c in views for y in _named(c)],
        "wall": [w for _, c in views for w in c.wall.tolist()],
        "series": slices,
    }


def _named(columns: Columns) -> list[float | str | None]:
    values: list[float | str | None] = columns.y.tolist()
    for i in np.flatnonzero(~np.isfinite(columns.y)).tolist():
        values[i] = parsing.named_number(float(columns.y[i]))
    return values


# -- raw -------------------------------------------------------------------------------------


async def get_raw(request: web.Request) -> web.Response:
    catalog, store = request.app[CATALOG], request.app[STORE]
    run, number = catalog.channel(request.match_info["channel"])
    form = parsing.choice(request, "format", ("json", "csv"))
    limit = parsing.integer(request, "limit", 10_000, 1, 100_000) or 1
    wanted = _chosen(request, store.series(run["id"], number))
    place, after = _cursor(request, wanted)

    def read() -> tuple[list[tuple[Series, Columns]], str | None]:
        return _read_page(store, wanted, place, after, limit)

    pages, following = await _in_reader(request, read)
    if form == "json":
        items = await _in_reader(request, lambda: [dict(zip(_RAW_FIELDS, row, strict=True))
                                                   for row in _rows(pages)])  # fmt: skip
        return parsing.json_answer({"items": items, "next": following})
    text = await _in_reader(
        request, lambda: _csv(pages, header=request.query.get("cursor") is None)
    )
    answer = web.Response(text=text, content_type="text/csv")
    if following is not None:
        url = request.rel_url.update_query(cursor=following)
        answer.headers["Link"] = f'<{url}>; rel="next"'
    return answer


def _cursor(request: web.Request, series: list[Series]) -> tuple[int, int]:
    """Where to go on: the place among *series*, and the ordinal."""
    raw = request.query.get("cursor")
    if raw is None:
        return 0, 0
    id, _, ordinal = raw.partition("-")
    places = [i for i, s in enumerate(series) if str(s.id) == id]
    if not places or not ordinal.isascii() or not ordinal.isdigit() or len(ordinal) > 18:
        raise BadRequest(
            f"{shown(raw)} is no cursor", hint="take 'next' of the answer before", field="cursor"
        )
    return places[0], int(ordinal)


def _read_page(
    store: Store, series: list[Series], place: int, after: int, limit: int
) -> tuple[list[tuple[Series, Columns]], str | None]:
    pages: list[tuple[Series, Columns]] = []
    for one in series[place:]:
        if limit <= 0:
            return pages, f"{one.id}-0"
        columns = store.raw(one.id, after, limit)
        pages.append((one, columns))
        limit -= len(columns.x)
        end = int(columns.ordinal[-1]) + 1 if len(columns.x) else after
        if end < columns.total:
            return pages, f"{one.id}-{end}"
        after = 0
    return pages, None


def _rows(pages: list[tuple[Series, Columns]]) -> list[tuple[Any, ...]]:
    return [
        (series.session, series.rank, *row)
        for series, c in pages
        for row in zip(c.ordinal.tolist(), c.x.tolist(), _named(c), c.wall.tolist(), strict=True)
    ]


def _csv(pages: list[tuple[Series, Columns]], *, header: bool) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if header:
        writer.writerow(_RAW_FIELDS)
    writer.writerows(_rows(pages))
    return out.getvalue()


# -- in --------------------------------------------------------------------------------------


async def post_points(request: web.Request) -> web.Response:
    body = await parsing.read_json(request)
    limit = request.app[SETTINGS].max_points_per_request
    points = await _in_reader(request, lambda: parse_points(body, limit))
    answer = await request.app[POSTER].post(points, now_us())
    for run in answer["runs"]:
        request.app[PRESENCE].heard(run)
    return parsing.json_answer(answer)


_SERIES_QUERY: Final = (
    Query("session", schemas.WHOLE, "only this session"),
    Query("rank", schemas.WHOLE, "only this rank"),
)
_VIEW_QUERY: Final = (
    Query("x0", schemas.NUMBER, "begin of the range, inclusive"),
    Query("x1", schemas.NUMBER, "end of the range, inclusive"),
    Query("px", schemas.WHOLE, "width of the plot in pixel columns, 800 unless told"),
    Query("axis", {"enum": ["x", "wall"]}, "what the range and the columns are of"),
    *_SERIES_QUERY,
)
_RAW_QUERY: Final = (
    Query("format", {"enum": ["json", "csv"]}, "json unless told"),
    Query("limit", schemas.WHOLE, "at most so many points, 10,000 unless told"),
    Query("cursor", schemas.TEXT, "'next' of the answer before"),
    *_SERIES_QUERY,
)

ENDPOINTS: Final = [
    Endpoint(method="GET", path="/channels/{channel}/points", handler=get_points, scope="read",
             summary="Points for a plot: every one, or first, last, min and max of each column",
             query=_VIEW_QUERY, answers={200: schemas.POINTS}, media=(COLUMNS_CONTENT_TYPE,)),
    Endpoint(method="GET", path="/channels/{channel}/raw", handler=get_raw, scope="read",
             summary="Every point in the order sent, by page", query=_RAW_QUERY,
             answers={200: schemas.RAW}, media=("text/csv",)),
    Endpoint(method="POST", path="/points", handler=post_points, scope="write",
             summary="Add points from any language", body=schemas.NEW_POINTS,
             answers={200: schemas.ACCEPTED}),
]  # fmt: skip
