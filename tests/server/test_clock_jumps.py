"""The server's clock leaps by a year, or goes back by one, while it runs and between two runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from agnez_server import keys
from agnez_server.retention import Rule
from agnez_server.steadytime import SteadyTime
from tests.server.running import RunningServer
from tests.server.spools import Spool

YEAR_S = 365 * 86_400


class Clock:
    """The system's clock, off by ``off_s``."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.off_s, real_ns, real = 0, time.time_ns, time.time
        patch.setattr(time, "time_ns", lambda: real_ns() + self.off_s * 10**9)
        patch.setattr(time, "time", lambda: real() + self.off_s)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock to be set."""
    return Clock(monkeypatch)


@pytest.mark.parametrize("off_s", [YEAR_S, -YEAR_S])
async def test_a_leap_while_it_runs_changes_nothing(
    server: RunningServer, clock: Clock, off_s: int
) -> None:
    """Points in order and once, what lies in the trash stays, no rule bites, no run is lost."""
    spool = Spool()
    spool.send(1, 2)
    await server.taken(spool.batch())
    thrown, ended = await server.new_run(name="thrown"), await server.new_run(name="ended")
    await server.call("DELETE", f"/runs/{thrown}")
    await server.call("PATCH", f"/runs/{ended}", json={"state": "finished"})
    app = server.served.app

    clock.off_s = off_s
    spool.send(3)
    for _ in range(2):
        await server.taken(spool.batch())

    assert await server.ys(f"{spool.run}.0") == [1, 2, 3]
    assert await app[keys.TRASH].empty() == []
    assert app[keys.RETENTION].doomed("default", Rule(max_age_days=30)) == []
    assert await app[keys.PRESENCE].mark_silent() == []
    names = {run["name"] for run in (await server.get("/runs"))["items"]}
    assert {"ended"} <= names


@pytest.mark.parametrize("off_s", [YEAR_S, -YEAR_S])
async def test_a_leap_between_two_runs_keeps_all(
    start: Callable[..., AbstractAsyncContextManager[RunningServer]], clock: Clock, off_s: int
) -> None:
    """A spool goes on where it was, its points in order and once; what came later is newer."""
    spool = Spool()
    spool.send(1, 2)
    async with start() as server:
        await server.taken(spool.batch())
    clock.off_s = off_s
    async with start() as server:
        mark = await server.taken(spool.heartbeat())
        spool.send(3)
        await server.taken(spool.batch())

        assert mark["points"] == 2
        assert await server.ys(f"{spool.run}.0") == [1, 2, 3]
        assert (await server.get(f"/runs/{spool.run}"))["state"] == "running"
        assert await server.served.app[keys.PRESENCE].mark_silent() == []


def test_steady_time_never_leaps_ahead() -> None:
    """It goes as fast as time does, and no further than the clock."""
    wall, gone = 1_000_000_000, 0
    steady = SteadyTime(lambda: wall, lambda: gone * 1000)
    gone += 5_000_000
    wall += 5_000_000
    assert steady() == 1_005_000_000

    wall += YEAR_S * 1_000_000
    assert steady() == 1_005_000_000
    wall = 7
    assert steady() == 7
