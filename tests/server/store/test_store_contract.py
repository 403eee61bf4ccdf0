"""What any store promises (`base.py`) of changes: documents, marks, listeners, deletion."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from tinydb import where

from agnez_server.errors import Gone, NotFound, StoreBusy
from agnez_server.store import Appended, DocChanged, Mark, SeriesStats

SPOOL = b"s" * 16


@pytest.fixture
async def store(reopen):
    """An empty store."""
    return await reopen()


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


async def test_marks_go_with_their_run_while_they_are_pending(store) -> None:
    """Moved in one change and deleted by the next, before either is on disk."""
    first = asyncio.ensure_future(
        store.change(lambda change: change.set_mark(SPOOL, "run", Mark(0, 10)))
    )
    second = asyncio.ensure_future(store.change(lambda change: change.delete_run("run")))
    await asyncio.sleep(0)
    third = await store.change(lambda change: change.mark(SPOOL))

    assert third == Mark()
    assert first.done()
    assert second.done()


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
        assert len((await asyncio.to_thread(one.raw, series.id, 0, 9)).x) == 0
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


async def test_closing_twice_is_fine(store) -> None:
    """Signal handlers and finally blocks may both do it; later changes are to be tried again."""
    await store.close()
    await store.close()
    with pytest.raises(StoreBusy):
        await store.change(lambda change: None)


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
