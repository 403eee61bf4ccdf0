"""`GET /channels/{channel}/band`: many ranks as one curve, and who is behind."""

from __future__ import annotations

from typing import Any

import numpy as np

from agnez_client.protocol import RecordArray, new_ulid
from agnez_server.keys import STORE
from agnez_server.models import now_us
from agnez_server.store.base import Change
from tests.server.running import RunningServer
from tests.server.spools import WALL_US, Spool, records

SECOND = 1_000_000


async def rank_sends(
    server: RunningServer, run: str, rank: int, points: RecordArray, *, session: int = WALL_US
) -> None:
    """One process of *run* sends *points*; the first one of a run makes it."""
    spool = Spool(run, rank=rank, session=session)
    spool.write(points)
    await server.taken(spool.batch())


def at_pace(points: RecordArray, seconds: float, begin: int = WALL_US) -> RecordArray:
    """*points*, each so many seconds after the other."""
    points["wall_ns"] = (begin + np.arange(len(points)) * int(seconds * SECOND)) * 1000
    return points


def columns(band: dict[str, Any]) -> list[list[float]]:
    """The rows of an answer: x, mean, lo, hi, count."""
    return [list(r) for r in zip(*(band[c] for c in ("x", "mean", "lo", "hi", "count")),
                                 strict=True)]  # fmt: skip


async def test_ranks_are_one_curve(server: RunningServer) -> None:
    """Mean, smallest and largest of three ranks at each step, one of which is short."""
    run = new_ulid()
    for rank, ys in enumerate([[1, 2, 3], [3, 4, 5], [5]]):
        await rank_sends(server, run, rank, records(ys))

    band = await server.get(f"/channels/{run}.0/band")

    assert (band["exact"], band["members"], band["axis"]) == (True, 3, "x")
    assert columns(band) == [[0, 3, 1, 5, 3], [1, 3, 2, 4, 2], [2, 4, 3, 5, 2]]


async def test_what_a_rank_went_over_again_does_not_count(server: RunningServer) -> None:
    """Rank 1 was resumed at step 1: the newest session at each step is in the mean."""
    run = new_ulid()
    await rank_sends(server, run, 0, records([0, 0, 0, 0]))
    await rank_sends(server, run, 1, records([10, 20, 30]))
    await rank_sends(server, run, 1, at_pace(records([4, 6, 8], x0=1), 1, WALL_US + 60 * SECOND),
                     session=WALL_US + 60 * SECOND)  # fmt: skip

    band = await server.get(f"/channels/{run}.0/band")
    by_time = await server.get(f"/channels/{run}.0/band", axis="wall")

    assert columns(band) == [[0, 5, 0, 10, 2], [1, 2, 0, 4, 2], [2, 3, 0, 6, 2], [3, 4, 0, 8, 2]]
    assert band["members"] == 2
    assert band["tail"] == {"x": [1, 2], "mean": [20, 30]}
    assert max(by_time["hi"]) == 10
    assert by_time["tail"]["mean"] == [20, 30]


async def test_sessions_side_by_side_are_members(server: RunningServer) -> None:
    """Two processes that say the same rank do not hide one another."""
    run = new_ulid()
    await rank_sends(server, run, 0, at_pace(records([2, 2]), 1))
    await rank_sends(server, run, 0, at_pace(records([4, 8]), 1), session=WALL_US + 1)

    band = await server.get(f"/channels/{run}.0/band")

    assert columns(band) == [[0, 3, 2, 4, 2], [1, 5, 2, 8, 2]]
    assert [r["rank"] for r in band["ranks"]] == [0]


async def test_a_part_of_it(server: RunningServer) -> None:
    """`x0` and `x1` belong to the range; beside the data there is nothing."""
    run = new_ulid()
    for rank in range(2):
        await rank_sends(server, run, rank, records([rank * 2] * 10))

    part = await server.get(f"/channels/{run}.0/band", x0=3, x1=5)
    beside = await server.get(f"/channels/{run}.0/band", x0=30)

    assert columns(part) == [[x, 1, 0, 2, 2] for x in (3, 4, 5)]
    assert (beside["x"], beside["members"]) == ([], 2)


async def test_along_time_ranks_need_not_send_at_once(server: RunningServer) -> None:
    """Between its points a rank is the line that a chart draws."""
    run = new_ulid()
    await rank_sends(server, run, 0, at_pace(records([0, 0, 0]), 2))
    await rank_sends(server, run, 1, at_pace(records([4, 4]), 2, WALL_US + SECOND))

    band = await server.get(f"/channels/{run}.0/band", axis="wall")

    assert [x - WALL_US for x in band["x"]] == [0, SECOND, 2 * SECOND, 3 * SECOND, 4 * SECOND]
    assert (band["mean"], band["count"]) == ([0, 2, 2, 2, 0], [1, 2, 2, 2, 1])


async def test_odd_values_are_told_with_their_rank(server: RunningServer) -> None:
    """NaN and infinity do not spoil the mean, nor get lost."""
    run = new_ulid()
    await rank_sends(server, run, 0, records([1, float("nan"), 1]))
    await rank_sends(server, run, 5, records([3, 3, float("inf")]))

    band = await server.get(f"/channels/{run}.0/band")

    assert band["mean"] == [2, 3, 1]
    assert band["odd"] == {"x": [1, 2], "y": ["NaN", "Infinity"], "rank": [0, 5]}


async def test_much_more_than_pixels(server: RunningServer) -> None:
    """Sealed ranks of the same steps: true means, and each column's extremes, at any zoom."""
    ranks, steps, px = 4, 150_000, 100
    run = await server.new_run()
    rng = np.random.default_rng(7)
    ys = rng.normal(size=(ranks, steps))
    ys[2, 77_777], ys[1, 12_345] = 1e6, -1e6
    await server.post({"run": run, "channel": "loss", "y": [0.0], "x": [0]})

    def work(change: Change) -> None:
        for rank, y in enumerate(ys):
            series = change.open_series(run, 0, now_us(), rank)
            wall = now_us() + np.arange(steps, dtype=np.int64)
            change.append(series.id, np.arange(steps), y, wall)

    store = server.served.app[STORE]
    await store.change(work)
    await store.seal()
    for lo, hi in ((0, steps - 1), (70_000, 90_000), (12_000, 13_000)):
        band = await server.get(f"/channels/{run}.0/band", x0=lo, x1=hi, px=px)
        x = np.array(band["x"]).astype(int)
        width = (hi - lo) / px
        for at in np.arange(lo, hi, width):
            of = ys[:, int(np.ceil(at)) : int(at + width) + 1]
            near = np.abs(x - at) <= 2 * width  # a bucket of a view may lie across two columns
            assert np.array(band["lo"])[near].min() <= of.min()
            assert np.array(band["hi"])[near].max() >= of.max()
        whole = np.array(band["count"]) >= ranks
        assert whole.mean() > 0.95
        np.testing.assert_allclose(np.array(band["mean"])[whole & (x > 0)],
                                   ys[:, x].mean(axis=0)[whole & (x > 0)], rtol=1e-9)  # fmt: skip


# -- stragglers ------------------------------------------------------------------------------


async def behind(server: RunningServer, run: str) -> dict[int, Any]:
    """Who is behind, and how far."""
    ranks = (await server.get(f"/channels/{run}.0/band"))["ranks"]
    return {r["rank"]: r["behind"] for r in ranks if r["behind"] is not None}


async def test_a_rank_that_is_clearly_behind_is_told(server: RunningServer) -> None:
    """Rank 2 is 60 steps behind the others, a minute at their pace."""
    run = new_ulid()
    for rank, count in enumerate([100, 101, 40, 100]):
        await rank_sends(server, run, rank, at_pace(records([0.0] * count), 1))

    assert await behind(server, run) == {2: 60}


async def test_points_on_their_way_are_no_delay(server: RunningServer) -> None:
    """Within two seconds at the others' pace a running rank is not behind; once it ended, it is."""
    run = new_ulid()
    for rank, count in enumerate([1000, 900, 1000]):
        await rank_sends(server, run, rank, at_pace(records([0.0] * count), 0.001))

    assert await behind(server, run) == {}
    await server.call("PATCH", f"/runs/{run}", json={"state": "finished"})
    assert await behind(server, run) == {1: 100}


async def test_a_rank_that_sends_rarely_is_not_behind(server: RunningServer) -> None:
    """It sends every 50 steps: 60 away from the others is what it always is."""
    run = new_ulid()
    for rank in range(3):
        await rank_sends(server, run, rank, at_pace(records([0.0] * 100), 1))
    xs = np.arange(0, 40, 20, dtype=np.float64)
    await rank_sends(server, run, 3, at_pace(records([0.0] * 2, xs=xs.tolist()), 20))

    assert await behind(server, run) == {3: 79}
    await rank_sends(server, run, 4, at_pace(records([0.0] * 2, xs=[0.0, 40.0]), 40))
    assert 4 not in await behind(server, run)


async def test_one_rank_is_never_behind(server: RunningServer) -> None:
    """There is nobody to be behind of."""
    run = new_ulid()
    await rank_sends(server, run, 0, at_pace(records([0.0] * 9), 10))

    assert await behind(server, run) == {}


# -- refused ---------------------------------------------------------------------------------


async def test_what_has_no_band(server: RunningServer) -> None:
    """Entries have no mean, a range has a begin before its end."""
    spool = Spool()
    spool.event("channel", n=1, name="notes", type="TEXT")
    spool.send(1.0)
    await server.taken(spool.batch())

    status, error = await server.refused("GET", f"/channels/{spool.run}.1/band")
    assert (status, error["code"]) == (400, "bad_request") and "TEXT" in error["message"]
    assert (await server.refused("GET", f"/channels/{spool.run}.0/band?x0=2&x1=1"))[0] == 400
    assert (await server.refused("GET", f"/channels/{spool.run}.9/band"))[0] == 404
