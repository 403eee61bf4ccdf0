"""Commits: shared by callers, bounded, and taken back as a whole when the disk fails."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from agnez_server.errors import StoreBusy, StoreReadOnly
from agnez_server.store import Mark

SPOOL = b"s" * 16


class Gate:
    """Holds commits back, or breaks them."""

    def __init__(self) -> None:
        self.entered, self.open = threading.Event(), threading.Event()
        self.open.set()
        self.error: Exception | None = None

    def __call__(self, con: sqlite3.Connection) -> None:
        self.entered.set()
        assert self.open.wait(20)
        if self.error is not None:
            raise self.error

    async def hold(self, work) -> asyncio.Task:
        """Start *work* and wait until its commit stands at the closed gate."""
        self.open.clear()
        self.entered.clear()
        task = asyncio.ensure_future(work)
        assert await asyncio.to_thread(self.entered.wait, 20)
        return task


@pytest.fixture
def gate() -> Gate:
    """An open gate."""
    return Gate()


async def test_an_idle_store_commits_at_once(open_store, feed) -> None:
    """However long it may wait for others, a lone caller does not."""
    store = await open_store(gather_s=3600.0)

    async with asyncio.timeout(20):
        for _ in range(3):
            await feed(store, [1.0])

    assert store.store_stats().commits == 3


async def test_callers_that_come_during_a_commit_share_the_next(open_store, feed, gate) -> None:
    """Ten changes, two commits."""
    store = await open_store(before_commit=gate)
    first = await gate.hold(feed(store, [1.0]))
    others = [asyncio.ensure_future(feed(store, [1.0])) for _ in range(9)]
    await asyncio.sleep(0)
    gate.open.set()

    await asyncio.gather(first, *others)

    assert store.store_stats().commits == 2
    assert store.stats(1).count == 10


async def test_nothing_shows_before_it_is_on_disk(open_store, feed, gate) -> None:
    """Neither documents nor points nor series of a commit that is under way."""
    store = await open_store(before_commit=gate)
    waiting = await gate.hold(feed(store, [1.0]))

    seen = store.series("run"), store.stats(1).count
    gate.open.set()
    await waiting

    assert seen == ([], 0)
    assert store.stats(1).count == 1


async def test_a_full_backlog_refuses(open_store, feed, gate) -> None:
    """With the time after which to try again; what was accepted is written."""
    store = await open_store(before_commit=gate, backlog_bytes=100_000, retry_after_s=2.5)
    first = await gate.hold(feed(store, [0.0] * 5000))

    with pytest.raises(StoreBusy) as refused:
        await feed(store, [1.0])
    gate.open.set()
    await first

    assert refused.value.details["retry_after_s"] == 2.5
    await feed(store, [1.0])
    assert store.stats(1).count == 5001


async def test_a_caller_that_gives_up_loses_nothing(open_store, feed, gate) -> None:
    """A cancelled request's points are stored: its sender will be told so by the mark."""
    store = await open_store(before_commit=gate)
    task = await gate.hold(feed(store, [1.0]))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.open.set()

    await store.flush()

    assert store.stats(1).count == 1


async def test_a_failed_commit_takes_back_all_that_waits(open_store, feed, gate) -> None:
    """Both the broken commit and those built upon it: documents, ids, series, marks, points."""
    store = await open_store(before_commit=gate, probe_interval_s=0.01)
    await feed(store, [1.0])
    await store.change(lambda change: change.docs.table("t").insert({"n": 1}))

    def work(change):
        change.docs.table("t").update({"n": 2})
        change.docs.table("t").insert({})
        change.append(change.open_series("run", 1, 1, 0).id, *columns())
        change.set_mark(SPOOL, "run", Mark(1, 1))
        change.delete_run("other")

    gate.error = sqlite3.OperationalError("database or disk is full")
    first = await gate.hold(store.change(work))
    second = asyncio.ensure_future(feed(store, [2.0]))
    await asyncio.sleep(0)
    gate.open.set()
    results = await asyncio.gather(first, second, return_exceptions=True)
    gate.error = None
    async with asyncio.timeout(20):
        await store.writable()

    assert [type(result) for result in results] == [StoreReadOnly, StoreReadOnly]
    assert "disk is full" in str(results[0])

    def after(change):
        table = change.docs.table("t")
        return table.all(), table.insert({}), change.mark(SPOOL), change.open_series("run", 1, 1, 0)

    documents, next_id, mark, series = await store.change(after)
    assert documents == [{"n": 1}]
    assert (next_id, mark, series.id) == (2, Mark(), 2)
    assert store.stats(1).count == 1
    assert not store.is_deleted("other")


async def test_a_failing_disk_makes_the_store_read_only(open_store, feed, gate) -> None:
    """Changes are refused with the reason, reading goes on, and it ends when the disk recovers."""
    store = await open_store(before_commit=gate, probe_interval_s=0.01)
    series = await feed(store, [1.0])
    broken = threading.Event()
    broken.set()
    probe = store._committer.probe

    def failing_probe() -> None:
        if broken.is_set():
            raise OSError("still broken")
        probe()

    store._committer.probe = failing_probe
    gate.error = OSError(5, "Input/output error")
    with pytest.raises(StoreReadOnly):
        await feed(store, [2.0])

    with pytest.raises(StoreReadOnly, match="Input/output error"):
        await feed(store, [3.0])
    assert "Input/output error" in store.store_stats().read_only
    assert store.raw(series.id, 0, 9).y.tolist() == [1.0]

    gate.error = None
    broken.clear()
    async with asyncio.timeout(20):
        await store.writable()
    await feed(store, [4.0])
    assert store.store_stats().read_only is None
    assert store.raw(series.id, 0, 9).y.tolist() == [1.0, 4.0]


async def test_closing_a_read_only_store_ends(open_store, feed, gate) -> None:
    """The writer does not wait for a disk that never recovers."""
    store = await open_store(before_commit=gate, probe_interval_s=3600.0)
    gate.error = OSError("broken")
    with pytest.raises(StoreReadOnly):
        await feed(store, [2.0])

    async with asyncio.timeout(20):
        await store.close()


async def test_a_file_that_may_not_grow(open_store, feed) -> None:
    """SQLite's own limit: the commit fails for real, and later ones succeed."""
    store = await open_store(probe_interval_s=0.01)

    def limit(pages: int) -> None:
        with store._database.lock:
            store._database.writer.execute(f"pragma max_page_count = {pages}").fetchall()

    await feed(store, [1.0])
    await asyncio.to_thread(limit, 1)
    with pytest.raises(StoreReadOnly, match="full"):
        await feed(store, [2.0] * 100_000)
    await asyncio.to_thread(limit, 1 << 30)
    async with asyncio.timeout(20):
        await store.writable()
    await feed(store, [3.0])

    assert store.raw(1, 0, 200_000).y.tolist() == [1.0, 3.0]


async def test_a_full_disk(open_store) -> None:
    """In a process whose files may not grow: acked points are there, the others are not."""
    script = Path(__file__).with_name("full_disk.py")
    directory = await open_store()
    path = directory._database.path.parent
    await directory.close()

    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(script), str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    acked = int(done.stdout)
    store = await open_store()
    assert store.stats(1).count == acked
    assert store.raw(1, 0, acked + 1).y.tolist() == list(range(acked))


def columns():
    """One point."""
    return np.array([1]), np.array([1.0]), np.array([1])
