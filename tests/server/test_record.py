"""The record of a run: facts, fields, datasets, artefacts, markers, how far it has come."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from agnez_server.keys import CATALOG, STORE
from agnez_server.models import RUNS
from tests.server.bodies import PNG, put, ref, sha256
from tests.server.running import RunningServer
from tests.server.spools import WALL_US, Spool, records

SECOND = 1_000_000
DEEP: Any = json.loads("[" * 25 + "]" * 25)


async def told(server: RunningServer, kind: str, *events: dict[str, Any]) -> dict[str, Any]:
    """The run after these events, with the ordinals of those that were refused, from 0."""
    spool = Spool()
    for event in events:
        spool.event(kind, **event)
    refused = (await server.taken(spool.batch()))["refused"]
    run = await server.get(f"/runs/{spool.run}")
    return {**run, "refused": [r["event"] - 2 for r in refused]}


# -- facts, fields, datasets -----------------------------------------------------------------


async def test_facts_are_merged_by_key(server: RunningServer) -> None:
    """A later fact takes the place of the one of the same name; a list of runs has none."""
    run = await told(
        server,
        "about",
        {"facts": {"git": {"commit": "a"}, "cpus": 4}},
        {"facts": {"git": {"x": 1}}},
    )

    assert run["about"] == {"git": {"x": 1}, "cpus": 4}
    assert "about" not in (await server.get("/runs"))["items"][0]


async def test_blobs_of_facts_are_waited_for_and_kept(server: RunningServer) -> None:
    """As those of entries are."""
    spool, blob = Spool(), ref(b"numpy==2.0\n", "text/plain")
    spool.event("about", facts={"packages": {"count": 1, "blob": blob}}, blobs=[blob])
    status, answer = await server.ingest(spool.batch())
    assert (status, answer["error"]["sha256"]) == (409, [blob["sha256"]])

    await put(server, b"numpy==2.0\n", "text/plain")
    await server.taken(spool.batch())

    assert server.served.app[STORE].blob_runs(blob["sha256"]) == [spool.run]


async def test_facts_have_a_limit(server: RunningServer) -> None:
    """64 KiB together; what would be too much is refused alone, as is what is no object."""
    run = await told(
        server, "about", {"facts": {"a": "x" * 60_000}}, {"facts": {"b": "x" * 6000}},
        {"facts": []}, {}, {"facts": {"deep": DEEP}},
        {"facts": {"c": 1}},
    )  # fmt: skip

    assert run["refused"] == [1, 2, 3, 4]
    assert set(run["about"]) == {"a", "c"}


async def test_fields_are_set(server: RunningServer) -> None:
    """Notes, stage, total steps and name; none of an event where one is wrong."""
    run = await told(
        server, "fields", {"notes": "n", "stage": "TRAIN", "total_steps": 50, "name": "renamed"},
        {"stage": "x\ny", "notes": "lost"}, {"total_steps": -1}, {"total_steps": 1.5}, {},
        {"stage": None},
    )  # fmt: skip

    assert (run["name"], run["notes"]) == ("renamed", "n")
    assert (run["total_steps"], run["stage"]) == (50, None)
    assert run["refused"] == [1, 2, 3, 4]


async def test_fields_are_patched(server: RunningServer) -> None:
    """PATCH sets stage and total steps, null takes them away, and a wrong one is named."""
    id = await server.new_run()

    _, run = await server.call("PATCH", f"/runs/{id}", json={"stage": "EVAL", "total_steps": 9})
    assert (run["stage"], run["total_steps"]) == ("EVAL", 9)
    _, run = await server.call("PATCH", f"/runs/{id}", json={"stage": None, "total_steps": None})
    assert (run["stage"], run["total_steps"]) == (None, None)
    for field, value in (("stage", 5), ("total_steps", "many"), ("total_steps", 0)):
        _, error = await server.refused("PATCH", f"/runs/{id}", json={field: value})
        assert error["field"] == field


async def test_datasets_by_name_the_last_one_wins(server: RunningServer) -> None:
    """What is not told of one is null; the last of a name stands at the end."""
    run = await told(
        server, "dataset", {"name": "a", "size": 1}, {"name": "b", "hash": "sha256:00"},
        {"name": "a", "count": 5, "source": "s", "about": {"split": "train"}},
        {}, {"name": ""}, {"name": "c", "size": -1}, {"name": "c", "about": "x" * 9000},
        {"name": "c", "about": {"x": "x" * 9000}},
    )  # fmt: skip

    nothing = {"hash": None, "size": None, "count": None, "source": None, "about": {}}
    assert run["datasets"] == [
        {**nothing, "name": "b", "hash": "sha256:00"},
        {**nothing, "name": "a", "count": 5, "source": "s", "about": {"split": "train"}},
    ]
    assert run["refused"] == [3, 4, 5, 6, 7]


async def test_datasets_have_a_limit(server: RunningServer) -> None:
    """A thousand; what is there can still be told anew."""
    events = [{"name": f"d{i}"} for i in range(1001)]

    run = await told(server, "dataset", *events, {"name": "d0", "size": 5})

    assert run["refused"] == [1000]
    assert (len(run["datasets"]), run["datasets"][-1]["size"]) == (1000, 5)


# -- how far it has come ---------------------------------------------------------------------


async def test_a_run_tells_how_far_it_has_come(server: RunningServer) -> None:
    """Step, and the time for the rest at the pace so far; figures of the machine don't count."""
    spool = Spool(channels=("loss", "system/cpu"))
    spool.event("fields", total_steps=101)
    points = records([1.0] * 51)  # x 0 to 50, a second each
    points["wall_ns"] = (WALL_US + points["x"] * SECOND) * 1000
    spool.write(points)
    spool.write(records([1.0], x0=10_000, channel=1))
    await server.taken(spool.batch())

    run = await server.get(f"/runs/{spool.run}")

    assert (run["step"], run["eta_s"]) == (50, 50.0)
    assert (await server.get("/runs"))["items"][0]["step"] == 50


async def test_the_newest_session_tells_the_step(
    start: Callable[..., AbstractAsyncContextManager[RunningServer]],
) -> None:
    """A run that was resumed at an older step is there, after a restart of the server too."""
    async with start() as server:
        old = Spool()
        old.send(*range(250))
        new = Spool(old.run, session=WALL_US + 500 * SECOND)
        new.write(records([1.0], x0=203))
        for spool in (old, new):
            await server.taken(spool.batch())
        assert (await server.get(f"/runs/{old.run}"))["step"] == 203
    async with start() as server:
        run = await server.get(f"/runs/{old.run}")
        assert (run["step"], run["eta_s"]) == (203, None)


async def test_a_run_that_ended_has_no_rest(server: RunningServer) -> None:
    """Its step stays, the estimate goes."""
    spool = Spool()
    spool.send(*range(10))
    spool.event("fields", total_steps=100)
    spool.event("state", state="stopped")
    await server.taken(spool.batch())

    run = await server.get(f"/runs/{spool.run}")

    assert (run["step"], run["eta_s"]) == (9, None)


# -- artefacts and markers -------------------------------------------------------------------


async def test_every_version_of_every_artefact(server: RunningServer) -> None:
    """Newest first; versions count on over sessions; a file may only be noted."""
    kept, noted = ref(PNG, "image/png"), {"path": "d.csv", "size": 5, "hash": "sha256:00"}
    await put(server, PNG, "image/png")
    first = Spool(channels=())
    second = Spool(first.run, session=WALL_US + 100, channels=())
    for spool, walls in ((first, (1, 3)), (second, (9,))):
        spool.event("channel", n=0, name="model.pt", type="ARTEFACT")
        spool.event("channel", n=1, name="d.csv", type="ARTEFACT")
        for wall in walls:
            body = {**kept, "path": "out/model.pt", "kind": "model", "name": "forged"}
            spool.event("entry", n=0, x=wall, wall=WALL_US + wall, body=body, blobs=[kept])
    first.event("entry", n=1, x=5, wall=WALL_US + 5, body=noted)
    for spool in (first, second):
        await server.taken(spool.batch())

    answer = await server.get(f"/runs/{first.run}/artefacts")

    assert [(a["name"], a["version"], a["x"]) for a in answer["items"]] == [
        ("model.pt", 3, 9), ("d.csv", 1, 5), ("model.pt", 2, 3), ("model.pt", 1, 1)
    ]  # fmt: skip
    assert answer["items"][0]["sha256"] == sha256(PNG)
    assert answer["items"][1] == {
        "channel": f"{first.run}.1", "name": "d.csv", "version": 1, "x": 5, "wall": WALL_US + 5,
        **noted,
    }  # fmt: skip
    page = await server.get(f"/runs/{first.run}/artefacts", limit=1, offset=1)
    assert ([a["name"] for a in page["items"]], page["total"]) == (["d.csv"], 4)


async def test_markers_by_x(server: RunningServer) -> None:
    """Those of all MARKER channels; they and artefacts stand in no chart."""
    spool = Spool(channels=())
    for n, name in enumerate(("markers", "alarms")):
        spool.event("channel", n=n, name=name, type="MARKER")
    for n, x, text in ((0, 7, "later"), (1, 3, "<b>NaN</b>"), (0, 1, "first")):
        body = {"text": text, "level": "warning"}
        spool.event("entry", n=n, x=x, wall=WALL_US, body=body)
    spool.event("chart", id="c", channels=["markers"])
    answer = await server.taken(spool.batch())

    markers = (await server.get(f"/runs/{spool.run}/markers"))["items"]

    assert [(m["x"], m["text"], m["channel"][-1]) for m in markers] == [
        (1, "first", "0"), (3, "<b>NaN</b>", "1"), (7, "later", "0")
    ]  # fmt: skip
    assert "stand in no chart" in answer["refused"][0]["reason"]
    assert (await server.get(f"/runs/{spool.run}/charts"))["items"] == []


# -- documents of older versions -------------------------------------------------------------


@pytest.mark.parametrize("touched", [False, True])
async def test_a_run_of_an_older_version_is_read(
    start: Callable[..., AbstractAsyncContextManager[RunningServer]], touched: bool
) -> None:
    """A document without the fields of the record has their defaults, and can be changed."""
    later = {"stage", "total_steps", "about", "datasets", "deleted"}
    async with start() as server:
        id = await server.new_run(name="old")
        catalog = server.served.app[CATALOG]
        kept = {k: v for k, v in catalog.run(id).items() if k not in later}

        def forget(change: Any) -> None:
            table = change.docs.table(RUNS)
            table.truncate()
            table.insert(kept)

        await server.served.app[STORE].change(forget)
    async with start() as server:
        if touched:
            await server.call("DELETE", f"/runs/{id}")
            await server.call("POST", f"/runs/{id}/restore")
        run = await server.get(f"/runs/{id}")
        assert (run["name"], run["stage"], run["about"], run["datasets"]) == ("old", None, {}, [])
        assert [r["id"] for r in (await server.get("/runs"))["items"]] == [id]
