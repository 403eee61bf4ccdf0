"""What a table of runs shows beside them: figures of channels, a small curve, what to choose."""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from aiohttp import web

from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, Query
from agnez_server.api.reading import in_reader, named_numbers
from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.figures import (
    Figures,
    channel_names,
    figures_of,
    first_channel,
    main_channels,
    newest_series,
)
from agnez_server.catalog.params import flattened
from agnez_server.errors import BadRequest
from agnez_server.keys import CATALOG, STORE
from agnez_server.models import RunDoc
from agnez_server.store.base import Series, Store

MOST_RUNS: Final = 200
MOST_CHANNELS: Final = 50
MOST_NAMES: Final = 2000
NEWEST_RUNS: Final = 500
SHOWN: Final = 2
"""Channels of a run that are shown where nobody has chosen any."""


async def list_figures(request: web.Request) -> web.Response:
    catalog, store = request.app[CATALOG], request.app[STORE]
    runs = _several(request, "run", MOST_RUNS)
    names = _several(request, "channel", MOST_CHANNELS)
    px = parsing.integer(request, "px", 0, 0, 1000) or 0
    known = [run for run in runs if catalog.has(run)]
    chosen = [{*names, *main_channels(catalog, run, SHOWN)} for run in known]
    items = [_item(catalog, run, each) for run, each in zip(known, chosen, strict=True)]
    if px:
        curves = [_curve_of(catalog, item) for item in items]
        drawn = await in_reader(request, lambda: [_curve(store, one, px) for one in curves])
        items = [{**item, "curve": curve} for item, curve in zip(items, drawn, strict=True)]
    return parsing.json_answer(
        {"items": items, "total": len(items), "limit": len(items), "offset": 0}
    )


def _several(request: web.Request, name: str, most: int) -> list[str]:
    found = request.query.getall(name, [])
    if len(found) > most:
        raise BadRequest(f"at most {most} of {name} are answered at once", field=name)
    return list(dict.fromkeys(found))


def _item(catalog: Catalog, run: str, names: set[str]) -> dict[str, Any]:
    return {
        "run": run,
        "first": main_channels(catalog, run, SHOWN),
        "figures": {
            name: _figures_json(figures)
            for name, figures in figures_of(catalog, run, names).items()
        },
    }


def _figures_json(figures: Figures) -> dict[str, Any]:
    return {
        "last": parsing.named_number(figures.last),
        "last_x": figures.last_x,
        "min": figures.min,
        "max": figures.max,
    }


def _curve_of(catalog: Catalog, item: dict[str, Any]) -> Series | None:
    name = first_channel(catalog, item["run"])
    return newest_series(catalog, item["run"], name) if name else None


def _curve(store: Store, series: Series | None, px: int) -> dict[str, Any] | None:
    if series is None:
        return None
    columns = store.view(series.id, None, None, px)
    return {"x": columns.x.tolist(), "y": named_numbers(columns)}


async def list_columns(request: web.Request) -> web.Response:
    catalog = request.app[CATALOG]
    project = request.query.get("project")
    runs = (run for run in catalog.runs() if project is None or run["project"] == project)
    newest = sorted(runs, key=lambda run: run["created"], reverse=True)[:NEWEST_RUNS]
    return parsing.json_answer(
        {"channels": channel_names(catalog, newest, MOST_NAMES), "params": _param_names(newest)}
    )


def _param_names(runs: list[RunDoc]) -> list[str]:
    every = (name for run in runs for name, _ in flattened(run["params"]))
    return list(islice(dict.fromkeys(every), MOST_NAMES))


def _several_of(most: int) -> schemas.Schema:
    return {**schemas.array(schemas.TEXT), "maxItems": most}


_NUMBER: Final = {"anyOf": [{"type": "number"}, schemas.TEXT, {"type": "null"}]}
_FIGURES: Final = schemas.obj({"last": _NUMBER, "last_x": _NUMBER, "min": _NUMBER, "max": _NUMBER})
_ITEM: Final = schemas.obj(
    {
        "run": schemas.ULID,
        "first": schemas.array(schemas.TEXT),
        "figures": {"type": "object", "additionalProperties": _FIGURES},
    }
)
_QUERY: Final = (
    Query("run", _several_of(MOST_RUNS), f"figures of this run; repeatable, at most {MOST_RUNS}"),
    Query(
        "channel",
        _several_of(MOST_CHANNELS),
        f"of this channel; repeatable, at most {MOST_CHANNELS}",
    ),
    Query("px", schemas.whole(0, 1000), "a curve of the first channel, for so many pixel columns"),
)
ENDPOINTS: Final = [
    Endpoint(method="GET", path="/figures", handler=list_figures, scope="read", query=_QUERY,
             summary="Figures of channels for many runs at once",
             answers={200: schemas.listing(_ITEM)}),
    Endpoint(method="GET", path="/columns", handler=list_columns, scope="read",
             query=(Query("project", schemas.TEXT, "of runs of this project"),),
             summary="Names of channels and parameters that runs have",
             answers={200: schemas.obj({"channels": schemas.array(schemas.TEXT),
                                        "params": schemas.array(schemas.TEXT)})}),
]  # fmt: skip
