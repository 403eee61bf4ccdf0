"""What any store promises (`base.py`) of entries."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from agnez_server.errors import Gone, NotFound
from agnez_server.store import Appended, BlobRef, Entry, SeriesStats

BLOB = BlobRef("ab" * 32, 5000, "image/png")


@pytest.fixture
async def store(reopen):
    """An empty store."""
    return await reopen()


def add(*rows, key=("run", 0, 1, 0), blobs=()):
    """Work that appends entries: (x, wall, body) each."""

    def work(change):
        series = change.open_series(*key)
        x, wall, bodies = zip(*rows, strict=True)
        change.append_entries(series.id, x, wall, bodies, blobs)
        return series

    return work


async def read(method, *arguments):
    """Call a method that may block where it belongs: in a worker thread."""
    return await asyncio.to_thread(method, *arguments)


async def test_entries_survive(store, reopen) -> None:
    """x as it was, whole or not, wall, and the body, however large; in the order sent."""
    long = b'{"text": "%s"}' % (b"words and words " * 10_000)
    series = await store.change(add((2**62 + 1, 5, b'{"a": [1, 2]}'), (0.5, 4, long)))

    for again in (False, True):
        one = await reopen() if again else store
        assert await read(one.entries, series.id, 0, 10) == [
            Entry(0, 2**62 + 1, 5, {"a": [1, 2]}),
            Entry(1, 0.5, 4, {"text": "words and words " * 10_000}),
        ]


async def test_entries_come_in_pages(store) -> None:
    """From an ordinal on, so many; none past the end, nor of an unknown series."""
    rows = [(x, x, b'{"n": %d}' % x) for x in range(10)]
    series = await store.change(add(*rows[:6]))
    await store.change(add(*rows[6:]))

    assert [e.body["n"] for e in await read(store.entries, series.id, 4, 4)] == [4, 5, 6, 7]
    assert await read(store.entries, series.id, 10, 4) == []
    assert await read(store.entries, 99, 0, 4) == []


async def test_entries_are_picked(store) -> None:
    """By ordinal; those that are not there are left out."""
    series = await store.change(add(*[(x, x, b"{}") for x in range(10)]))

    found = await read(store.pick_entries, series.id, [9, 3, 11, -1, 2**70])

    assert [entry.ordinal for entry in found] == [3, 9]


async def test_steps_say_where_entries_lie(store) -> None:
    """x and wall as columns, int64 where every x is one."""
    whole = await store.change(add((3, 30, b"{}"), (1, 10, b"{}")))
    mixed = await store.change(add((3, 30, b"{}"), (0.5, 10, b"{}"), key=("run", 1, 1, 0)))

    one, other = await read(store.steps, whole.id), await read(store.steps, mixed.id)

    assert (one.x.tolist(), one.x.dtype, one.wall.tolist()) == ([3, 1], np.int64, [30, 10])
    assert (other.x.tolist(), other.x.dtype) == ([3.0, 0.5], np.float64)
    assert len((await read(store.steps, 99)).x) == 0


async def test_figures_count_entries(store, reopen) -> None:
    """Count, last, and what x and wall span; of y there is nothing."""
    series = await store.change(add((3, 30, b"{}"), (7, 70, b"{}")))
    await store.change(add((1, 10, b"{}")))
    expected = SeriesStats(
        count=3, last_x=1, last_wall=10, min_x=1, max_x=7, min_wall=10, max_wall=70
    )

    assert store.stats(series.id) == expected
    assert (await reopen()).stats(series.id) == expected


async def test_a_series_holds_points_or_entries(store, reopen, feed) -> None:
    """The other is refused, also after a restart, and nothing of that change remains."""
    points = await feed(store, [1.0], key=("run", 0, 1, 0))
    await store.change(add((1, 1, b"{}"), key=("run", 1, 1, 0)))

    for again in (False, True):
        one = await reopen() if again else store
        with pytest.raises(ValueError, match="holds points"):
            await one.change(add((1, 1, b"{}"), key=("run", 0, 1, 0)))
        with pytest.raises(ValueError, match="holds entries"):
            await feed(one, [1.0], key=("run", 1, 1, 0))
        assert one.stats(points.id).count == 1


@pytest.mark.parametrize(
    ("x", "wall", "bodies"),
    [([1, 2], [1], [b"{}"]), ([float("nan")], [1], [b"{}"]), ([2**63], [1], [b"{}"])],
)
async def test_wrong_entries_are_refused(store, x, wall, bodies) -> None:
    """Columns of two lengths, x that is no number or too large: the caller's mistake."""

    def work(change):
        change.append_entries(change.open_series("run", 0, 1, 0).id, x, wall, bodies)

    with pytest.raises(ValueError, match=r"expected|64 bits"):
        await store.change(work)
    assert store.series("run") == []


async def test_work_that_raises_leaves_no_entries(store) -> None:
    """Ordinals and figures go on where they were."""
    await store.change(add((1, 1, b"{}")))

    def work(change):
        add((2, 2, b"{}"))(change)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.change(work)
    series = await store.change(add((3, 3, b"{}")))

    assert [e.x for e in await read(store.entries, series.id, 0, 9)] == [1, 3]


async def test_listeners_are_told_of_entries(store) -> None:
    """By series, with the ordinals; a commit of changes that waited together tells once."""
    told = []
    store.listen(lambda committed: told.append(committed.entries))
    series = await store.change(add((1, 1, b"{}"), (2, 2, b"{}")))
    await asyncio.gather(store.change(add((3, 3, b"{}"))), store.change(add((4, 4, b"{}"))))

    assert told[0] == [Appended(series, 0, 2)]
    assert [(one.start, one.end) for part in told for one in part][-1][1] == 4


async def test_entries_of_a_deleted_run_are_gone(store, reopen) -> None:
    """And more of them are refused; what was sent in the same commit is not written."""
    series = await store.change(add((1, 1, b"{}"), blobs=[BLOB]))

    def work(change):
        add((2, 2, b"{}"))(change)
        change.delete_run("run")

    await store.change(work)

    for again in (False, True):
        one = await reopen() if again else store
        assert await read(one.entries, series.id, 0, 9) == []
        assert one.run_bytes("run") == 0
        with pytest.raises(Gone):
            await one.change(add((1, 1, b"{}")))
        with pytest.raises(NotFound):
            await one.change(lambda c: c.append_entries(series.id, [1], [1], [b"{}"]))


async def test_entries_count_for_the_size_of_their_run(store, reopen) -> None:
    """Their bodies and the blobs that they name; a blob that is named twice counts once."""
    body = b'{"seed": "%s"}' % bytes(range(35, 91)).replace(b"\\", b"")
    await store.change(add((1, 1, body), blobs=[BLOB]))
    once = store.run_bytes("run")
    await store.change(add((2, 2, body), blobs=[BLOB]))
    twice = store.run_bytes("run")

    assert 5000 + len(body) <= once < 5000 + len(body) + 100
    assert len(body) <= twice - once < len(body) + 100
    assert (await reopen()).run_bytes("run") == twice
