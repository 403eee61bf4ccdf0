"""Lost runs: silent for too long, found again when something comes."""

from __future__ import annotations

from typing import Any

import pytest

from agnez_server.keys import PRESENCE
from tests.server.running import RunningServer
from tests.server.spools import Spool

LOST_AFTER_S = 0.2


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock by which the server calls runs lost."""
    return Clock()


@pytest.fixture
async def server(start: Any, clock: Clock) -> Any:
    """A server that calls a run lost after 0.2 s of that clock."""
    async with start(lost_after_s=LOST_AFTER_S, clock=clock) as server:
        yield server


async def lost(server: RunningServer, clock: Clock, spool: Spool) -> dict[str, Any]:
    """The run of *spool*, after a silence that was too long."""
    viewer = await server.viewer()
    await viewer.ask("watch_runs")
    await server.taken(spool.heartbeat())
    clock.now += 10
    return await viewer.run(id=spool.run, state="lost")


async def test_a_silent_run_is_lost(server: RunningServer, clock: Clock) -> None:
    """State and reason are stored and told to viewers; it has no end."""
    spool = Spool()
    await server.taken(spool.batch())

    told = await lost(server, clock, spool)

    run = await server.get(f"/runs/{spool.run}")
    assert (run["state"], run["reason"]) == ("lost", "nothing was heard for 0.2 s")
    assert (told["finished_at"], run["finished_at"]) == (None, None)


async def test_points_take_the_loss_back(server: RunningServer, clock: Clock) -> None:
    """Data of a lost run make it running again."""
    spool = Spool()
    await server.taken(spool.batch())
    await lost(server, clock, spool)
    spool.send(1)

    await server.taken(spool.batch(first_event=2))

    run = await server.get(f"/runs/{spool.run}")
    assert (run["state"], run["reason"]) == ("running", None)


async def test_a_heartbeat_takes_the_loss_back(server: RunningServer, clock: Clock) -> None:
    """An empty batch is enough."""
    spool = Spool()
    await server.taken(spool.batch())
    await lost(server, clock, spool)

    await server.taken(spool.heartbeat())

    assert (await server.get(f"/runs/{spool.run}"))["state"] == "running"


async def test_a_post_takes_the_loss_back(server: RunningServer, clock: Clock) -> None:
    """Points as JSON count as well."""
    spool = Spool()
    await server.taken(spool.batch())
    await lost(server, clock, spool)

    await server.post({"run": spool.run, "channel": "c", "y": 1})

    assert (await server.get(f"/runs/{spool.run}"))["state"] == "running"


async def test_an_end_that_comes_late_is_the_end(server: RunningServer, clock: Clock) -> None:
    """A lost run whose last words arrive is finished, not running."""
    spool = Spool()
    await server.taken(spool.batch())
    await lost(server, clock, spool)
    spool.event("state", state="finished")

    await server.taken(spool.batch(first_event=2))

    assert (await server.get(f"/runs/{spool.run}"))["state"] == "finished"


async def test_a_run_that_ended_is_never_lost(server: RunningServer, clock: Clock) -> None:
    """Only running runs are expected to be heard of."""
    ended, silent = Spool(), Spool()
    ended.event("state", state="finished")
    for spool in (ended, silent):
        await server.taken(spool.batch())

    await lost(server, clock, silent)

    assert (await server.get(f"/runs/{ended.run}"))["state"] == "finished"


async def test_a_run_set_to_running_has_its_time(server: RunningServer, clock: Clock) -> None:
    """After a patch to running the silence counts from then."""
    spool = Spool()
    await server.taken(spool.batch())
    await lost(server, clock, spool)
    clock.now += 1000

    await server.call("PATCH", f"/runs/{spool.run}", json={"state": "running"})

    assert server.served.app[PRESENCE].silent() == []


async def test_after_a_restart_a_run_has_its_full_time(start: Any, clock: Clock) -> None:
    """A server that was away for long calls nobody lost because of that."""
    spool = Spool()
    async with start(lost_after_s=LOST_AFTER_S, clock=clock) as server:
        await server.taken(spool.batch())
    clock.now += 1000
    async with start(lost_after_s=LOST_AFTER_S, clock=clock) as server:
        other = Spool()
        await server.taken(other.batch())
        clock.now += LOST_AFTER_S / 2
        assert server.served.app[PRESENCE].silent() == []
        clock.now += LOST_AFTER_S
        assert set(server.served.app[PRESENCE].silent()) == {spool.run, other.run}


async def test_a_lost_run_lasted_until_its_last_point(start: Any, clock: Clock) -> None:
    """The elapsed time of a lost run ends with what is known of it, after a restart too."""
    spool = Spool()
    spool.send(1, 2, 3)
    async with start(lost_after_s=LOST_AFTER_S, clock=clock) as server:
        await server.taken(spool.batch())
        await lost(server, clock, spool)
    async with start(lost_after_s=LOST_AFTER_S, clock=clock) as server:
        run = await server.get(f"/runs/{spool.run}")
        assert (run["state"], run["elapsed_s"]) == ("lost", 2e-6)


async def test_a_heartbeat_of_no_run_is_forgotten(server: RunningServer) -> None:
    """Heartbeats for ids that nobody knows leave nothing behind."""
    for _ in range(3):
        await server.taken(Spool().heartbeat())

    assert server.served.app[PRESENCE].heard_at(Spool().run) is None
    assert server.served.app[PRESENCE].silent() == []


async def test_sessions_say_when_they_were_seen(server: RunningServer) -> None:
    """Each process of a run has its start and the time of its last sign of life."""
    spool = Spool()
    await server.taken(spool.batch())

    (session,) = (await server.get(f"/runs/{spool.run}"))["sessions"]

    assert session["spool"] == spool.id.hex()
    assert session["started_at"] == "2025-11-21T14:40:00.000000Z"
    assert session["seen_at"] > session["started_at"]


async def posted(server: RunningServer, clock: Clock) -> str:
    """A run made of posted points, after a silence."""
    viewer = await server.viewer()
    await viewer.ask("watch_runs")
    (run,) = (await server.post({"run": "by curl", "channel": "c", "y": 1}))["runs"]
    clock.now += 10
    await viewer.run(id=run, state="finished")
    return str(run)


async def test_a_silent_run_without_a_process_is_finished(
    server: RunningServer, clock: Clock
) -> None:
    """Nobody could have told its end: it ended with its last point."""
    run = await server.get(f"/runs/{await posted(server, clock)}")

    assert (run["reason"], run["sessions"]) == ("nothing came for 0.2 s", [])
    assert run["created_at"] <= run["finished_at"] <= run["updated_at"]


async def test_a_post_begins_a_silent_run_again(server: RunningServer, clock: Clock) -> None:
    """By its name: the same run, running, without an end, with its full time."""
    run = await posted(server, clock)

    assert (await server.post({"run": "by curl", "channel": "c", "y": 2}))["runs"] == [run]

    found = await server.get(f"/runs/{run}")
    assert (found["state"], found["reason"], found["finished_at"]) == ("running", None, None)
    assert server.served.app[PRESENCE].silent() == []


async def test_a_run_that_somebody_ended_stays_so(server: RunningServer, clock: Clock) -> None:
    """After the silence too: points that come late begin nothing."""
    run = await posted(server, clock)
    await server.call("PATCH", f"/runs/{run}", json={"state": "finished"})

    await server.post({"run": run, "channel": "c", "y": 2})

    found = await server.get(f"/runs/{run}")
    assert (found["state"], found["reason"]) == ("finished", None)
