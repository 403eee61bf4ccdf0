"""What any store promises (`base.py`) of points: order, figures, views, what is recent."""

from __future__ import annotations

import asyncio
import math

import numpy as np
import pytest

from agnez_server.errors import BadRequest
from agnez_server.store import SeriesStats, raw_pages


@pytest.fixture
async def store(reopen):
    """An empty store."""
    return await reopen()


async def read(what, *arguments):
    """A view or a raw page, as its contract wants it: in a thread."""
    return await asyncio.to_thread(what, *arguments)


async def test_series_come_by_session_and_rank(store) -> None:
    """Oldest session first; a channel can be picked."""

    def work(change):
        for channel, session, rank in [(0, 9, 0), (1, 2, 0), (0, 2, 1), (0, 2, 0)]:
            change.open_series("run", channel, session, rank)

    await store.change(work)

    assert [(s.session, s.rank) for s in store.series("run", 0)] == [(2, 0), (2, 1), (9, 0)]
    assert [s.channel for s in store.series("run", 1)] == [1]
    assert store.series("other") == []


async def test_points_come_back_in_the_order_sent(store, feed, reopen) -> None:
    """Raw pages hold every bit, and a cursor goes through them; sealed or not, after a restart."""
    x = np.array([5, 3, 1 << 60, 3])
    series = await feed(store, [0.1, math.nan, -math.inf, -0.0], x=x, wall=x + 1)
    await store.seal()
    await feed(store, [7.0, 8.0], x=np.array([9, 1]), wall=np.array([1, 2]))

    for again in (False, True):
        one = await reopen() if again else store
        pages = await asyncio.to_thread(lambda one=one: list(raw_pages(one, series.id, 4)))
        whole = [np.concatenate([getattr(p, c) for p in pages]) for c in ("x", "y", "wall")]
        assert [len(page.x) for page in pages] == [4, 2]
        assert whole[0].dtype == np.int64
        assert whole[0].tolist() == [5, 3, 1 << 60, 3, 9, 1]
        assert whole[1].tobytes() == np.array([0.1, math.nan, -math.inf, -0.0, 7, 8]).tobytes()
        assert whole[2].tolist() == [6, 4, (1 << 60) + 1, 4, 1, 2]
        assert [p.total for p in pages] == [6, 6]


async def test_x_is_float_when_one_of_them_is(store, feed) -> None:
    """Integers and floats in one series meet as float64."""
    series = await feed(store, [1.0], x=np.array([1]))
    await feed(store, [1.0], x=np.array([1.5]))

    columns = await read(store.raw, series.id, 0, 10)

    assert columns.x.dtype == np.float64
    assert columns.x.tolist() == [1.0, 1.5]


async def test_figures_of_a_series(store, feed, reopen) -> None:
    """Count, extremes of finite y, and the newest point; the same after seal and restart."""
    expected = SeriesStats(
        count=5,
        nan=1,
        inf=1,
        min=-3.0,
        max=4.0,
        last_x=0,
        last_y=4.0,
        last_wall=11,
        min_x=0,
        max_x=9,
        min_wall=11,
        max_wall=20,
    )
    series = await feed(
        store, [1.0, math.nan, -3.0], x=np.array([2, 9, 4]), wall=np.array([20, 12, 13])
    )
    await store.seal()
    await feed(store, [math.inf, 4.0], x=np.array([1, 0]), wall=np.array([14, 11]))

    assert store.stats(series.id) == expected
    await store.seal()
    assert store.stats(series.id) == expected
    assert (await reopen()).stats(series.id) == expected


async def test_a_newest_nan_is_told_from_none(store, feed, reopen) -> None:
    """Figures of a sealed series whose last value is NaN say NaN after a restart."""
    series = await feed(store, [1.0, math.nan])
    await store.seal()

    stats = (await reopen()).stats(series.id)

    assert stats.last_y is not None
    assert math.isnan(stats.last_y)


async def test_an_unknown_series_is_empty(store) -> None:
    """Figures are zeros, columns have no points: a page of a new channel is no error."""
    assert store.stats(99) == SeriesStats()
    assert len((await read(store.view, 99, None, None, 100)).x) == 0
    assert len((await read(store.raw, 99, 0, 100)).x) == 0


async def test_a_view_of_few_points_is_exact(store, feed) -> None:
    """All points, by x; a range includes its ends."""
    series = await feed(store, [0.0, 1.0, 2.0, 3.0], x=np.array([30, 10, 20, 40]))

    whole = await read(store.view, series.id, None, None, 10)
    part = await read(store.view, series.id, 10, 30, 10)

    assert whole.exact
    assert whole.x.tolist() == [10, 20, 30, 40]
    assert part.ordinal.tolist() == [1, 2, 0]
    assert part.total == 4


async def test_a_view_of_many_points_keeps_the_spike(store, feed) -> None:
    """Of 50,000 points at 10 columns a few remain, the spike among them; sealed or not."""
    y = np.zeros(50_000)
    y[31_234] = 99.0
    series = await feed(store, y)

    for _ in range(2):
        seen = await read(store.view, series.id, None, None, 10)
        assert not seen.exact
        assert len(seen.x) <= 80
        assert seen.x[seen.y == 99.0].tolist() == [31_234]
        await store.seal()


async def test_any_number_of_columns_is_fine(store, feed) -> None:
    """A billion of them show every point; none at all is a mistake."""
    series = await feed(store, np.zeros(5000))
    await store.seal()

    assert (await read(store.view, series.id, None, None, 10**9)).exact
    with pytest.raises(BadRequest):
        await read(store.view, series.id, None, None, 0)


async def test_an_infinite_range_is_open(store, feed) -> None:
    """As if no bound was given; what is no range is refused."""
    series = await feed(store, [0.0, 1.0])

    assert len((await read(store.view, series.id, -math.inf, math.inf, 10)).x) == 2
    with pytest.raises(BadRequest):
        await read(store.view, series.id, math.nan, None, 10)


async def test_a_range_without_points_is_empty(store, feed) -> None:
    """Beside the data, between two points, or upside down."""
    series = await feed(store, [0.0, 1.0], x=np.array([1, 5]))

    for lo, hi in [(6, 9), (2, 3), (5, 1)]:
        seen = await read(store.view, series.id, lo, hi, 10)
        assert len(seen.x) == 0
        assert seen.exact


async def test_recent_points_come_from_memory(store, feed) -> None:
    """Those after a cursor; also across the next seal, and None when they are only on disk."""
    series = await feed(store, [0.0, 1.0, 2.0])
    await store.seal()
    await feed(store, [3.0, 4.0])

    assert store.recent(series.id, 2).y.tolist() == [2.0, 3.0, 4.0]
    assert store.recent(series.id, 5).y.tolist() == []
    assert store.recent(series.id, 5).total == 5
    await store.seal()
    assert store.recent(series.id, 2) is None
    assert store.recent(series.id, 3).ordinal.tolist() == [3, 4]


async def test_the_size_of_a_run_grows_and_shrinks_with_sealing(store, feed) -> None:
    """24 bytes a point in the log, less once sealed."""
    await feed(store, np.zeros(50_000))
    unsealed = store.run_bytes("run")
    await store.seal()

    assert unsealed == 24 * 50_000
    assert 0 < store.run_bytes("run") < unsealed / 10


async def test_columns_of_the_wrong_kind_are_refused(store) -> None:
    """Wrong dtype or length is the caller's mistake, and nothing of the change remains."""

    def work(change):
        series = change.open_series("run", 0, 1, 0)
        change.append(series.id, np.arange(2), np.zeros(3), np.arange(2))

    with pytest.raises(ValueError, match=r"int64 \(2,\), float64 \(3,\)"):
        await store.change(work)
    assert store.series("run") == []


async def test_appended_columns_belong_to_the_store(store) -> None:
    """What the caller does to its arrays afterwards changes nothing."""
    y = np.zeros(3)

    def work(change):
        series = change.open_series("run", 0, 1, 0)
        change.append(series.id, np.arange(3), y, np.arange(3))
        y[:] = 5
        return series

    series = await store.change(work)

    assert (await read(store.raw, series.id, 0, 9)).y.tolist() == [0.0, 0.0, 0.0]
