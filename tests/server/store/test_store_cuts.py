"""The write-ahead log cut at every byte: whole commits only, and what is missing is said."""

from __future__ import annotations

import shutil
import time
from collections.abc import AsyncIterator

import pytest

from agnez_server.store import SqliteStore, schema, sqlite
from tests.server.store.history import OPTIONS, History, make_history, state_of
from tests.support.proof import proved, size
from tests.support.quick import quick_directory

COMMITS = 5
STEP = size(397, 1)
FRAME = 24 + 512


@pytest.fixture
async def quick(tmp_path) -> AsyncIterator:
    """A directory where syncing costs nothing."""
    directory = quick_directory(tmp_path)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
async def history(quick, monkeypatch) -> History:
    """
    Commits of all kinds in a log of small pages, so that it is short. What looks at the file
    beside the work, which takes as long as an opening, is left out: the flips are its proof.
    """
    monkeypatch.setattr(schema, "PAGE_SIZE", 512)
    monkeypatch.setattr(sqlite, "inspect", lambda *given: None)
    return await make_history(quick / "live", COMMITS)


@pytest.mark.proof
@pytest.mark.timeout(3600)
async def test_a_log_cut_anywhere_opens_to_whole_commits(history, quick) -> None:
    """
    At every byte: all that was committed before is there, nothing of what came after, and how many
    acknowledged commits are missing is said. With a note that is as old as the cut nothing is.
    """
    wal, began, opened = history.files["agnez.db-wal"], time.monotonic(), 0
    borders = {
        32 + FRAME * n + by for n in range(len(wal) // FRAME + 1) for by in size((0,), (-1, 0, 1))
    }
    for cut in sorted({*range(0, len(wal) + 1, STEP), *borders, 0, 31, len(wal)} - {-1}):
        kept = sum(end <= cut for end in history.ends[1:])
        for number, note in ((COMMITS, history.notes[-1]), (kept, history.notes[kept])):
            if number == kept < COMMITS and cut % (7 * STEP) and cut not in history.ends:
                continue
            history.lay_out(quick / "cut", wal=wal[:cut], acked=note)
            store = await SqliteStore.open(quick / "cut", options=OPTIONS)
            assert history.held(state_of(store)) == kept, f"cut at {cut}"
            said, lost = store.store_stats().damage, number - kept
            assert said is None if not lost else said.startswith(f"{lost} acknowledged commit")
            opened += 1
            await store.close()
    proved(
        "log-cut",
        "the server's log cut at each byte: whole commits, none acknowledged lost unsaid",
        f"{len(wal):,} bytes, {opened:,} openings, {time.monotonic() - began:.0f} s",
    )


async def test_what_is_missing_is_said_once(history, quick, caplog) -> None:
    """In the log too. The next opening finds what the last one left, and is content with it."""
    history.lay_out(quick / "cut", wal=b"")
    store = await SqliteStore.open(quick / "cut", options=OPTIONS)
    assert store.store_stats().damage == f"{COMMITS} acknowledged commits are missing"
    assert f"{COMMITS} acknowledged commits are missing" in caplog.text
    await store.close()

    store = await SqliteStore.open(quick / "cut", options=OPTIONS)

    assert store.store_stats().damage is None
    await store.close()


async def test_a_store_goes_on_after_a_cut(history, quick) -> None:
    """What is committed then is kept, and its note is the one that counts."""
    history.lay_out(quick / "cut", wal=history.files["agnez.db-wal"][: history.ends[3]])
    store = await SqliteStore.open(quick / "cut", options=OPTIONS)
    await store.change(lambda change: change.docs.table("commits").insert({"n": "new"}))
    state = state_of(store)
    await store.close()

    store = await SqliteStore.open(quick / "cut", options=OPTIONS)

    assert state_of(store) == state
    assert store.store_stats().damage is None
    await store.close()


async def test_another_store_in_the_place_of_one_is_said(history, quick) -> None:
    """An `agnez.db` that was taken away is made anew, but not without a word."""
    history.lay_out(quick / "cut", wal=b"", db=b"")

    store = await SqliteStore.open(quick / "cut", options=OPTIONS)

    assert "another store" in store.store_stats().damage
    await store.close()
