"""Channels and charts of a run: definitions and figures, no points."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from aiohttp import web

from agnez_client.protocol import DRAWN_TYPES, new_ulid
from agnez_dashboards import ChartSpec, channel_spec, chart_figure, known_kinds
from agnez_server import checks
from agnez_server.api import parsing, schemas
from agnez_server.api.endpoint import Endpoint, page_query
from agnez_server.api.reading import in_reader
from agnez_server.api.streaming import stream_items
from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.channels import channel_json
from agnez_server.catalog.drafts import RunDraft
from agnez_server.drawing import figures_loading
from agnez_server.errors import NotFound
from agnez_server.keys import CATALOG, STORE
from agnez_server.models import ChannelDoc, ChartDoc, LayoutDoc, channel_id, now_us
from agnez_server.store.base import Change, Series

_DRAWING: Final = threading.Lock()
PAGE: Final = 500
"""Channels or charts that are looked at before others have their turn."""
AUTO_PREFIX: Final = "channel."
"""Of the ids of automatic charts: with a point, which ids that people give can't have."""


async def list_channels(request: web.Request) -> web.StreamResponse:
    catalog = request.app[CATALOG]
    id = catalog.run(request.match_info["run"])["id"]
    limit, offset = parsing.page(request, 1000, 100_000)
    channels = catalog.layout(id)["channels"]
    numbers = range(len(channels))[offset : offset + limit]
    series = catalog.series_by_channel(id)

    async def pages() -> AsyncIterator[Iterator[dict[str, Any]]]:
        for part in (numbers[at : at + PAGE] for at in range(0, len(numbers), PAGE)):
            yield (_channel(catalog, id, n, channels[n], series.get(n, ())) for n in part)

    rest = {"total": len(channels), "limit": limit, "offset": offset}
    return await stream_items(request, pages(), rest)


def _channel(
    catalog: Catalog, run: str, number: int, doc: ChannelDoc, series: Iterable[Series]
) -> dict[str, Any]:
    found = [(s, catalog.store.stats(s.id)) for s in series]
    item = channel_json(run, number, doc, found)
    item["last"] = parsing.named_number(item["last"])
    return item


async def get_channel(request: web.Request) -> web.Response:
    catalog = request.app[CATALOG]
    run, number = catalog.channel(request.match_info["channel"])
    doc = catalog.layout(run["id"])["channels"][number]
    series = catalog.store.series(run["id"], number)
    return parsing.json_answer(_channel(catalog, run["id"], number, doc, series))


def charts_of(layout: LayoutDoc) -> Iterator[tuple[ChartDoc, bool]]:
    """The charts of a run, and whether each was made by itself for a channel without one."""
    drawn = {n for chart in layout["charts"] for n in chart["channels"]}
    yield from ((chart, False) for chart in layout["charts"])
    for number, channel in enumerate(layout["channels"]):
        if number not in drawn and channel["type"] in DRAWN_TYPES:
            yield _auto_chart(number, channel), True


def _auto_chart(number: int, channel: ChannelDoc) -> ChartDoc:
    return ChartDoc(
        id=f"{AUTO_PREFIX}{number}",
        title=channel["name"],
        type=channel["type"],
        x="step",
        y=channel["name"],
        channels=[number],
    )


def chart_of(layout: LayoutDoc, id: str) -> ChartDoc:
    """The chart *id*. Raises NotFound."""
    number = id.removeprefix(AUTO_PREFIX)
    if number != id and number.isascii() and number.isdigit() and len(number) < 9:
        for place, channel in enumerate(layout["channels"][int(number) :][:1], int(number)):
            if channel["type"] in DRAWN_TYPES:
                return _auto_chart(place, channel)
    for chart in layout["charts"]:
        if chart["id"] == id:
            return chart
    raise NotFound("chart", id)


def _chart_json(run: str, chart: ChartDoc, auto: bool) -> dict[str, Any]:
    return {**chart, "channels": [channel_id(run, n) for n in chart["channels"]], "auto": auto}


async def list_charts(request: web.Request) -> web.StreamResponse:
    catalog = request.app[CATALOG]
    id = catalog.run(request.match_info["run"])["id"]
    charts = charts_of(catalog.layout(id))
    rest = {"total": 0, "limit": 0, "offset": 0}

    async def pages() -> AsyncIterator[list[dict[str, Any]]]:
        while page := [_chart_json(id, chart, auto) for chart, auto in islice(charts, PAGE)]:
            rest["total"] = rest["limit"] = rest["total"] + len(page)
            yield page

    return await stream_items(request, pages(), rest)


async def create_chart(request: web.Request) -> web.Response:
    catalog, run = request.app[CATALOG], request.match_info["run"]
    given = await parsing.read_object(request)
    checks.known_fields(given, {"id", "title", "channels", "x", "y"}, "a chart")
    id = given["id"] if given.get("id") is not None else new_ulid()
    catalog.run(run)

    def work(change: Change) -> ChartDoc:
        draft = RunDraft(catalog, change, run)
        if not draft.exists:
            raise catalog.missing(run)
        chart = draft.layout.chart(given, id)
        draft.save(now_us())
        return chart

    chart = await request.app[STORE].change(work)
    return parsing.json_answer(_chart_json(run, chart, False), 201)


async def get_figure(request: web.Request) -> web.Response:
    catalog = request.app[CATALOG]
    run = catalog.run(request.match_info["run"])["id"]
    layout = catalog.layout(run)
    chart = chart_of(layout, request.match_info["chart"])
    if chart["type"] not in known_kinds():
        raise NotFound("figure for channels of type", chart["type"])
    await figures_loading(request.app)
    spec = _spec(run, layout, chart)
    return parsing.json_answer(await in_reader(request, lambda: _drawn(spec)))


def _drawn(spec: ChartSpec) -> dict[str, Any]:
    """In a thread, as Bokeh takes seconds to be loaded; it draws one figure at a time."""
    with _DRAWING:
        return chart_figure(spec)


def _spec(run: str, layout: LayoutDoc, chart: ChartDoc) -> ChartSpec:
    channels = [
        channel_spec(i, id=channel_id(run, n), number=n, name=layout["channels"][n]["name"])
        for i, n in enumerate(chart["channels"])
    ]
    return ChartSpec(
        id=chart["id"],
        title=chart["title"],
        type=chart["type"],
        x=chart["x"],
        y=chart["y"],
        channels=channels,
    )


ENDPOINTS: Final = [
    Endpoint(method="GET", path="/runs/{run}/channels", handler=list_channels, scope="read",
             summary="Channels of a run with their figures", query=page_query(1000, 100_000),
             answers={200: schemas.listing(schemas.CHANNEL)}),
    Endpoint(method="GET", path="/channels/{channel}", handler=get_channel, scope="read",
             summary="One channel", answers={200: schemas.CHANNEL}),
    Endpoint(method="GET", path="/runs/{run}/charts", handler=list_charts, scope="read",
             summary="Charts of a run", answers={200: schemas.listing(schemas.CHART)}),
    Endpoint(method="POST", path="/runs/{run}/charts", handler=create_chart, scope="write",
             summary="Draw channels together", body=schemas.NEW_CHART,
             errors=(409,),
             answers={201: schemas.CHART}),
    Endpoint(method="GET", path="/runs/{run}/charts/{chart}/figure", handler=get_figure,
             scope="read", summary="The Bokeh figure of a chart, without numbers",
             answers={200: schemas.ANY_OBJECT}),
]  # fmt: skip
