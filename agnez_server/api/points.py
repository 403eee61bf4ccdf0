"""Points out, as views for a plot. Points in, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from aiohttp import web

from agnez_client.columns import COLUMNS_CONTENT_TYPE, Block, encode_columns
from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, Query
from agnez_server.api.longlist import read_long_json
from agnez_server.api.reading import (
    SERIES_QUERY,
    chosen_series,
    in_reader,
    named_numbers,
    numeric_channel,
)
from agnez_server.bands.tails import view_in_parts
from agnez_server.catalog.posted import parse_points
from agnez_server.catalog.sessions import superseded_from
from agnez_server.errors import BadRequest
from agnez_server.keys import CATALOG, POSTER, PRESENCE, SETTINGS, STORE
from agnez_server.models import channel_id, now_us
from agnez_server.store.base import Axis, Columns, Series

# -- views -----------------------------------------------------------------------------------


async def get_points(request: web.Request) -> web.Response:
    catalog, store = request.app[CATALOG], request.app[STORE]
    run, number = numeric_channel(request)
    name = catalog.layout(run["id"])["channels"][number]["name"]  # now: the run may go meanwhile
    lo, hi = parsing.number(request, "x0"), parsing.number(request, "x1")
    if lo is not None and hi is not None and lo > hi:
        raise BadRequest(f"x0 must not be larger than x1, found {lo:g} and {hi:g}", field="x0")
    px = parsing.integer(request, "px", 800, 1, 10_000) or 800
    axis: Axis = "wall" if parsing.choice(request, "axis", ("x", "wall")) == "wall" else "x"
    series = store.series(run["id"], number)
    superseded = superseded_from((s, store.stats(s.id)) for s in series)
    wanted = chosen_series(request, series)

    def read() -> list[tuple[Series, Columns]]:
        if axis == "wall":
            return [(s, store.view(s.id, lo, hi, px, axis)) for s in wanted]
        return [(s, view_in_parts(store, s.id, superseded.get(s.id), lo, hi, px)) for s in wanted]

    views = await in_reader(request, read)
    if COLUMNS_CONTENT_TYPE in request.headers.get("Accept", ""):
        body = await in_reader(request, lambda: encode_columns([_block(s, c) for s, c in views]))
        return web.Response(body=body, content_type=COLUMNS_CONTENT_TYPE)
    head = {"channel": channel_id(run["id"], number), "name": name, "axis": axis}
    view = await in_reader(request, lambda: _view_json(views, superseded))
    return parsing.json_answer({**head, **view})


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


def _view_json(
    views: list[tuple[Series, Columns]], superseded: Mapping[int, float]
) -> dict[str, Any]:
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
                "superseded_from": superseded.get(series.id),
            }
        )
        offset += len(columns.x)
    return {
        "exact": all(c.exact for _, c in views),
        "x": [x for _, c in views for x in c.x.tolist()],
        "y": [y for _, c in views for y in named_numbers(c)],
        "wall": [w for _, c in views for w in c.wall.tolist()],
        "series": slices,
    }


# -- in --------------------------------------------------------------------------------------


async def post_points(request: web.Request) -> web.Response:
    body = await read_long_json(request)
    limit = request.app[SETTINGS].max_points_per_request
    points = await in_reader(request, lambda: parse_points(body, limit))
    answer = await request.app[POSTER].post(points, now_us())
    for run in answer["runs"]:
        request.app[PRESENCE].heard(run)
    return parsing.json_answer(answer)


_VIEW_QUERY: Final = (
    Query("x0", schemas.FLOAT64, "begin of the range, inclusive"),
    Query("x1", schemas.FLOAT64, "end of the range, inclusive"),
    Query("px", schemas.whole(1, 10_000), "width of the plot in pixel columns, 800 unless told"),
    Query("axis", {"enum": ["x", "wall"]}, "what the range and the columns are of"),
    *SERIES_QUERY,
)
ENDPOINTS: Final = [
    Endpoint(method="GET", path="/channels/{channel}/points", handler=get_points, scope="read",
             summary="Points for a plot: every one, or first, last, min and max of each column",
             query=_VIEW_QUERY, answers={200: schemas.POINTS}, media=(COLUMNS_CONTENT_TYPE,)),
    Endpoint(method="POST", path="/points", handler=post_points, scope="write",
             summary="Add points from any language", body=schemas.NEW_POINTS,
             errors=(404, 409, 410), answers={200: schemas.ACCEPTED}),
]  # fmt: skip
