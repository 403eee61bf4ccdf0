"""Many runs that change at once: told bit by bit, each once."""

from __future__ import annotations

import asyncio
from typing import Any

from agnez_server.live.framing import Frame
from agnez_server.live.viewer import RUNS_AT_ONCE, Viewer

RUNS = 2_000


class Outlet:
    """
    Takes everything; ``most`` is the most that came while nobody else had a turn. ``whole`` is set
    when so many as are *expected* came.
    """

    def __init__(self, expected: int) -> None:
        self._expected, self.whole = expected, asyncio.Event()
        self.told: list[str] = []
        self.most = self._now = 0

    def waiting(self) -> int:
        return 0

    async def send(self, event: str, data: Any) -> None:
        if not self._now:
            asyncio.get_running_loop().call_soon(self._turn)
        self._now += 1
        self.most = max(self.most, self._now)
        self.told.append(data["id"])
        if len(self.told) == self._expected:
            self.whole.set()

    def send_frame(self, frame: Frame, number: int) -> None:
        raise AssertionError("nothing is watched")

    def _turn(self) -> None:
        self._now = 0


async def test_a_storm_of_runs_lets_others_have_their_turn() -> None:
    """All runs are told, each once, and never many in one go."""
    outlet = Outlet(RUNS)
    viewer = Viewer(outlet, 0.0001, lambda run: {"id": run})
    viewer.watches_runs = True
    task = asyncio.create_task(viewer.tell())

    viewer.note_runs({f"run-{n}" for n in range(RUNS)})
    await outlet.whole.wait()
    task.cancel()

    assert len(set(outlet.told)) == len(outlet.told) == RUNS
    assert outlet.most <= RUNS_AT_ONCE


async def test_who_follows_one_run_is_told_of_that_one() -> None:
    """Other runs that changed with it are none of his."""
    outlet = Outlet(1)
    viewer = Viewer(outlet, 0.0001, lambda run: {"id": run})
    viewer.follows.add("mine")
    task = asyncio.create_task(viewer.tell())

    viewer.note_runs({"mine", "another"})
    await outlet.whole.wait()
    task.cancel()

    assert outlet.told == ["mine"]
