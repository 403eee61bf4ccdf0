"""Many ranks of a channel as one curve: mean, band, and who is behind."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from aiohttp import web

from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, Query
from agnez_server.api.reading import in_reader, numeric_channel
from agnez_server.bands.band import Band, band_of
from agnez_server.bands.members import (
    Bound,
    Member,
    bounds_of,
    members_of,
    read_curve,
    read_tail,
    tails_of,
)
from agnez_server.bands.stragglers import Standing, standings
from agnez_server.errors import BadRequest
from agnez_server.keys import CATALOG, STORE
from agnez_server.models import channel_id
from agnez_server.store.base import Axis, Store

MOST_BUCKETS: Final = 1_000_000
"""Of all ranks together: beyond it a band is coarser than was asked for."""


async def get_band(request: web.Request) -> web.Response:
    catalog, store = request.app[CATALOG], request.app[STORE]
    run, number = numeric_channel(request)
    channel = catalog.layout(run["id"])["channels"][number]
    lo, hi = parsing.number(request, "x0"), parsing.number(request, "x1")
    if lo is not None and hi is not None and lo > hi:
        raise BadRequest(f"x0 must not be larger than x1, found {lo:g} and {hi:g}", field="x0")
    px = parsing.integer(request, "px", 800, 1, 10_000) or 800
    axis: Axis = "wall" if parsing.choice(request, "axis", ("x", "wall")) == "wall" else "x"
    series = [(s, store.stats(s.id)) for s in store.series(run["id"], number)]
    members = members_of(series)
    px = min(px, max(100, MOST_BUCKETS // max(1, len(members))))
    ranks = standings(members, running=run["state"] == "running")
    head = {
        "channel": channel_id(run["id"], number),
        "name": channel["name"],
        "axis": axis,
        "total": sum(stats.count for _, stats in series),
    }

    def read() -> dict[str, Any]:
        band, tail = read_bands(store, members, lo, hi, px, axis)
        return {
            **head,
            **_band_json(band, members),
            "tail": {"x": tail.x.tolist(), "mean": tail.mean.tolist()},
            "ranks": [_standing_json(s) for s in ranks],
        }

    return parsing.json_answer(await in_reader(request, read))


def read_bands(
    store: Store, members: list[Member], lo: Bound | None, hi: Bound | None, px: int, axis: Axis
) -> tuple[Band, Band]:
    """
    The band of *members* between *lo* and *hi* (None being the end of the data), and that of what
    their newest sessions went over again.
    """
    bounds = bounds_of(members, axis) or (0, 0)
    low, high = bounds[0] if lo is None else lo, bounds[1] if hi is None else hi
    if low > high:  # the range lies beside the data
        return band_of([], 0, 0, px), band_of([], 0, 0, px)
    newest = [read_curve(store, member, low, high, px, axis) for member in members]
    tails = [read_tail(store, part, low, high, px, axis) for part in tails_of(members)]
    bounded = float(low), float(high), px
    return band_of(newest, *bounded), band_of(tails, *bounded)


def _band_json(band: Band, members: list[Member]) -> dict[str, Any]:
    odd = band.odd
    return {
        "exact": band.exact,
        "members": len(members),
        "x": band.x.tolist(),
        "mean": band.mean.tolist(),
        "lo": band.lo.tolist(),
        "hi": band.hi.tolist(),
        "count": band.count.tolist(),
        "odd": {
            "x": odd.x.tolist(),
            "y": [parsing.named_number(y) for y in odd.y.tolist()],
            "rank": np.array([m.rank for m in members], np.int64)[odd.member].tolist(),
        },
    }


def _standing_json(standing: Standing) -> dict[str, Any]:
    return {
        "rank": standing.rank,
        "count": standing.count,
        "x": standing.x,
        "y": parsing.named_number(standing.y),
        "wall": standing.wall,
        "behind": standing.behind,
    }


_STANDING: Final = schemas.obj(
    {
        "rank": schemas.WHOLE,
        "count": schemas.WHOLE,
        "x": schemas.NUMBER,
        "y": schemas.maybe(schemas.Y),
        "wall": schemas.WHOLE,
        "behind": schemas.maybe(schemas.NUMBER),
    }
)
_NUMBERS: Final = schemas.array(schemas.NUMBER)
_WHOLES: Final = schemas.array(schemas.WHOLE)
BAND: Final = schemas.obj(
    {
        "channel": schemas.TEXT,
        "name": schemas.TEXT,
        "axis": {"enum": ["x", "wall"]},
        "exact": schemas.FLAG,
        "members": schemas.WHOLE,
        "total": schemas.WHOLE,
        "x": _NUMBERS,
        "mean": _NUMBERS,
        "lo": _NUMBERS,
        "hi": _NUMBERS,
        "count": _WHOLES,
        "tail": schemas.obj({"x": _NUMBERS, "mean": _NUMBERS}),
        "odd": schemas.obj({"x": _NUMBERS, "y": schemas.array(schemas.Y), "rank": _WHOLES}),
        "ranks": schemas.array(_STANDING),
    }
)
_QUERY: Final = (
    Query("x0", schemas.FLOAT64, "begin of the range, inclusive"),
    Query("x1", schemas.FLOAT64, "end of the range, inclusive"),
    Query("px", schemas.whole(1, 10_000), "width of the plot in pixel columns, 800 unless told"),
    Query("axis", {"enum": ["x", "wall"]}, "what the range and x are of"),
)
ENDPOINTS: Final = [
    Endpoint(method="GET", path="/channels/{channel}/band", handler=get_band, scope="read",
             summary="Mean and extremes over the ranks of a channel, and how far each rank is",
             query=_QUERY, answers={200: BAND}),
]  # fmt: skip
