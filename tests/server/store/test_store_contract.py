"""What any store promises (`base.py`); another store joins by one more line in `STORES`."""

from __future__ import annotations

import asyncio
import math
from functools import partial

import numpy as np
import pytest
from tinydb import where

from agnez_server.errors import BadRequest, Gone, NotFound
from agnez_server.store import (
    Appended,
    DocChanged,
    Mark,
    SeriesStats,
    SqliteStore,
    StoreOptions,
    raw_pages,
)

SPOOL = b"s" * 16
STORES = {"sqlite": partial(SqliteStore.open, options=StoreOptions())}


@pytest.fixture(params=sorted(STORES))
async def reopen(request, tmp_path):
    """Opens the store of this test, closing it first where it is open."""
    opened = []

    async def reopens():
        for store in opened:
            await store.close()
        opened.append(await STORES[request.param](tmp_path / "store"))
        return opened[-1]

    yield reopens
    for store in opened:
        await store.close()


@pytest.fixture
async def store(reopen):
    """An empty store."""
    return await reopen()


async def read(store, what, *arguments):
    """A view or a raw page, as its contract wants it: in a thread."""
    return await asyncio.to_thread(what, *arguments)


async def test_a_change_gives_the_result_of_its_work(store) -> None:
    """What the function returns is what the caller gets."""
    assert await store.change(lambda change: 42) == 42


async def test_documents_show_after_their_commit(store) -> None:
    """Inside the change they are there at once, to readers when they are on disk."""

    def work(change):
        change.docs.table("runs").insert({"name": "a"})
        return len(change.docs.table("runs")), len(store.committed.table("runs"))

    assert await store.change(work) == (1, 0)
    assert store.committed.table("runs").all() == [{"name": "a"}]


async def test_documents_survive(store, reopen) -> None:
    """Ids, values and nesting are the same after a restart."""
    body = {"name": "größe", "params": {"lr": 0.1, "layers": [1, 2]}, "n": 1 << 53, "none": None}
    doc_id = await store.change(lambda change: change.docs.table("runs").insert(body))

    again = await reopen()

    assert again.committed.table("runs").get(doc_id=doc_id) == body
    assert again.id == store.id


async def test_a_document_id_is_never_used_again(store, reopen) -> None:
    """Neither after its document was removed, nor after a restart."""
    first = await store.change(lambda change: change.docs.table("t").insert({}))
    await store.change(lambda change: change.docs.table("t").remove(doc_ids=[first]))
    second = await store.change(lambda change: change.docs.table("t").insert({}))
    await store.change(lambda change: change.docs.drop_table("t"))

    again = await reopen()
    third = await again.change(lambda change: change.docs.table("t").insert({}))

    assert first < second < third


async def test_readers_cannot_write(store) -> None:
    """The committed handle refuses, and so does the working one outside of a change."""
    with pytest.raises(RuntimeError, match="read-only"):
        store.committed.table("t").insert({})
    with pytest.raises(RuntimeError, match="within"):
        store.docs.table("t").insert({})


async def test_work_that_raises_leaves_nothing(store) -> None:
    """Documents, ids, series, points, marks and deletions are as before; others are not touched."""

    def before(change):
        change.docs.table("t").insert({"kept": 1})
        change.append(change.open_series("run", 0, 1, 0).id, *columns([1.0]))

    def work(change):
        change.docs.table("t").insert({})
        change.docs.table("t").update({"kept": 2})
        change.docs.table("t").remove(where("kept") == 2)
        series = change.open_series("run", 1, 1, 0)
        change.append(series.id, *columns([1.0]))
        change.set_mark(SPOOL, "run", Mark(1, 1))
        change.delete_run("run")
        raise ZeroDivisionError

    await store.change(before)
    with pytest.raises(ZeroDivisionError):
        await store.change(work)

    def after(change):
        mark, kept = change.mark(SPOOL), change.docs.table("t").all()
        return mark, kept, change.docs.table("t").insert({}), change.open_series("run", 1, 1, 0).id

    assert await store.change(after) == (Mark(), [{"kept": 1}], 2, 2)
    assert [series.id for series in store.series("run")] == [1, 2]


async def test_a_series_is_opened_once(store, reopen) -> None:
    """The same key gives the same series, now and later."""
    first = await store.change(lambda change: change.open_series("run", 3, 5, 1))
    again = await (await reopen()).change(lambda change: change.open_series("run", 3, 5, 1))

    assert first == again
    assert (first.run, first.channel, first.session, first.rank) == ("run", 3, 5, 1)


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

    columns = await read(store, store.raw, series.id, 0, 10)

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
    assert len((await read(store, store.view, 99, None, None, 100)).x) == 0
    assert len((await read(store, store.raw, 99, 0, 100)).x) == 0


async def test_a_view_of_few_points_is_exact(store, feed) -> None:
    """All points, by x; a range includes its ends."""
    series = await feed(store, [0.0, 1.0, 2.0, 3.0], x=np.array([30, 10, 20, 40]))

    whole = await read(store, store.view, series.id, None, None, 10)
    part = await read(store, store.view, series.id, 10, 30, 10)

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
        seen = await read(store, store.view, series.id, None, None, 10)
        assert not seen.exact
        assert len(seen.x) <= 80
        assert seen.x[seen.y == 99.0].tolist() == [31_234]
        await store.seal()


async def test_any_number_of_columns_is_fine(store, feed) -> None:
    """A billion of them show every point; none at all is a mistake."""
    series = await feed(store, np.zeros(5000))
    await store.seal()

    assert (await read(store, store.view, series.id, None, None, 10**9)).exact
    with pytest.raises(BadRequest):
        await read(store, store.view, series.id, None, None, 0)


async def test_an_infinite_range_is_open(store, feed) -> None:
    """As if no bound was given; what is no range is refused."""
    series = await feed(store, [0.0, 1.0])

    assert len((await read(store, store.view, series.id, -math.inf, math.inf, 10)).x) == 2
    with pytest.raises(BadRequest):
        await read(store, store.view, series.id, math.nan, None, 10)


async def test_a_range_without_points_is_empty(store, feed) -> None:
    """Beside the data, between two points, or upside down."""
    series = await feed(store, [0.0, 1.0], x=np.array([1, 5]))

    for lo, hi in [(6, 9), (2, 3), (5, 1)]:
        seen = await read(store, store.view, series.id, lo, hi, 10)
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


async def test_marks_survive(store, reopen) -> None:
    """A spool goes on where it was, with the state kept beside it."""
    mark = Mark(3, 500, {"channels": [1, 2]})
    await store.change(lambda change: change.set_mark(SPOOL, "run", mark))

    again = await reopen()

    assert await again.change(lambda change: change.mark(SPOOL)) == mark
    assert await again.change(lambda change: change.mark(b"another")) == Mark()


async def test_a_mark_is_ahead_within_and_between_changes(store) -> None:
    """The next batch sees the mark of the one before, though that is not committed yet."""
    first = asyncio.ensure_future(
        store.change(lambda change: change.set_mark(SPOOL, "run", Mark(0, 10)))
    )
    await asyncio.sleep(0)
    second = await store.change(lambda change: change.mark(SPOOL))

    assert second == Mark(0, 10)
    assert first.done()


async def test_listeners_hear_of_a_commit_before_its_caller(store, feed) -> None:
    """What changed, with documents as they were and are, and points by ordinal."""
    heard = []
    end = store.listen(heard.append)
    series = await feed(store, [1.0, 2.0])
    doc_id = await store.change(lambda change: change.docs.table("t").insert({"a": 1}))
    await store.change(lambda change: change.docs.table("t").update({"a": 2}))
    await store.change(lambda change: change.docs.table("t").truncate())
    end()
    await feed(store, [3.0])

    assert [list(c.points) for c in heard] == [[Appended(series, 0, 2)], [], [], []]
    assert [list(c.docs) for c in heard] == [
        [],
        [DocChanged("t", doc_id, None, {"a": 1})],
        [DocChanged("t", doc_id, {"a": 1}, {"a": 2})],
        [DocChanged("t", doc_id, {"a": 2}, None)],
    ]


async def test_a_failing_listener_harms_nobody(store, feed, caplog) -> None:
    """It is logged; other listeners and the caller go on."""
    heard = []
    store.listen(lambda committed: 1 / 0)
    store.listen(heard.append)

    await feed(store, [1.0])

    assert len(heard) == 1
    assert "ZeroDivisionError" in caplog.text


async def test_a_deleted_run_is_gone(store, feed, reopen) -> None:
    """Points, series, marks and bytes; its id and its series' ids are not used again."""
    series = await feed(store, [1.0] * 2000, key=("dead", 0, 1, 0))
    await store.change(lambda change: change.set_mark(SPOOL, "dead", Mark(1, 1)))
    await store.seal()
    await feed(store, [1.0], key=("dead", 0, 1, 0))
    await store.change(lambda change: change.delete_run("dead"))
    alive = await feed(store, [2.0])

    for again in (False, True):
        one = await reopen() if again else store
        assert one.is_deleted("dead")
        assert one.series("dead") == []
        assert one.stats(series.id) == SeriesStats()
        assert one.run_bytes("dead") == 0
        assert len((await read(one, one.raw, series.id, 0, 9)).x) == 0
        assert one.stats(alive.id).count == 1
        assert await one.change(lambda change: change.mark(SPOOL)) == Mark()
        with pytest.raises(Gone):
            await feed(one, [1.0], key=("dead", 0, 1, 0))
        with pytest.raises(NotFound):
            await one.change(lambda change: change.append(series.id, *columns([1.0])))
    assert alive.id > series.id


async def test_a_series_that_lived_within_one_change_keeps_its_id(store, reopen) -> None:
    """Opened and deleted before it ever was on disk: the next series has another."""

    def work(change):
        series = change.open_series("brief", 0, 1, 0)
        change.append(series.id, *columns([1.0]))
        change.delete_run("brief")
        return series.id

    brief = await store.change(work)
    again = await reopen()

    assert (await again.change(lambda change: change.open_series("run", 0, 1, 0))).id > brief


async def test_a_run_that_was_never_seen_can_be_deleted(store, reopen) -> None:
    """A spool may arrive after its run was deleted elsewhere."""
    await store.change(lambda change: change.delete_run("unseen"))

    assert store.is_deleted("unseen")
    assert (await reopen()).is_deleted("unseen")


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

    assert (await read(store, store.raw, series.id, 0, 9)).y.tolist() == [0.0, 0.0, 0.0]


async def test_closing_twice_is_fine(store) -> None:
    """Signal handlers and finally blocks may both do it."""
    await store.close()
    await store.close()


async def test_flush_waits_for_what_was_handed_in(store, feed) -> None:
    """After it, everything is on disk and visible."""
    waiting = [asyncio.ensure_future(feed(store, [1.0])) for _ in range(20)]
    await asyncio.sleep(0)

    await store.flush()

    assert store.stats(1).count == 20
    await asyncio.gather(*waiting)


def columns(y):
    """x, y and wall for some values."""
    at = np.arange(len(y))
    return at, np.array(y), at
