"""Batches of the SDK: what of them is stored, how far, and what is said about the rest."""

from __future__ import annotations

import asyncio
import math
import struct
from typing import Any

import numpy as np

from agnez_client.protocol import MARK_VOID, Batch
from agnez_server.keys import STORE
from tests.server.running import RunningServer
from tests.server.spools import WALL_US, Spool, records


def other_store() -> bytes:
    """The id of a store that is not this one."""
    return b"\x01" * 16


async def test_a_batch_is_stored_and_acknowledged(server: RunningServer) -> None:
    """Run, channel and points of one batch; the answer says what is wanted next."""
    spool = Spool(
        name="digits-1", project="vision", params={"lr": 0.1}, tags=["a"], host="box", pid=7
    )
    spool.send(0.5, 0.25, 0.125)

    answer = await server.taken(spool.batch())

    assert (answer["events"], answer["points"], answer["refused"]) == (2, 3, [])
    assert answer["store"] == (await server.get("/version"))["store"]
    run = await server.get(f"/runs/{spool.run}")
    assert (run["name"], run["project"], run["params"], run["tags"]) == (
        "digits-1", "vision", {"lr": 0.1}, ["a"]
    )  # fmt: skip
    assert (run["host"], run["pid"], run["points"], run["state"]) == ("box", 7, 3, "running")
    items = (await server.get(f"/channels/{spool.run}.0/raw"))["items"]
    assert [(p["x"], p["y"], p["wall"], p["session"]) for p in items] == [
        (0, 0.5, WALL_US, WALL_US), (1, 0.25, WALL_US + 1, WALL_US),
        (2, 0.125, WALL_US + 2, WALL_US)
    ]  # fmt: skip


async def test_an_overlap_cut_anew_is_stored_once(server: RunningServer) -> None:
    """Batches whose borders differ from the first try add only what is new of them."""
    spool = Spool()
    spool.send(*range(10))

    for first, end in ((0, 4), (2, 6), (0, 5), (5, 6), (3, 10), (0, 10)):
        answer = await server.taken(spool.batch(first, end))
        assert answer["points"] >= end

    assert await server.ys(f"{spool.run}.0") == list(range(10))


async def test_a_batch_that_comes_twice_at_once_is_stored_once(server: RunningServer) -> None:
    """A duplicate of a batch that waits for its commit is recognised too."""
    spool = Spool()
    spool.send(*range(100))

    answers = await asyncio.gather(*(server.taken(spool.batch()) for _ in range(8)))

    assert {a["points"] for a in answers} == {100}
    assert await server.ys(f"{spool.run}.0") == list(range(100))


async def test_a_gap_is_answered_with_what_is_wanted(server: RunningServer) -> None:
    """A batch that begins after the mark is refused while the spool still has what is between."""
    spool = Spool()
    spool.send(*range(10))
    await server.taken(spool.batch(0, 3))

    status, answer = await server.ingest(spool.batch(5, 10))

    assert (status, answer["error"]["code"]) == (409, "gap")
    assert (answer["error"]["events"], answer["error"]["points"]) == (2, 3)
    assert answer["error"]["store"] == (await server.get("/version"))["store"]
    assert await server.ys(f"{spool.run}.0") == [0, 1, 2]


async def test_a_gap_of_events_is_refused(server: RunningServer) -> None:
    """Events come without a hole, always."""
    spool = Spool()
    await server.taken(spool.batch())
    spool.event("tags", tags=["lost"])
    spool.event("tags", tags=["late"])

    status, answer = await server.ingest(spool.batch(first_event=3))

    assert (status, answer["error"]["code"], answer["error"]["events"]) == (409, "gap", 2)


async def test_points_that_are_gone_leave_a_counted_gap(server: RunningServer) -> None:
    """What the spool holds no more is counted on the run, the rest is taken."""
    spool = Spool()
    spool.send(*range(10))
    await server.taken(spool.batch(0, 3))

    answer = await server.taken(spool.batch(5, 10, oldest=5))

    assert answer["points"] == 10
    assert await server.ys(f"{spool.run}.0") == [0, 1, 2, 5, 6, 7, 8, 9]
    assert (await server.get(f"/runs/{spool.run}"))["gaps"] == 2


async def test_another_store_is_said(server: RunningServer) -> None:
    """A batch for a store that was wiped is refused; the answer carries this one's id and marks."""
    spool = Spool()
    spool.send(1, 2)
    spool.store = other_store()

    status, answer = await server.ingest(spool.batch())

    assert (status, answer["error"]["code"]) == (409, "store_changed")
    assert (answer["error"]["events"], answer["error"]["points"]) == (0, 0)
    assert answer["error"]["store"] == server.served.app[STORE].id
    spool.store = bytes.fromhex(answer["error"]["store"])
    assert (await server.taken(spool.batch()))["points"] == 2


async def test_an_unknown_run_begins_at_its_first_event(server: RunningServer) -> None:
    """Points of a run that was never registered are answered with the wish for event 0."""
    spool = Spool()
    spool.send(1)

    status, answer = await server.ingest(spool.batch(end_event=0))

    assert (status, answer["error"]["code"]) == (409, "gap")
    assert (answer["error"]["events"], answer["error"]["points"]) == (0, 0)
    assert (await server.taken(spool.batch()))["points"] == 1


async def test_a_bad_point_is_refused_alone(server: RunningServer) -> None:
    """No mark, an x that is not finite, a channel that nobody defined: named, the rest is taken."""
    spool = Spool()
    points = records([0, 1, 2, 3, 4, 5], xs=[0, math.nan, 2, 3, math.inf, 5])
    points["mark"][2] = 0
    points["channel"][3] = 9
    spool.write(points)

    answer = await server.taken(spool.batch())

    reasons = {r["point"]: r["reason"] for r in answer["refused"]}
    assert reasons == {1: "x is not finite", 2: "no valid mark", 3: "unknown channel 9",
                       4: "x is not finite"}  # fmt: skip
    assert (answer["points"], answer["refused_count"]) == (6, 4)
    assert await server.ys(f"{spool.run}.0") == [0, 5]


async def test_the_ordinals_of_refusals_are_the_spool_s(server: RunningServer) -> None:
    """They count from the spool's beginning, whatever part of the batch was known already."""
    spool = Spool()
    spool.send(*range(10))
    spool.points["channel"][7] = 5
    await server.taken(spool.batch(0, 4))

    answer = await server.taken(spool.batch(2, 10))

    assert [r["point"] for r in answer["refused"]] == [7]


async def test_many_refusals_are_counted(server: RunningServer) -> None:
    """Beyond a thousand names the answer only counts: it stays small."""
    spool = Spool()
    points = records([0.0] * 5000)
    points["channel"] = np.arange(1, 5001)
    spool.write(points)

    answer = await server.taken(spool.batch())

    assert (len(answer["refused"]), answer["refused_count"]) == (1000, 5000)
    assert answer["points"] == 5000


async def test_voids_use_up_ordinals(server: RunningServer) -> None:
    """A slot that was given up is no point and no error, and the next is not asked for again."""
    spool = Spool()
    spool.send(0, 1, 2, 3)
    spool.points["mark"][1:3] = MARK_VOID

    answer = await server.taken(spool.batch())

    assert (answer["points"], answer["refused"]) == (4, [])
    assert await server.ys(f"{spool.run}.0") == [0, 3]


async def test_x_may_be_whole_or_not(server: RunningServer) -> None:
    """int64 stays int64, float64 stays float64, and both mix in one channel."""
    spool = Spool(channels=("whole", "broken", "mixed"))
    spool.write(records([1, 2], x0=2**62 + 1))
    spool.write(records([1, 2], xs=[0.5, -1e300], channel=1))
    spool.write(records([1], x0=3, channel=2))
    spool.write(records([2], xs=[3.5], channel=2))
    await server.taken(spool.batch())

    found = [(await server.get(f"/channels/{spool.run}.{n}/raw"))["items"] for n in range(3)]

    assert [[p["x"] for p in items] for items in found] == [
        [2**62 + 1, 2**62 + 2], [0.5, -1e300], [3, 3.5]
    ]  # fmt: skip


async def test_a_y_that_is_not_finite_is_welcome(server: RunningServer) -> None:
    """NaN and the infinities are values of a training."""
    spool = Spool()
    spool.send(math.nan, math.inf, -math.inf, 1)

    answer = await server.taken(spool.batch())

    assert answer["refused"] == []
    assert await server.ys(f"{spool.run}.0") == ["NaN", "Infinity", "-Infinity", 1]


async def test_a_spool_stays_with_its_run(server: RunningServer) -> None:
    """A batch that names another run than its spool's first ones is refused; nothing moves."""
    spool, other = Spool(), Spool()
    spool.send(1)
    await server.taken(spool.batch())
    await server.taken(other.batch())
    mixed = Batch(spool.id, other.run, spool.session, first_point=1, points=records([2]))

    status, answer = await server.ingest(mixed)

    assert (status, answer["error"]["field"]) == (400, "run")
    assert await server.ys(f"{spool.run}.0") == [1]


async def test_a_heartbeat_asks_for_the_marks(server: RunningServer) -> None:
    """A batch with nothing in it is answered with what is wanted, of any run."""
    spool = Spool()
    assert (await server.taken(spool.heartbeat()))["points"] == 0
    spool.send(1, 2)
    await server.taken(spool.batch())

    answer = await server.taken(spool.heartbeat())

    assert (answer["events"], answer["points"]) == (2, 2)


async def test_sending_less_than_the_mark_is_harmless(server: RunningServer) -> None:
    """An old batch changes nothing and is answered with the marks."""
    spool = Spool()
    spool.send(1, 2, 3)
    await server.taken(spool.batch())

    answer = await server.taken(spool.batch(0, 1, end_event=1))

    assert (answer["events"], answer["points"]) == (2, 3)
    assert await server.ys(f"{spool.run}.0") == [1, 2, 3]


async def test_a_deleted_run_takes_nothing(server: RunningServer) -> None:
    """Its spool is answered 410 for everything, a heartbeat included, and it does not come back."""
    spool = Spool()
    spool.send(1)
    await server.taken(spool.batch())
    await server.call("DELETE", f"/runs/{spool.run}?purge=true")

    for batch in (
        spool.batch(),
        spool.batch(end_event=0),
        spool.heartbeat(),
        Spool(spool.run).batch(),
    ):
        status, answer = await server.ingest(batch)
        assert (status, answer["error"]["code"]) == (410, "gone")
    assert (await server.get("/runs"))["total"] == 0


async def test_marks_survive_a_restart(start: Any) -> None:
    """What was acknowledged before the end is not stored again after it."""
    spool = Spool()
    spool.send(*range(5))
    async with start() as server:
        await server.taken(spool.batch())
    spool.send(5, 6)
    async with start() as server:
        assert (await server.taken(spool.batch(0, 7)))["points"] == 7
        assert await server.ys(f"{spool.run}.0") == [0, 1, 2, 3, 4, 5, 6]


async def test_another_protocol_version_says_what_to_upgrade(server: RunningServer) -> None:
    """426, with the versions that are spoken here."""
    body = b"AGNZ" + struct.pack("<B", 99) + bytes(200)

    status, answer = await server.ingest(body)

    assert (status, answer["error"]["code"]) == (426, "upgrade_needed")
    assert (answer["error"]["oldest"], answer["error"]["newest"]) == (1, 2)
    assert "upgrade the server" in answer["error"]["message"]


async def test_json_for_ingest_is_shown_the_way(server: RunningServer) -> None:
    """Whoever sends JSON here is told where it goes."""
    status, error = await server.refused("POST", "/ingest", json={"run": "r"})

    assert status == 400
    assert "/api/v1/points" in error["hint"]


async def test_watched_runs_are_asked_to_hurry(server: RunningServer) -> None:
    """The pause that the sender is told is short while somebody looks."""
    spool = Spool()
    before = (await server.taken(spool.batch()))["next_in_ms"]
    viewer = await server.viewer()
    await viewer.watch(spool.run, {0: {"dx": 1}})

    during = (await server.taken(spool.heartbeat()))["next_in_ms"]
    await viewer.ask("unwatch", {"run": spool.run})
    after = (await server.taken(spool.heartbeat()))["next_in_ms"]

    assert during < before == after


async def test_the_owner_tells_what_a_joined_process_could_not(server: RunningServer) -> None:
    """Whoever of a run's processes is heard first: the run has its owner's name and parameters."""
    joined = Spool(joined=True, host="worker")
    joined.send(1.0)
    owner = Spool(joined.run, name="mine", project="vision", params={"lr": 0.1}, host="head")
    owner.send(2.0)

    await server.taken(joined.batch())
    before = await server.get(f"/runs/{joined.run}")
    await server.taken(owner.batch())
    run = await server.get(f"/runs/{joined.run}")
    late = Spool(joined.run, joined=True, host="late")
    await server.taken(late.batch())

    assert before["project"] == "default"
    assert (run["name"], run["project"], run["params"], run["host"]) == (
        "mine", "vision", {"lr": 0.1}, "head"
    )  # fmt: skip
    assert (await server.get(f"/runs/{joined.run}"))["host"] == "head"
