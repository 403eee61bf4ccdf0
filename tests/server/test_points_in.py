"""Points as JSON: one, a list, columns; what is missing is filled in, what is wrong refuses all."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from agnez_client.protocol import new_ulid
from agnez_server.catalog.drafts import RunDraft
from agnez_server.errors import Gone
from agnez_server.keys import CATALOG, STORE
from agnez_server.store.base import Change
from tests.server.running import RunningServer

BIG = 2**63 - 1


async def raw(server: RunningServer, channel: str) -> list[dict[str, Any]]:
    """Every point of a channel."""
    return list((await server.get(f"/channels/{channel}/raw"))["items"])


async def test_one_object_makes_run_and_channel(server: RunningServer) -> None:
    """A point for names that nobody knows makes both, and is stored."""
    answer = await server.post({"run": "mine", "channel": "loss", "x": 3, "y": 0.5, "wall": 17})

    run, channel = answer["runs"][0], answer["channels"][0]
    assert answer["accepted"] == 1
    assert (await server.get(f"/runs/{run}"))["name"] == "mine"
    (point,) = await raw(server, channel)
    assert (point["x"], point["y"], point["wall"], point["ordinal"]) == (3, 0.5, 17, 0)


async def test_a_list_goes_to_many_channels_and_runs(server: RunningServer) -> None:
    """Each object of a list names its own run and channel."""
    answer = await server.post(
        [{"run": "a", "channel": "loss", "y": 1}, {"run": "a", "channel": "acc", "y": 2},
         {"run": "b", "channel": "loss", "y": 3}, {"run": "a", "channel": "loss", "y": 4}]
    )  # fmt: skip

    a, b = answer["runs"]
    assert answer["accepted"] == 4
    assert answer["channels"] == [f"{a}.0", f"{a}.1", f"{b}.0"]
    assert [await server.ys(c) for c in answer["channels"]] == [[1, 4], [2], [3]]


async def test_columns_are_many_points(server: RunningServer) -> None:
    """Lists for x, y and wall are taken element by element."""
    body = {"run": "r", "channel": "c", "x": [5, 6], "y": [0.25, "NaN"], "wall": [100, 200]}

    channel = (await server.post(body))["channels"][0]

    assert [(p["x"], p["y"], p["wall"]) for p in await raw(server, channel)] == [
        (5, 0.25, 100), (6, "NaN", 200)
    ]  # fmt: skip


async def test_nan_and_infinity_go_by_name(server: RunningServer) -> None:
    """The three values that JSON has not come and go as text."""
    given = ["NaN", "Infinity", "-Infinity", 1.5]

    channel = (await server.post({"run": "r", "channel": "c", "y": given}))["channels"][0]

    assert await server.ys(channel) == given


async def test_x_counts_on_from_the_last(server: RunningServer) -> None:
    """Without x the steps are 0, 1, 2 ..., and go on from whatever x came last."""

    def body(**given: Any) -> dict[str, Any]:
        return {"run": "r", "channel": "c", **given}

    await server.post(body(y=[1, 2]))
    await server.post(body(y=3))
    await server.post(body(y=4, x=10))
    await server.post([body(y=5), body(y=6, x=2.5), body(y=7)])
    channel = (await server.post(body(y=8, x=None)))["channels"][0]

    assert [p["x"] for p in await raw(server, channel)] == [0, 1, 2, 10, 11, 2.5, 3.5, 4.5]


async def test_steps_are_counted_over_posts_at_the_same_time(server: RunningServer) -> None:
    """Posts that share a commit don't get the same step."""
    await server.post({"run": "r", "channel": "c", "y": 0})

    await asyncio.gather(*(server.post({"run": "r", "channel": "c", "y": i}) for i in range(1, 30)))

    run = (await server.get("/runs"))["items"][0]["id"]
    assert [p["x"] for p in await raw(server, f"{run}.0")] == list(range(30))


async def test_posts_at_the_same_time_make_one_run(server: RunningServer) -> None:
    """The first points of a new name make its run, whichever of them comes first."""
    answers = await asyncio.gather(
        *(server.post({"run": "new", "channel": f"c{i % 3}", "y": i}) for i in range(20))
    )

    assert len({answer["runs"][0] for answer in answers}) == 1
    (run,) = (await server.get("/runs"))["items"]
    assert (run["points"], run["channels"]) == (20, 3)


async def test_a_refused_body_does_not_count_steps(server: RunningServer) -> None:
    """After a body that was refused as a whole the next step is the one that it would have had."""
    await server.post({"run": "r", "channel": "c", "y": 0})
    lost = {"run": new_ulid(), "channel": "c", "y": 1}

    status, _ = await server.refused(
        "POST", "/points", json=[{"run": "r", "channel": "c", "y": [1, 2, 3]}, lost]
    )
    channel = (await server.post({"run": "r", "channel": "c", "y": 4}))["channels"][0]

    assert status == 404
    assert [p["x"] for p in await raw(server, channel)] == [0, 1]


async def test_steps_go_on_after_a_restart(start: Any) -> None:
    """The last x of what is stored counts, not what a process remembered."""
    async with start() as server:
        await server.post({"run": "r", "channel": "c", "x": 41, "y": 0})
    async with start() as server:
        channel = (await server.post({"run": "r", "channel": "c", "y": 1}))["channels"][0]
        assert [p["x"] for p in await raw(server, channel)] == [41, 42]


async def test_there_is_no_step_after_the_largest(server: RunningServer) -> None:
    """A missing x after 2^63 - 1 is refused; nothing is stored."""
    channel = (await server.post({"run": "r", "channel": "c", "x": BIG, "y": 0}))["channels"][0]

    body = {"run": "r", "channel": "c", "y": 1}
    status, error = await server.refused("POST", "/points", json=body)

    assert (status, error["field"]) == (400, "x")
    assert len(await raw(server, channel)) == 1


async def test_wall_is_now_where_it_is_missing(server: RunningServer) -> None:
    """The default of wall is the server's clock in µs UTC."""
    before = time.time_ns() // 1000
    channel = await server.post({"run": "r", "channel": "c", "y": [1, 2], "wall": [None, 7]})
    after = time.time_ns() // 1000

    walls = [p["wall"] for p in await raw(server, channel["channels"][0])]

    assert before <= walls[0] <= after
    assert walls[1] == 7


async def test_a_name_is_that_of_the_newest_run(server: RunningServer) -> None:
    """Of two runs with a name in a project the newer one gets the points."""
    await server.new_run(name="twin", project="p")
    newer = await server.new_run(name="twin", project="p")
    elsewhere = await server.new_run(name="twin")

    body = {"run": "twin", "channel": "c", "y": 1}

    assert (await server.post({**body, "project": "p"}))["runs"] == [newer]
    assert (await server.post(body))["runs"] == [elsewhere]


async def test_one_run_by_name_and_by_id_is_one(server: RunningServer) -> None:
    """A body that names a run in two ways makes two channels of it, not one twice."""
    id = await server.new_run(name="r")

    answer = await server.post(
        [{"run": "r", "channel": "a", "y": 1}, {"run": id, "channel": "b", "y": 2},
         {"run": id, "project": "other", "channel": "c", "y": 3}]
    )  # fmt: skip

    assert answer["channels"] == [f"{id}.0", f"{id}.1", f"{id}.2"]
    assert [await server.ys(c) for c in answer["channels"]] == [[1], [2], [3]]


async def test_an_unknown_id_is_not_a_name(server: RunningServer) -> None:
    """A ULID that no run has is refused, no run is made of that name."""
    status, _ = await server.refused(
        "POST", "/points", json={"run": new_ulid(), "channel": "c", "y": 1}
    )

    assert status == 404
    assert (await server.get("/runs"))["total"] == 0


@pytest.mark.parametrize(
    ("bad", "field"),
    [({"y": None}, "y"), ({"y": "1"}, "y"), ({"y": True}, "y"), ({"y": {}}, "y"),
     ({"x": "1"}, "x"), ({"x": True}, "x"), ({"x": [1]}, "x"), ({"x": 2**63}, "x"),
     ({"x": "NaN"}, "x"), ({"wall": 1.5}, "wall"), ({"wall": "now"}, "wall"),
     ({"wall": 2**63}, "wall"), ({"channel": ""}, "channel"), ({"channel": 3}, "channel"),
     ({"channel": "a\nb"}, "channel"), ({"run": None}, "run"),
     ({"type": "HOLOGRAM"}, "type"), ({"type": "IMAGE"}, "body"),
     ({"colour": 1}, "colour"), ({"project": []}, "project"), ({"channel": "x" * 257}, "channel")],
)  # fmt: skip
async def test_one_bad_point_refuses_all(
    server: RunningServer, bad: dict[str, Any], field: str
) -> None:
    """The answer names the index of the point and the field, and nothing is stored."""
    good = {"run": "r", "channel": "c", "y": 1}

    status, error = await server.refused("POST", "/points", json=[good, good, {**good, **bad}])

    assert (status, error["index"], error["field"]) == (400, 2, field)
    assert (await server.get("/runs"))["total"] == 0


@pytest.mark.parametrize("missing", ["run", "channel", "y"])
async def test_a_point_needs_run_channel_and_y(server: RunningServer, missing: str) -> None:
    """What is missing is named."""
    body: dict[str, Any] = {"run": "r", "channel": "c", "y": 1}
    del body[missing]

    _, error = await server.refused("POST", "/points", json=body)

    assert (error["field"], error["index"]) == (missing, 0)


async def test_the_bad_row_of_columns_is_named(server: RunningServer) -> None:
    """In columns the index is the place in them; in a list of columns the row is named as well."""
    columns = {"run": "r", "channel": "c", "y": [1, 2, "three"]}

    _, alone = await server.refused("POST", "/points", json=columns)
    _, listed = await server.refused("POST", "/points", json=[{**columns, "y": 1}, columns])

    assert (alone["index"], alone["field"]) == (2, "y")
    assert (listed["index"], listed["row"], listed["field"]) == (1, 2, "y")


@pytest.mark.parametrize("columns", [{"x": [1]}, {"x": 1}, {"wall": [1, 2, 3]}])
async def test_columns_have_one_length(server: RunningServer, columns: dict[str, Any]) -> None:
    """x and wall are as long as y."""
    status, error = await server.refused(
        "POST", "/points", json={"run": "r", "channel": "c", "y": [1, 2], **columns}
    )

    assert (status, error["field"]) == (400, next(iter(columns)))


async def test_too_many_points_in_one_body(start: Any) -> None:
    """More than the setting allows is 413, and nothing is stored."""
    async with start(max_points_per_request=3) as server:
        status, error = await server.refused(
            "POST", "/points", json={"run": "r", "channel": "c", "y": [1, 2, 3, 4]}
        )
        assert (status, error["code"], error["limit"]) == (413, "too_large", 3)
        assert (await server.get("/runs"))["total"] == 0


async def test_an_int64_x_is_kept_to_the_last_digit(server: RunningServer) -> None:
    """x beyond 2^53, where float64 has gaps, comes back as it was sent."""
    given = [-(2**63), 2**53 + 1, BIG]

    channel = (await server.post({"run": "r", "channel": "c", "x": given, "y": [1, 2, 3]}))[
        "channels"
    ][0]

    assert [p["x"] for p in await raw(server, channel)] == given


async def test_points_to_a_finished_run_leave_it_finished(server: RunningServer) -> None:
    """Points that come late change no state."""
    id = await server.new_run(name="done")
    await server.call("PATCH", f"/runs/{id}", json={"state": "finished"})

    await server.post({"run": id, "channel": "c", "y": 1})

    run = await server.get(f"/runs/{id}")
    assert (run["state"], run["points"]) == ("finished", 1)


async def test_a_rename_counts_before_its_commit(server: RunningServer) -> None:
    """A change finds a run by the name that one before it gave, not by the old one."""
    id = await server.new_run(name="old")
    catalog, store = server.served.app[CATALOG], server.served.app[STORE]

    def rename(change: Change) -> list[str | None]:
        draft = RunDraft(catalog, change, id)
        draft.set("name", "new")
        draft.save(0)
        return [catalog.newest_run(change.docs, "default", name) for name in ("old", "new")]

    assert await store.change(rename) == [None, id]


async def test_a_run_whose_deletion_waits_is_gone_already(server: RunningServer) -> None:
    """Between a deletion and its commit nobody makes the run anew."""
    id = await server.new_run(name="r")
    catalog, store = server.served.app[CATALOG], server.served.app[STORE]
    deletion = asyncio.create_task(catalog.delete(id))
    await asyncio.sleep(0)  # the change is made, its commit is not

    with pytest.raises(Gone):
        await store.change(lambda change: RunDraft(catalog, change, id).create({}, 0))
    await deletion

    assert (await server.refused("GET", f"/runs/{id}"))[0] == 410
