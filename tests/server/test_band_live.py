"""What viewers hear of a channel with many ranks: its band changed, and the ranks they chose."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from agnez_client.protocol import new_ulid
from tests.server.running import RunningServer
from tests.server.spools import Spool


class Family:
    """Ranks of one run that send to one channel."""

    def __init__(self, server: RunningServer, ranks: int) -> None:
        self._server, self.run = server, new_ulid()
        self.spools = [Spool(self.run, rank=rank) for rank in range(ranks)]

    async def send(self, *ranks: int) -> None:
        """A point more of each of *ranks*."""
        for spool in (self.spools[rank] for rank in ranks):
            first = len(spool.points)
            spool.send(float(spool.rank))
            events = 0 if first == 0 else len(spool.events)
            await self._server.taken(spool.batch(first, first_event=events))

    async def band(self) -> dict[str, Any]:
        """The band as it is now."""
        return dict(await self._server.get(f"/channels/{self.run}.0/band"))


async def test_a_band_is_told_to_have_changed_and_no_points_come(server: RunningServer) -> None:
    """64 ranks at 20 frames a second would be too much: the page asks for the band instead."""
    family = Family(server, 3)
    await family.send(0, 1, 2)
    viewer = await server.viewer()
    await viewer.watch(family.run, {0: {"ranks": [], "band": (await family.band())["total"]}})
    assert viewer.bands.empty()

    await family.send(0, 1, 2, 0, 1, 2)

    assert await viewer.band() == {"run": family.run, "channels": [0]}
    assert (await family.band())["total"] == 9
    assert viewer.frames.empty()


async def test_what_came_before_the_watch_is_told_at_once(server: RunningServer) -> None:
    """The page says of how many points its band is: nothing is missing at the seam."""
    family = Family(server, 2)
    await family.send(0, 1)
    total = (await family.band())["total"]
    await family.send(1)
    viewer = await server.viewer()

    await viewer.watch(family.run, {0: {"ranks": [], "band": total}})

    assert await viewer.band() == {"run": family.run, "channels": [0]}


async def test_changes_that_come_soon_after_are_one(server: RunningServer) -> None:
    """Four times a second at most."""
    family = Family(server, 2)
    await family.send(0, 1)
    viewer = await server.viewer()
    await viewer.watch(family.run, {0: {"ranks": [], "band": 0}})
    begun = asyncio.get_running_loop().time()
    await viewer.band()

    for _ in range(20):
        await family.send(0, 1)
    await viewer.band()
    took = asyncio.get_running_loop().time() - begun

    assert viewer.bands.qsize() <= took / 0.25


async def test_chosen_ranks_come_in_frames(server: RunningServer) -> None:
    """Of the others nothing comes, whether they were there before or not."""
    family = Family(server, 4)
    await family.send(0, 1)
    viewer = await server.viewer()
    await viewer.watch(family.run, {0: {"ranks": [1, 3], "band": 2}})
    assert [b.rank for b in (await viewer.frame())[1]] == [1]

    await family.send(0, 2, 3)

    assert [b.rank for b in (await viewer.frame())[1]] == [3]


async def test_watching_again_with_fewer_ranks_ends_the_others(server: RunningServer) -> None:
    """The last message says what is watched."""
    family = Family(server, 2)
    await family.send(0, 1)
    viewer = await server.viewer()
    await viewer.watch(family.run, {0: {"dx": 1}})
    seen = set[int]()
    while seen != {0, 1}:
        seen |= {b.rank for b in (await viewer.frame())[1]}
    await viewer.watch(family.run, {0: {"ranks": [1], "band": 2}})

    await family.send(0, 0, 1)

    while True:
        blocks = (await viewer.frame())[1]
        assert [b.rank for b in blocks] == [1]
        if blocks[0].end == 2:
            break


async def test_after_unwatch_no_change_is_told(server: RunningServer) -> None:
    """Neither frames nor bands."""
    family = Family(server, 2)
    await family.send(0, 1)
    viewer = await server.viewer()
    await viewer.watch(family.run, {0: {"ranks": [], "band": 0}})
    await viewer.ask("unwatch", {"run": family.run})
    told = viewer.bands.qsize()

    await family.send(0, 1)
    await viewer.ask("watch_runs")
    await family.send(0, 1)
    await viewer.run(id=family.run)

    assert viewer.bands.qsize() == told


@pytest.mark.parametrize(
    "wrong", [{"ranks": 3}, {"ranks": [-1]}, {"ranks": ["1"]}, {"band": -1}, {"band": "many"}]
)
async def test_what_is_asked_is_checked(server: RunningServer, wrong: dict[str, Any]) -> None:
    """A wrong message names the field."""
    family = Family(server, 1)
    await family.send(0)
    viewer = await server.viewer()

    error = await viewer.refused("watch", {"run": family.run, "channels": {"0": wrong}})

    assert error["code"] == "bad_request" and next(iter(wrong)) in error["message"]
