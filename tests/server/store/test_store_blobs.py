"""How the SQLite store keeps blobs: files, shared commits, full disks, damage, collection."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
import stat
from contextlib import closing

import pytest

from agnez_server.errors import BlobDamaged, StoreBusy, StoreReadOnly
from agnez_server.store import BlobRef, CannotOpenStore, SchemaTooNew
from agnez_server.store.blobs import Held
from agnez_server.store.collector import backup_lock

MIB = 1 << 20


def sha(data: bytes) -> str:
    """The name of a blob."""
    return hashlib.sha256(data).hexdigest()


async def source(data: bytes):
    """*data* in two pieces."""
    yield data[: len(data) // 2]
    yield data[len(data) // 2 :]


async def put(store, data: bytes) -> BlobRef:
    """Put *data* under its name."""
    return await store.put_blob(sha(data), "a/b", source(data), 1 << 30)


def files(store) -> set[str]:
    """What lies in the folder of large blobs."""
    folder = store._database.path.parent / "blobs"
    return {str(path.relative_to(folder)) for path in folder.glob("**/*") if path.is_file()}


async def test_files_of_blobs_are_private(store) -> None:
    """Others on the machine can't read them; each lies where its hash says."""
    ref = await put(store, os.urandom(2 * MIB))
    path = store.blob_file(ref.sha256)

    assert files(store) == {f"{ref.sha256[:2]}/{ref.sha256[2:]}"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(p.stat().st_mode) for p in list(path.parents)[:3]} == {0o700}


async def test_blobs_that_come_together_share_commits(open_store) -> None:
    """Twenty callers, two commits: the first alone, the others while it was written."""
    commits = []
    store = await open_store(before_commit=commits.append)

    await asyncio.gather(*(put(store, b"%d" % n) for n in range(20)))

    assert len(commits) <= 3
    assert store.store_stats().blobs == 20


async def test_a_full_disk_refuses_blobs(open_store) -> None:
    """Small and large ones; nothing of them remains, and later ones are taken."""
    full = True

    def commit(con: sqlite3.Connection) -> None:
        if full:
            raise sqlite3.OperationalError("database or disk is full")

    store = await open_store(before_commit=commit)
    for data in (b"small", os.urandom(2 * MIB)):
        with pytest.raises(StoreReadOnly, match="full"):
            await put(store, data)
        assert store.blob(sha(data)) is None
    full = False

    assert (await put(store, b"small")).size == 5


async def test_a_disk_that_takes_no_large_file(store, monkeypatch) -> None:
    """The reason is said, the draft is removed."""

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("agnez_server.store.blobfiles.os.fsync", full)
        with pytest.raises(StoreReadOnly, match="No space left"):
            await put(store, os.urandom(2 * MIB))
    await store.close()

    assert files(store) == set()


async def test_a_read_only_store_refuses_blobs(open_store, feed) -> None:
    """As soon as it is known that the disk takes nothing."""

    def commit(con: sqlite3.Connection) -> None:
        raise OSError("Input/output error")

    store = await open_store(before_commit=commit, probe_interval_s=3600.0)
    with pytest.raises(StoreReadOnly):
        await feed(store, [1.0])

    with pytest.raises(StoreReadOnly, match="Input/output error"):
        await put(store, b"data")


async def test_a_closed_store_takes_no_blobs(store) -> None:
    """It says so."""
    await store.close()

    with pytest.raises(StoreBusy, match="closed"):
        await put(store, b"data")


async def test_a_cancelled_caller_leaves_no_draft(store) -> None:
    """A connection that ended half way; also what was written by a thread at that moment."""
    going_on = asyncio.Event()

    async def stalled():
        yield bytes(3 * MIB)
        going_on.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(store.put_blob("0" * 64, "a/b", stalled(), 1 << 30))
    await going_on.wait()
    assert len(files(store)) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.close()

    assert files(store) == set()


async def test_drafts_of_a_killed_process_are_removed(store, open_store) -> None:
    """When the store opens again."""
    await put(store, os.urandom(2 * MIB))
    whole = files(store)
    await store.close()
    (store._database.path.parent / "blobs" / "part-0123").write_bytes(b"half of it")

    again = await open_store()

    assert files(again) == whole


async def test_while_much_comes_in_small_blobs_become_files(store, monkeypatch) -> None:
    """So that a thousand senders don't fill the memory."""
    monkeypatch.setattr("agnez_server.store.blobs._HELD_BYTES", 1000)
    data = os.urandom(5000)

    await put(store, data)

    assert store.blob_file(sha(data)).read_bytes() == data
    assert store.read_blob(sha(data), 10, 20) == data[10:30]
    assert store._blobs._held.bytes == 0


def test_what_is_held_is_counted_as_a_whole() -> None:
    """Two that hold 3 and 4 bytes hold 7; released, none, and again none."""
    whole = Held()
    one, other = Held(whole), Held(whole)
    one.take(3)
    other.take(4)
    assert whole.bytes == 7

    one.release()
    one.release()

    assert (whole.bytes, one.bytes, other.bytes) == (4, 0, 4)


async def test_a_damaged_blob_is_found_and_mended(open_store, store) -> None:
    """Its reader is told, it counts as missing, and put again it is as good as new."""
    data = b"what was put"
    await put(store, data)
    await store.close()
    with closing(sqlite3.connect(store._database.path.with_name("blobs.db"))) as con:
        con.execute("update body set data = ?", (b"what was pat",))
        con.commit()
    store = await open_store()

    with pytest.raises(BlobDamaged, match=sha(data)):
        store.read_blob(sha(data), 0, 100)
    assert store.has_blobs([sha(data)]) == set()
    assert store.store_stats().damaged_blobs == 1
    await put(store, data)
    assert store.read_blob(sha(data), 0, 100) == data
    assert store.store_stats().damaged_blobs == 0


@pytest.mark.parametrize("left", [None, 1000])
async def test_a_file_that_is_gone_or_cut_is_found(store, left) -> None:
    """As a damaged blob."""
    data = os.urandom(2 * MIB)
    await put(store, data)
    path = store.blob_file(sha(data))
    path.unlink()
    if left is not None:
        path.write_bytes(data[:left])

    with pytest.raises(BlobDamaged):
        store.read_blob(sha(data), 0, 100)
    with pytest.raises(BlobDamaged):
        store.blob_file(sha(data))
    await put(store, data)
    assert store.blob_file(sha(data)).read_bytes() == data


async def test_blobs_of_a_deleted_run_are_collected(store, open_store) -> None:
    """Once its names are swept or not, and whatever a restart comes between."""
    ref, shared = await put(store, os.urandom(2 * MIB)), await put(store, b"shared")
    await store.change(lambda change: change.keep_blobs("one", [ref, shared]))
    await store.change(lambda change: change.keep_blobs("two", [shared]))
    assert await store.collect_blobs(0) == 0

    await store.change(lambda change: change.delete_run("one"))
    await store.close()
    store = await open_store()
    freed = 0
    async with asyncio.timeout(20):
        while not freed:
            freed = await store.collect_blobs(0)

    assert freed == 2 * MIB
    assert files(store) == set()
    assert store.blob(shared.sha256) is not None
    assert (store.store_stats().blobs, store.store_stats().blob_bytes) == (1, 6)


async def test_nothing_is_collected_during_a_backup(store) -> None:
    """Another process holds the lock of backups; when it ends, all is as before."""
    await put(store, b"data")

    with backup_lock(store._database.path.parent, shared=True):
        assert await store.collect_blobs(0) == 0
    assert await store.collect_blobs(0) == 4


async def test_a_name_on_its_way_keeps_its_blob(open_store) -> None:
    """A change that was made before the collection began counts, though it is not written yet."""
    store = await open_store()
    ref = await put(store, b"data")

    naming = asyncio.ensure_future(store.change(lambda change: change.keep_blobs("run", [ref])))
    await asyncio.sleep(0)
    freed = await store.collect_blobs(0)
    await naming

    assert freed == 0
    assert store.read_blob(ref.sha256, 0, 9) == b"data"


async def test_a_blob_that_is_being_collected_is_not_here(store) -> None:
    """Who asks meanwhile is told to put it again; then it stays."""
    data = b"data"
    await put(store, data)
    flush = store._collector._flush

    async def asked_meanwhile() -> None:
        assert store.has_blobs([sha(data)]) == set()
        await put(store, data)
        await flush()

    store._collector._flush = asked_meanwhile

    assert await store.collect_blobs(0) == 0
    assert store.has_blobs([sha(data)]) == {sha(data)}


async def test_files_without_a_row_are_removed(store) -> None:
    """A process was killed between the two; it may be put again."""
    data = os.urandom(2 * MIB)
    path = store._blobs.files.path(hashlib.sha256(data).digest())
    path.parent.mkdir(parents=True)
    path.write_bytes(data)

    await store.collect_blobs(0)

    assert files(store) == set()


async def test_the_store_collects_by_itself(open_store) -> None:
    """Each so often."""
    store, collected = (
        await open_store(collect_interval_s=0.001, unnamed_for_s=0.0),
        asyncio.Event(),
    )
    collect = store._collector.collect

    async def collects(unnamed_for_s: float) -> None:
        if await collect(unnamed_for_s):
            collected.set()

    store._collector.collect = collects
    await put(store, b"data")

    async with asyncio.timeout(20):
        await collected.wait()
    assert store.blob(sha(b"data")) is None


async def test_space_of_collected_blobs_is_given_back(store) -> None:
    """The file shrinks."""
    path = store._database.path.with_name("blobs.db")
    for n in range(3):
        await put(store, os.urandom(MIB) + b"%d" % n)
        await put(store, os.urandom(MIB - 9) + b"%d" % n)
    await store.collect_blobs(0)
    await store.close()

    assert path.stat().st_size < MIB


async def test_a_foreign_file_of_blobs_is_refused(open_store, tmp_path) -> None:
    """And the directory is free again."""
    (tmp_path / "data").mkdir()
    with closing(sqlite3.connect(tmp_path / "data" / "blobs.db")) as con:
        con.execute("create table other (a)")
    for _ in range(2):
        with pytest.raises(CannotOpenStore, match="not one of Agnez"):
            await open_store()


async def test_newer_blobs_are_refused(open_store, store) -> None:
    """With what this server knows and what to do."""
    await store.close()
    with closing(sqlite3.connect(store._database.path.with_name("blobs.db"))) as con:
        con.execute("pragma user_version = 9")

    with pytest.raises(SchemaTooNew, match=r"version 9.*1 to 1.*upgrade"):
        await open_store()
