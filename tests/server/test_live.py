"""The live socket: frames from the cursor on, credits, events; nothing missing, nothing double."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import socketio

from agnez_client.columns import Block
from agnez_server.keys import HUB
from agnez_server.live.blocks import MOST_NEW_POINTS, MOST_POINTS
from agnez_server.live.course import FRAME_POINTS
from tests.server.running import RunningServer
from tests.server.spools import Spool, records
from tests.server.watching import Watcher


async def series_of(server: RunningServer, channel: str) -> int:
    """The id of the one series of a channel."""
    (series,) = (await server.get(f"/channels/{channel}"))["series"]
    return int(series["id"])


async def new_channel(server: RunningServer, *ys: float) -> tuple[Spool, int]:
    """A spool with one channel, its points delivered, and its series."""
    spool = Spool()
    spool.send(*ys)
    await server.taken(spool.batch())
    return spool, await series_of(server, f"{spool.run}.0")


async def deliver(server: RunningServer, spool: Spool, *ys: float) -> None:
    """More points of a spool."""
    first = len(spool.points)
    spool.send(*ys)
    await server.taken(spool.batch(first, first_event=len(spool.events)))


def cursor(series: int, total: int, dx: float = 1e-9) -> dict[str, Any]:
    """What a page asks for when it has *total* points of a series."""
    return {"dx": dx, "cursors": {str(series): total}}


async def until(is_so: Callable[[], bool]) -> None:
    """Let the server work until *is_so*: there is no event for what the end of a socket does."""
    while not is_so():  # noqa: ASYNC110
        await asyncio.sleep(0)


# -- the seam --------------------------------------------------------------------------------


async def test_points_after_the_cursor_are_told(server: RunningServer) -> None:
    """What a viewer has is not sent again, what comes later is."""
    spool, series = await new_channel(server, 0, 1, 2)
    viewer = await server.viewer()
    await viewer.watch(spool.run, {0: cursor(series, 2)})

    assert await viewer.points(series, 3) == [(2, 2)]
    await deliver(server, spool, 3)
    assert await viewer.points(series, 4) == [(3, 3)]


async def test_a_block_says_where_it_stands(server: RunningServer) -> None:
    """Series, channel, session, rank, first and last ordinal, wall: all that a page needs."""
    spool, series = await new_channel(server, 5, 6)
    viewer = await server.viewer()

    await viewer.watch(spool.run, {0: {"dx": 1}})
    number, (block,) = await viewer.frame()

    assert number == 1
    assert (block.series, block.channel, block.session, block.rank) == (series, 0, spool.session, 0)
    assert (block.start, block.end, block.exact, block.refetch) == (0, 2, True, False)
    assert block.wall.tolist() == [spool.session, spool.session + 1]


async def test_nothing_is_missing_or_double_at_the_seam(server: RunningServer) -> None:
    """Points that come while the page asks for its view and joins are there once, in order."""
    spool, series = await new_channel(server)
    total = 3000

    async def train() -> None:
        for i in range(0, total, 10):
            await deliver(server, spool, *range(i, i + 10))

    training = asyncio.create_task(train())
    viewer = await server.viewer()
    for joins in range(5):
        view = await server.get(f"/channels/{spool.run}.0/points", px=10_000)
        have = view["series"][0]["total"]
        viewer = await server.viewer()
        await viewer.watch(spool.run, {0: cursor(series, have)})
        if joins < 4:
            await viewer.frame()
            await viewer.leave()
    found = view["y"] + [y for _, y in await viewer.points(series, total)]
    await training

    assert found == list(range(total))


async def test_a_second_watch_moves_the_cursor(server: RunningServer) -> None:
    """Watching again begins at the cursors of the new message, also further back."""
    spool, series = await new_channel(server, 0, 1, 2)
    viewer = await server.viewer()
    await viewer.watch(spool.run, {0: cursor(series, 0)})
    assert len(await viewer.points(series, 3)) == 3

    await viewer.watch(spool.run, {0: cursor(series, 1)})

    assert await viewer.points(series, 3) == [(1, 1), (2, 2)]


async def test_a_new_session_of_a_watched_channel_is_told(server: RunningServer) -> None:
    """A series that did not exist when the page joined comes from its start."""
    spool, _ = await new_channel(server, 0)
    viewer = await server.viewer()
    await viewer.watch(spool.run, {0: {"dx": 1}})
    await viewer.frame()
    later = Spool(spool.run, session=spool.session + 1, rank=3)
    later.send(7, 8)

    await server.taken(later.batch())
    _, (block,) = await viewer.frame()

    assert (block.session, block.rank, block.start) == (later.session, 3, 0)
    assert block.y.tolist() == [7, 8]


async def test_what_is_not_watched_is_not_told(server: RunningServer) -> None:
    """Frames hold watched channels only; after unwatch none of it."""
    spool = Spool(channels=("a", "b"))
    await server.taken(spool.batch())
    viewer = await server.viewer()
    await viewer.watch(spool.run, {0: {"dx": 1}, 1: {"dx": 1}})
    await viewer.ask("unwatch", {"run": spool.run, "channels": [0]})

    spool.send(1, channel=0)
    spool.send(2, channel=1)
    await server.taken(spool.batch(first_event=3))
    _, blocks = await viewer.frame()

    assert [b.channel for b in blocks] == [1]


async def test_a_cursor_beyond_the_end_asks_for_a_new_view(server: RunningServer) -> None:
    """A page of another store's time has more than there is: it is told to ask again."""
    spool, series = await new_channel(server, 0, 1)
    viewer = await server.viewer()

    await viewer.watch(spool.run, {0: cursor(series, 100)})
    _, (block,) = await viewer.frame()

    assert (block.refetch, block.start, block.end, len(block.x)) == (True, 100, 2, 0)


# -- how much --------------------------------------------------------------------------------


async def test_at_most_two_frames_are_on_their_way(server: RunningServer) -> None:
    """A page that does not paint gets two frames; then one with all that came meanwhile."""
    spool, series = await new_channel(server, 0)
    viewer = await server.viewer()
    viewer.paints = False
    await viewer.watch(spool.run, {0: {"dx": 1}})
    await viewer.frame()
    await deliver(server, spool, 1)
    await viewer.frame()
    for i in range(2, 20):
        await deliver(server, spool, i)
    witness = await server.viewer()
    await witness.watch(spool.run, {0: cursor(series, 0)})
    await witness.points(series, 20)

    assert viewer.frames.empty()
    await viewer.ask("credit", {"frame": 1})
    number, (block,) = await viewer.frame()
    assert number == 3
    assert block.y.tolist() == list(range(2, 20))


async def test_many_new_points_are_the_extremes_of_their_pixels(server: RunningServer) -> None:
    """More points than pixels can show are first, last, min and max of each column."""
    spool, series = await new_channel(server)
    y = np.zeros(10_000)
    y[5_555] = 1.0
    viewer = await server.viewer()
    await viewer.watch(spool.run, {0: cursor(series, 0, dx=100)})
    spool.write(records(y.tolist()))

    await server.taken(spool.batch(first_event=2))
    _, (block,) = await viewer.frame()

    assert (block.start, block.end, block.exact) == (0, 10_000, False)
    assert 100 <= len(block.x) <= 400
    assert (5_555, 1.0) in zip(block.x.tolist(), block.y.tolist(), strict=True)


@pytest.mark.parametrize("count", [MOST_POINTS + 1, MOST_NEW_POINTS + 1])
async def test_too_many_new_points_ask_for_a_new_view(server: RunningServer, count: int) -> None:
    """A page that is far behind asks for its view again rather than being sent everything."""
    spool, series = await new_channel(server)
    spool.write(records([0.0] * count))
    viewer = await server.viewer()
    await viewer.watch(spool.run, {0: cursor(series, 0, dx=0)})

    await server.taken(spool.batch(first_event=2))
    _, (block,) = await viewer.frame()

    assert (block.refetch, block.start, block.end, len(block.x)) == (True, 0, count, 0)


async def test_a_frame_has_an_end(server: RunningServer) -> None:
    """With many channels that have much to say, each frame is bounded and each has its turn."""
    channels, each = 12, MOST_POINTS - 1
    spool = Spool(channels=[f"c{n}" for n in range(channels)])
    for n in range(channels):
        spool.write(records([float(n)] * each, channel=n))
    await server.taken(spool.batch())
    viewer = await server.viewer()

    await viewer.watch(spool.run, {n: {"dx": 0} for n in range(channels)})
    told = dict[int, int]()
    while len(told) < channels:
        _, blocks = await viewer.frame()
        assert sum(len(b.x) for b in blocks) < FRAME_POINTS + MOST_POINTS
        for block in blocks:
            assert block.channel not in told
            told[block.channel] = len(block.x)

    assert told == dict.fromkeys(range(channels), each)


async def test_a_page_without_a_range_may_say_so(server: RunningServer) -> None:
    """dx 0, or none, is a page that has no points yet."""
    spool, _ = await new_channel(server, 1)
    for dx in (0, None, 0.0):
        viewer = await server.viewer()
        await viewer.watch(spool.run, {0: {"dx": dx}})
        _, (block,) = await viewer.frame()
        assert block.y.tolist() == [1]


async def test_a_pixel_of_no_width_harms_nobody(server: RunningServer) -> None:
    """The smallest dx there is gives an answer."""
    spool, series = await new_channel(server)
    spool.write(records([0.0] * 2000))
    viewer = await server.viewer()
    await viewer.watch(spool.run, {0: cursor(series, 0, dx=5e-324)})

    await server.taken(spool.batch(first_event=2))

    assert (await viewer.frame())[1][0].end == 2000


# -- events ----------------------------------------------------------------------------------


async def test_every_run_is_told_to_who_watches_runs(server: RunningServer) -> None:
    """A new run, its changes and its deletion are events with its document."""
    viewer = await server.viewer()
    await viewer.ask("watch_runs")

    id = await server.new_run(name="fresh")
    made = await viewer.run(id=id)
    await server.call("PATCH", f"/runs/{id}", json={"state": "failed"})
    failed = await viewer.run(id=id, state="failed")
    await server.call("DELETE", f"/runs/{id}?purge=true")
    gone = await viewer.run(deleted=True)

    assert {*made, "about"} == set(await server.get(f"/runs/{await server.new_run()}"))
    assert failed["finished_at"] is not None
    assert gone == {"id": id, "deleted": True}


async def test_counts_are_told_once_a_second(server: RunningServer) -> None:
    """Points make a `run` event, however many batches bring them."""
    spool, _ = await new_channel(server)
    viewer = await server.viewer()
    await viewer.ask("watch_runs")
    for i in range(50):
        await deliver(server, spool, i)

    told = await viewer.run(id=spool.run, points=50)

    assert told["state"] == "running"
    assert viewer.runs.qsize() <= 3


async def test_a_new_channel_changes_the_layout(server: RunningServer) -> None:
    """Followers of a run are told that there is more to draw, others are not."""
    spool, _ = await new_channel(server, 0)
    follower, other = await server.viewer(), await server.viewer()
    await follower.watch(spool.run, {})
    await other.ask("watch_runs")

    spool.event("channel", n=1, name="acc", type="NUMERIC")
    await server.taken(spool.batch(1, first_event=2))
    await other.run(id=spool.run)

    assert await follower.layout() == {"run": spool.run}
    assert other.layouts.empty()


async def test_a_deleted_run_is_watched_no_more(server: RunningServer) -> None:
    """Its viewers are told, and nothing of it stays behind."""
    spool, _ = await new_channel(server, 0)
    viewer = await server.viewer()
    await viewer.watch(spool.run, {0: {"dx": 1}})

    await server.call("DELETE", f"/runs/{spool.run}?purge=true")

    assert await viewer.run(id=spool.run) == {"id": spool.run, "deleted": True}
    assert not server.served.app[HUB].is_watched(spool.run)
    assert (await viewer.refused("watch", {"run": spool.run, "channels": {}}))["code"] == "gone"


async def test_a_viewer_that_leaves_leaves_nothing(server: RunningServer) -> None:
    """Connections that end give back what they watched and their place."""
    spool, _ = await new_channel(server, 0)
    hub = server.served.app[HUB]
    viewers = [await server.viewer() for _ in range(5)]
    for viewer in viewers:
        await viewer.watch(spool.run, {0: {"dx": 1}})
    assert hub.is_watched(spool.run)
    assert hub.viewers() == 5

    for viewer in viewers:
        await viewer.leave()
    await until(lambda: not hub.viewers())

    assert not hub.is_watched(spool.run)


# -- who may -------------------------------------------------------------------------------------


async def test_polling_works_as_well(server: RunningServer) -> None:
    """Where no web socket gets through, socket.io polls."""
    spool, series = await new_channel(server, 1, 2)
    viewer = await server.viewer(transport="polling")

    await viewer.watch(spool.run, {0: {"dx": 1}})

    assert await viewer.points(series, 2) == [(0, 1), (1, 2)]
    await viewer.ask("credit", {"frame": 1})  # the client forgets to leave with a message unsent


async def test_there_is_a_most_of_viewers(start: Any) -> None:
    """Beyond the setting a connection is refused; when one leaves there is room."""
    async with start(max_viewers=2) as server:
        first, _ = await server.viewer(), await server.viewer()
        with pytest.raises(socketio.exceptions.ConnectionError):
            await server.viewer()
        await first.leave()
        await until(lambda: server.served.app[HUB].viewers() == 1)
        await server.viewer()


async def test_there_is_a_most_of_channels(start: Any) -> None:
    """Beyond the setting a watch is refused; watching the same again is not more."""
    async with start(max_watched_channels=3) as server:
        spool = Spool(channels=("a", "b", "c", "d"))
        await server.taken(spool.batch())
        viewer = await server.viewer()
        three = {n: {"dx": 1} for n in range(3)}
        for _ in range(3):
            await viewer.watch(spool.run, three)

        error = await viewer.refused("watch", {"run": spool.run, "channels": {"3": {}}})

        assert (error["code"], error["limit"]) == ("too_large", 3)


async def told_to(viewer: Watcher, series: int, total: int) -> list[Block]:
    """All blocks of a series up to an ordinal."""
    found = list[Block]()
    while not found or found[-1].end < total:
        found += [b for b in (await viewer.frame())[1] if b.series == series]
    return found


async def test_blocks_join_without_a_hole(server: RunningServer) -> None:
    """Each block of a series begins where the one before it ended."""
    spool, series = await new_channel(server)
    viewer = await server.viewer()
    await viewer.watch(spool.run, {0: cursor(series, 0)})
    for i in range(0, 500, 5):
        await deliver(server, spool, *range(i, i + 5))

    blocks = await told_to(viewer, series, 500)

    assert [b.start for b in blocks] == [0, *(b.end for b in blocks[:-1])]
