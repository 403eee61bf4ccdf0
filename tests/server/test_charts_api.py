"""Channels and charts of a run."""

from __future__ import annotations

from typing import Any

import pytest

from agnez_client.protocol import CHANNEL_TYPES, DRAWN_TYPES
from agnez_dashboards import known_kinds
from agnez_server.api.charts import AUTO_PREFIX
from agnez_server.catalog.drafts import RunDraft
from agnez_server.errors import Conflict
from agnez_server.keys import CATALOG, STORE
from agnez_server.store.base import Change
from tests.server.running import RunningServer
from tests.server.spools import Spool


async def run_with(server: RunningServer, *channels: str) -> str:
    """A run with these channels, a point in each."""
    id = await server.new_run()
    await server.post([{"run": id, "channel": name, "y": 1} for name in channels])
    return id


async def charts(server: RunningServer, run: str) -> list[dict[str, Any]]:
    """The charts of a run."""
    return list((await server.get(f"/runs/{run}/charts"))["items"])


async def test_a_channel_tells_its_figures(server: RunningServer) -> None:
    """Count, last, extremes of the finite values, and how many are not finite."""
    id = await server.new_run()
    y = [2, "NaN", -3.5, "Infinity", 1]
    await server.post({"run": id, "channel": "loss", "x": [0, 1, 2, 3, 9], "y": y})

    channel = await server.channel(id, "loss")

    assert channel == await server.get(f"/channels/{id}.0")
    assert (channel["id"], channel["run"], channel["number"]) == (f"{id}.0", id, 0)
    assert (channel["count"], channel["nan"], channel["inf"]) == (5, 1, 1)
    assert (channel["min"], channel["max"]) == (-3.5, 2)
    assert (channel["last"], channel["last_x"], channel["type"]) == (1, 9, "NUMERIC")
    assert [s["count"] for s in channel["series"]] == [5]


async def test_a_channel_without_finite_values(server: RunningServer) -> None:
    """There is no smallest and no largest; the last value goes by name."""
    channel = await server.post({"run": "r", "channel": "c", "y": ["NaN", "-Infinity"]})

    found = await server.get(f"/channels/{channel['channels'][0]}")

    assert (found["min"], found["max"], found["last"]) == (None, None, "-Infinity")


async def test_channels_come_in_pages(server: RunningServer) -> None:
    """The list of channels has limit and offset, in the order in which they were made."""
    id = await run_with(server, "a", "b", "c")

    page = await server.get(f"/runs/{id}/channels", limit=2, offset=1)

    assert [c["name"] for c in page["items"]] == ["b", "c"]
    assert (page["total"], page["limit"], page["offset"]) == (3, 2, 1)


@pytest.mark.parametrize(
    "id",
    ["x", "{run}", "{run}.", "{run}.1", "{run}.-1", "{run}.²", "{run}.99999999999999999999",
     "{run}.0.0", "{run}.0x0"],
)  # fmt: skip
async def test_a_channel_that_is_not_there(server: RunningServer, id: str) -> None:
    """404 for any id that names none."""
    run = await run_with(server, "a")

    status, _ = await server.refused("GET", f"/channels/{id.format(run=run)}")

    assert status == 404


async def test_a_run_of_many_channels_is_listed_whole(server: RunningServer) -> None:
    """Each of thousands once, in order, with its figures; and each has its chart."""
    spool = Spool(channels=[f"c{i}" for i in range(3000)])
    spool.send(5, channel=2999)
    await server.taken(spool.batch())

    answer = await server.get(f"/runs/{spool.run}/channels", limit=100_000)

    assert [c["name"] for c in answer["items"]] == [f"c{i}" for i in range(3000)]
    assert (answer["total"], answer["items"][-1]["last"]) == (3000, 5)
    assert len(await charts(server, spool.run)) == 3000


@pytest.mark.parametrize("type", CHANNEL_TYPES)
async def test_a_chart_has_a_figure_or_none(server: RunningServer, type: str) -> None:
    """Types that are drawn with Bokeh have one; for others it is clear that there is none."""
    spool = Spool(channels=())
    spool.event("channel", n=0, name="c", type=type)
    await server.taken(spool.batch())

    status, body = await server.call("GET", f"/runs/{spool.run}/charts/{AUTO_PREFIX}0/figure")

    drawn = type in known_kinds() and type in DRAWN_TYPES
    assert status == (200 if drawn else 404)
    assert len(await charts(server, spool.run)) == (type in DRAWN_TYPES)
    if type in DRAWN_TYPES and not drawn:
        assert type in body["error"]["message"]


@pytest.mark.parametrize("type", [t for t in CHANNEL_TYPES if t != "NUMERIC"])
async def test_a_chart_with_numbers_and_another_type(server: RunningServer, type: str) -> None:
    """409 names both types; alone, a type that is drawn makes a chart, one of the record none."""
    spool = Spool(channels=("loss",))
    spool.event("channel", n=1, name="c", type=type)
    await server.taken(spool.batch())
    path = f"/runs/{spool.run}/charts"

    status, error = await server.refused("POST", path, json={"channels": ["loss", "c"]})
    alone, _ = await server.call("POST", path, json={"channels": ["c"]})

    assert (status, error["code"]) == (409, "conflict")
    assert {"NUMERIC", type} <= set(error["message"].replace(",", " ").split())
    assert alone == (201 if type in DRAWN_TYPES else 400)


async def test_a_channel_without_a_chart_has_its_own(server: RunningServer) -> None:
    """Each gets an automatic chart, until one names it."""
    id = await run_with(server, "a", "b")
    before = await charts(server, id)

    await server.call("POST", f"/runs/{id}/charts", json={"channels": ["a"]})
    after = await charts(server, id)

    assert [(c["title"], c["channels"], c["auto"]) for c in before] == [
        ("a", [f"{id}.0"], True), ("b", [f"{id}.1"], True)
    ]  # fmt: skip
    assert [(c["title"], c["auto"]) for c in after] == [("a", False), ("b", True)]


async def test_a_chart_draws_channels_by_name_and_by_id(server: RunningServer) -> None:
    """Title and axis names are kept; a channel that is named twice is drawn once."""
    id = await run_with(server, "a", "b")
    given = {"title": "both", "channels": ["a", f"{id}.1", "a"], "x": "epoch", "y": "loss"}

    status, chart = await server.call("POST", f"/runs/{id}/charts", json=given)

    assert status == 201
    assert chart["channels"] == [f"{id}.0", f"{id}.1"]
    assert (chart["title"], chart["x"], chart["y"]) == ("both", "epoch", "loss")
    assert (chart["type"], chart["auto"]) == ("NUMERIC", False)
    assert await charts(server, id) == [chart]


async def test_a_chart_with_a_known_id_takes_its_place(server: RunningServer) -> None:
    """The same id again changes the chart, it makes no second one."""
    id = await run_with(server, "a", "b")

    for channel in ("a", "b"):
        await server.call("POST", f"/runs/{id}/charts", json={"id": "one", "channels": [channel]})

    drawn = [c for c in await charts(server, id) if not c["auto"]]
    assert [(c["id"], c["channels"]) for c in drawn] == [("one", [f"{id}.1"])]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [({"channels": []}, 400, "channels"), ({"channels": "a"}, 400, "channels"),
     ({}, 400, "channels"),
     ({"channels": ["a"], "id": 5}, 400, "id"), ({"channels": ["a"], "id": ""}, 400, "id"),
     ({"channels": ["a"], "id": "../x"}, 400, "id"),
     ({"channels": ["a"], "title": 5}, 400, "title"),
     ({"channels": ["a"], "x": []}, 400, "x"), ({"channels": ["a"], "colour": 1}, 400, "colour"),
     ({"channels": ["a"], "id": f"{AUTO_PREFIX}0"}, 400, "id"),
     ({"channels": ["nope"]}, 404, None), ({"channels": [7]}, 404, None),
     ({"channels": [["a"]]}, 404, None), ({"channels": [None]}, 404, None)],
)  # fmt: skip
async def test_a_chart_that_makes_no_sense_is_refused(
    server: RunningServer, body: dict[str, Any], status: int, field: str | None
) -> None:
    """What is wrong is named, and no chart is made."""
    id = await run_with(server, "a")

    found, error = await server.refused("POST", f"/runs/{id}/charts", json=body)

    assert (found, error.get("field")) == (status, field)
    assert [c["auto"] for c in await charts(server, id)] == [True]


@pytest.mark.parametrize("id", ["{run}.²", "{run}.٣", "{run}.-0", "{run}.1", "{run}"])
async def test_a_channel_of_a_chart_is_looked_up_strictly(server: RunningServer, id: str) -> None:
    """Odd digits are no channel number."""
    run = await run_with(server, "a")

    status, _ = await server.refused(
        "POST", f"/runs/{run}/charts", json={"channels": [id.format(run=run)]}
    )

    assert status == 404


async def test_a_figure_holds_no_numbers(server: RunningServer) -> None:
    """The Bokeh figure of a chart is what `embed_item` takes: a document and its root."""
    id = await run_with(server, "a", "b")
    chart = (await server.call("POST", f"/runs/{id}/charts", json={"channels": ["a", "b"]}))[1]

    figure = await server.get(f"/runs/{id}/charts/{chart['id']}/figure")

    assert {"doc", "root_id", "version"} <= set(figure)
    auto = await charts(server, await run_with(server, "c"))
    assert auto[0]["id"] == f"{AUTO_PREFIX}0"


async def test_the_figure_of_no_chart(server: RunningServer) -> None:
    """404, in JSON."""
    id = await run_with(server, "a")

    assert (await server.refused("GET", f"/runs/{id}/charts/nope/figure"))[0] == 404


async def test_another_type_of_the_same_name_is_a_conflict(server: RunningServer) -> None:
    """A channel keeps the type that it was made with."""
    layouts = server.served.app[CATALOG]
    id = await run_with(server, "a")

    def work(change: Change) -> None:
        RunDraft(layouts, change, id).layout.channel("a", "HISTOGRAM")

    with pytest.raises(Conflict, match="NUMERIC, not HISTOGRAM"):
        await server.served.app[STORE].change(work)


async def test_a_chart_of_two_types_is_a_conflict(server: RunningServer) -> None:
    """What is drawn together has one type."""
    catalog = server.served.app[CATALOG]
    id = await run_with(server, "a")

    def work(change: Change) -> None:
        layout = RunDraft(catalog, change, id).layout
        layout.channel("weights", "HISTOGRAM")
        layout.chart({"channels": ["a", "weights"]}, "both")

    with pytest.raises(Conflict, match="HISTOGRAM and NUMERIC"):
        await server.served.app[STORE].change(work)
