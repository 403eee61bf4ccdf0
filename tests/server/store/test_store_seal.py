"""Sealing: the log stays short, views never waver, space comes back, damage is said."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing

import numpy as np
import pytest

RUNS = ("a", "b", "c")


async def until(store, condition) -> None:
    """Wait until *condition* holds, looking each time the keeper has finished its work."""
    done, loop, work = asyncio.Event(), asyncio.get_running_loop(), store._keeper._work

    def told(*arguments) -> None:
        work(*arguments)
        loop.call_soon_threadsafe(done.set)

    store._keeper._work = told
    store._keeper.wake(checkpoint=True)
    async with asyncio.timeout(30):
        while not condition():
            await done.wait()
            done.clear()
    store._keeper._work = work


def chunks(store, columns="series, ord, n"):
    """Rows of the chunk table, read from outside."""
    with closing(sqlite3.connect(store._database.path)) as con:
        return con.execute(f"select {columns} from chunk order by series, ord").fetchall()


async def test_a_long_log_is_sealed_by_itself(open_store, feed) -> None:
    """Beyond the size set, in the background; nothing is lost on the way."""
    store = await open_store(seal_bytes=200_000)

    for _ in range(10):
        series = await feed(store, np.arange(2000.0))

    await until(store, lambda: store.store_stats().tail_points * 24 < 200_000)
    assert store.store_stats().log_bytes < 200_000
    assert store.raw(series.id, 0, 50_000).y.tolist() == list(range(2000)) * 10


async def test_short_tails_wait_for_more_points(open_store, feed) -> None:
    """While many series have few points each the log may be four times as long, and no longer."""
    store = await open_store(seal_bytes=100_000, short_tail=2000, seal_min_points=1)

    for _ in range(2):
        for channel in range(4):  # 800 points each, 153,600 bytes, in the end
            await feed(store, np.zeros(400), key=("run", channel, 1, 0))
    assert store.store_stats().tail_points == 3200
    for channel in range(4):
        await feed(store, np.zeros(1400), key=("run", channel, 1, 0))

    await until(store, lambda: store.store_stats().tail_points * 24 < 100_000)
    assert [n for _, _, n in chunks(store)][:3] == [2200, 2200, 2200]


async def test_an_old_log_is_sealed_by_itself(open_store, feed) -> None:
    """After the interval, however short it is."""
    store = await open_store(seal_interval_s=0.05)

    await feed(store, np.zeros(5000))

    await until(store, lambda: chunks(store))
    assert chunks(store) == [(1, 0, 5000)]


async def test_small_chunks_grow(store, feed) -> None:
    """Those at the end become one when they have 16,384 points together; that one stays."""
    for n in (6000, 6000, 3000, 2000, 300, 200):
        await feed(store, np.arange(float(n)))
        await store.seal()

    assert chunks(store) == [(1, 0, 17_000), (1, 17_000, 300), (1, 17_300, 200)]
    together = np.concatenate([np.arange(n) for n in (6000, 6000, 3000, 2000, 300, 200)])
    assert store.raw(1, 0, 20_000).y.tolist() == together.tolist()
    assert store.stats(1).count == 17_500
    assert store.stats(1).max == 5999.0


async def test_many_tiny_chunks_become_one(store, feed) -> None:
    """However few points they have: 16 of them and what comes next."""
    for n in range(17):
        await feed(store, np.full(5, float(n)))
        await store.seal()

    assert chunks(store) == [(1, 0, 85)]
    assert store.raw(1, 0, 100).y.tolist() == np.repeat(np.arange(17.0), 5).tolist()


async def test_chunks_have_at_most_65536_points(store, feed) -> None:
    """More are split; one of 16,384 or more is not written anew."""
    for n in (150_000, 3000, 1000):
        await feed(store, np.zeros(n))
        await store.seal()

    assert [n for _, _, n in chunks(store)] == [65_536, 65_536, 18_928, 3000, 1000]


async def test_short_series_stay_in_the_log(open_store, feed) -> None:
    """Until they are long, or idle for a while."""
    now = [0.0]
    store = await open_store(
        clock=lambda: now[0], seal_interval_s=0.02, seal_min_points=100, carry_max_s=600.0
    )
    await feed(store, np.zeros(50), key=("short", 0, 1, 0))
    await feed(store, np.zeros(500), key=("long", 0, 1, 0))
    now[0] = 1.0
    await until(store, lambda: chunks(store))

    assert chunks(store) == [(2, 0, 500)]
    assert store.store_stats().tail_points == 50
    now[0] = 601.0
    await until(store, lambda: len(chunks(store)) == 2)
    assert store.raw(1, 0, 100).y.tolist() == [0.0] * 50


async def test_what_is_carried_over_is_bounded(open_store, feed) -> None:
    """When short series are many, the longest of them are sealed all the same."""
    store = await open_store(seal_bytes=30_000, carry_bytes=10_000, short_tail=0)

    for channel in range(30):
        await feed(store, np.zeros(40 + channel), key=("run", channel, 1, 0))

    await until(store, lambda: store.store_stats().tail_points * 24 < 30_000)
    sealed = [n for _, _, n in chunks(store)]
    assert sealed
    assert 0 < store.store_stats().tail_points * 24 < 30_000


async def test_carried_points_survive(open_store, feed) -> None:
    """They are in the log once, after any number of seals and a restart."""
    now = [0.0]
    store = await open_store(clock=lambda: now[0], seal_interval_s=0.02)
    await feed(store, [1.0, 2.0], key=("short", 0, 1, 0))
    for step in (1, 2):
        await feed(store, np.zeros(3000), key=("long", 0, step, 0))
        now[0] = step
        await until(store, lambda step=step: len(chunks(store)) == step)
    await feed(store, [3.0], key=("short", 0, 1, 0))
    await store.close()

    again = await open_store()

    assert again.raw(1, 0, 9).y.tolist() == [1.0, 2.0, 3.0]
    assert again.stats(1).count == 3


async def test_a_view_during_a_seal_sees_each_point_once(open_store, feed) -> None:
    """Readers race with appends and seals: ordinals are whole, in order, and never fewer."""
    store = await open_store(seal_bytes=100_000, seal_min_points=10)
    series = await feed(store, np.arange(100.0))
    done, problems = threading.Event(), []

    def read() -> None:
        seen = 0
        while not done.is_set():
            for columns in (
                store.raw(series.id, 0, 1 << 30),
                store.view(series.id, None, None, 1 << 20, "wall"),
            ):
                whole = columns.ordinal.tolist() == list(range(columns.total))
                if not whole or columns.total < seen or not columns.exact:
                    problems.append((seen, columns.total, len(columns.ordinal)))
                seen = columns.total

    readers = [asyncio.create_task(asyncio.to_thread(read)) for _ in range(2)]
    for start in range(100, 40_000, 700):
        at = np.arange(start, start + 700)
        await feed(store, at, at, at)
        if start % 5 == 0:
            await store.seal()
    done.set()
    await asyncio.gather(*readers)

    assert problems == []
    assert chunks(store)


async def test_the_write_ahead_log_begins_anew(store, feed) -> None:
    """After each seal: it stays about as long as what is written between two of them."""
    for _ in range(20):
        await feed(store, np.random.default_rng(0).random(20_000))
        await store.seal()

    assert store.store_stats().wal_bytes < 20 * 480_000 / 3


async def test_a_writer_that_runs_ahead_is_held_back(open_store, feed) -> None:
    """A log of many seals makes commits wait for the keeper, so that memory stays bounded."""
    store = await open_store(seal_bytes=50_000)

    for _ in range(30):
        await feed(store, np.zeros(2000))

    assert store.store_stats().tail_points * 24 <= 9 * 50_000


async def test_documents_alone_do_not_grow_it_either(open_store) -> None:
    """Changes without points make no log to seal, but their pages are checkpointed too."""
    store = await open_store(checkpoint_bytes=300_000)
    body = {"text": "x" * 20_000}

    for _ in range(100):
        await store.change(lambda change: change.docs.table("t").upsert(body, lambda doc: True))
    await until(store, lambda: store.store_stats().wal_bytes < 1_500_000)


async def test_deletion_gives_space_back(open_store, feed) -> None:
    """The file shrinks after a big run is deleted; another run's points are untouched."""
    store = await open_store(seal_bytes=100_000)
    noise = np.random.default_rng(0).random(200_000)
    await feed(store, noise, key=("big", 0, 1, 0))
    await feed(store, noise[:2000], key=("small", 0, 1, 0))
    await store.seal()
    before = store.store_stats().file_bytes

    await store.change(lambda change: change.delete_run("big"))

    await until(store, lambda: store.store_stats().file_bytes < before / 3)
    assert store.raw(2, 0, 5000).y.tolist() == noise[:2000].tolist()
    assert {series for series, _, _ in chunks(store)} == {2}


async def test_what_a_crash_left_of_a_deleted_run_is_swept(open_store, feed) -> None:
    """Chunks whose series is gone are removed when the store opens."""
    store = await open_store()
    await feed(store, np.zeros(3000))
    await store.seal()
    await store.close()
    with closing(sqlite3.connect(store._database.path)) as con:
        con.execute("delete from series")
        con.commit()

    again = await open_store()

    await until(again, lambda: not chunks(again))


@pytest.mark.parametrize("column", ["body", "top", "mid", "fine"])
async def test_a_damaged_chunk_is_said_and_the_rest_kept(open_store, feed, caplog, column) -> None:
    """Damage in points costs their chunk; in a summary it costs time only."""
    store = await open_store()
    y = np.arange(140_000.0)
    await feed(store, y)
    await store.seal()
    await store.close()
    with closing(sqlite3.connect(store._database.path)) as con:
        (packet,) = con.execute(f"select {column} from chunk where ord = 65536").fetchone()
        broken = bytearray(packet)
        broken[len(broken) // 2] ^= 16
        broken[len(broken) // 3] ^= 1
        con.execute(f"update chunk set {column} = ? where ord = 65536", (bytes(broken),))
        con.commit()

    again = await open_store()
    page = again.raw(1, 0, 200_000)
    seen = [again.view(1, None, None, px) for px in (1, 500)]

    assert "damaged" in caplog.text
    if column == "body":
        assert page.y.tolist() == [*y[:65_536], *y[131_072:]]
        assert again.store_stats().damaged_points == 65_536
    else:
        assert page.y.tolist() == y.tolist()
        assert again.store_stats().damaged_points == 0
        assert [view.y.max() for view in seen] == [139_999.0] * 2
    assert [view.total for view in seen] == [140_000] * 2


async def test_a_damaged_document_is_said_and_the_rest_kept(open_store, caplog) -> None:
    """One that is no JSON any more is left out; the store opens."""
    store = await open_store()
    await store.change(lambda change: change.docs.table("t").insert_multiple([{"n": 1}, {"n": 2}]))
    await store.close()
    with closing(sqlite3.connect(store._database.path)) as con:
        con.execute("update doc set body = ? where id = 1", (b'{"n" 1}',))
        con.commit()

    again = await open_store()

    assert again.committed.table("t").all() == [{"n": 2}]
    assert "document 1 of table 't' is damaged" in caplog.text


async def test_a_damaged_log_row_is_said_and_the_rest_kept(open_store, feed, caplog) -> None:
    """Other commits' points are there."""
    store = await open_store()
    for value in (1.0, 2.0, 3.0):
        await feed(store, [value])
    await store.close()
    with closing(sqlite3.connect(store._database.path)) as con:
        (body,) = con.execute("select body from log where id = 2").fetchone()
        con.execute("update log set body = ? where id = 2", (body[:-1] + bytes([body[-1] ^ 0x55]),))
        con.commit()

    again = await open_store()

    assert again.raw(1, 0, 9).y.tolist() == [1.0, 3.0]
    assert again.store_stats().damaged_points == 1
    assert "row 2 of the log is damaged" in caplog.text


async def test_a_failing_seal_loses_nothing(open_store, feed, caplog) -> None:
    """The caller hears of it, the log keeps the points, and the next one succeeds."""
    store = await open_store(probe_interval_s=0.01)
    series = await feed(store, np.arange(3000.0))
    seal, store._keeper._sealer.seal = store._keeper._sealer.seal, broken
    with pytest.raises(sqlite3.OperationalError, match="full"):
        await store.seal()
    store._keeper._sealer.seal = seal
    await store.seal()

    assert chunks(store) == [(1, 0, 3000)]
    assert store.raw(series.id, 0, 5000).y.tolist() == list(range(3000))
    assert "will try again" in caplog.text


async def test_giving_up_on_a_seal_harms_nobody(store, feed) -> None:
    """A caller that was cancelled is not told; the next one is."""
    await feed(store, np.zeros(3000))
    waiting = asyncio.ensure_future(store.seal())
    await asyncio.sleep(0)
    waiting.cancel()

    await store.seal()

    assert chunks(store) == [(1, 0, 3000)]


def broken(*_, **__) -> None:
    """What a seal on a full disk does."""
    raise sqlite3.OperationalError("database or disk is full")


async def test_a_closed_store_keeps_no_unused_pages(open_store, feed) -> None:
    """What the log took is given back, all of it and not one page."""
    store = await open_store()
    await feed(store, np.random.default_rng(0).normal(size=200_000))
    await store.seal()

    await store.close()

    with closing(sqlite3.connect(store._database.path)) as con:
        assert con.execute("pragma freelist_count").fetchone() == (0,)


async def test_a_block_is_appended_to_each_of_its_series(store) -> None:
    """As if each series had been appended to alone; integers stay integers."""
    y = np.array([1.0, 2.0, 3.0, 4.0])

    def work(change):
        ids = [change.open_series("run", channel, 1, 0).id for channel in range(3)]
        change.append_block(ids, [1, 1, 4], np.arange(4), y, np.arange(4) + 10)
        return ids

    ids = await store.change(work)
    await store.seal()

    found = [store.raw(one, 0, 9) for one in ids]
    assert [page.y.tolist() for page in found] == [[1.0], [], [2.0, 3.0, 4.0]]
    assert found[2].x.tolist() == [1, 2, 3]
    assert found[2].wall.tolist() == [11, 12, 13]
