"""What any store promises (`base.py`) of blobs."""

from __future__ import annotations

import asyncio
import hashlib
import os

import pytest

from agnez_server.errors import BadRequest, Gone, NotFound, TooLarge
from agnez_server.store import BlobRef

SIZES = [0, 1, 5000, 1 << 20, (1 << 20) + 1, 5 << 20]


@pytest.fixture
async def store(reopen):
    """An empty store."""
    return await reopen()


def sha(data: bytes) -> str:
    """The name of a blob."""
    return hashlib.sha256(data).hexdigest()


async def pieces(data: bytes, size: int = 300_000):
    """*data* as it comes from a socket."""
    for at in range(0, len(data), size):
        await asyncio.sleep(0)
        yield data[at : at + size]


async def put(store, data: bytes, *, mime="image/png", limit=1 << 30) -> BlobRef:
    """Put *data* under its name."""
    return await store.put_blob(sha(data), mime, pieces(data), limit)


async def name(store, *refs: BlobRef, run="run") -> None:
    """Let a run name blobs."""
    await store.change(lambda change: change.keep_blobs(run, refs))


async def read(store, sha256: str, start: int = 0, size: int = 1 << 30) -> bytes:
    """Read a blob in a worker thread, as it may block."""
    return await asyncio.to_thread(store.read_blob, sha256, start, size)


@pytest.mark.parametrize("size", SIZES)
async def test_a_blob_survives(store, reopen, size) -> None:
    """Its bytes and its type, whatever its size; parts of it too."""
    data = os.urandom(size)
    ref = await put(store, data)

    for again in (False, True):
        one = await reopen() if again else store
        assert one.blob(sha(data)) == ref == BlobRef(sha(data), size, "image/png")
        assert await read(one, ref.sha256) == data
        assert await read(one, ref.sha256, size // 2, 10) == data[size // 2 :][:10]
        assert await read(one, ref.sha256, size, 10) == b""


@pytest.mark.parametrize("size", [5000, 3 << 20])
async def test_a_blob_is_kept_once(store, size) -> None:
    """Put again, it is what it was; several at once agree."""
    data = os.urandom(size)
    refs = await asyncio.gather(*(put(store, data) for _ in range(4)))

    assert {await put(store, data, mime="text/plain"), *refs} == {store.blob(sha(data))}
    assert await read(store, sha(data)) == data


async def test_large_blobs_are_files(store) -> None:
    """A path for those who can send files; small ones have none, nor those that are not here."""
    large, small = os.urandom(2 << 20), b"small"
    await put(store, large)
    await put(store, small)

    assert store.blob_file(sha(large)).read_bytes() == large
    assert store.blob_file(sha(small)) is None
    assert store.blob_file("0" * 64) is None


async def test_a_blob_that_is_not_here(store) -> None:
    """Is none, has no runs, and can't be read; what is no hash is refused or unknown."""
    assert store.blob("0" * 64) is None
    assert store.blob("../../etc/passwd") is None
    assert store.blob_runs("0" * 64) == []
    assert store.has_blobs(["0" * 64, "x"]) == set()
    with pytest.raises(NotFound):
        await read(store, "0" * 64)
    with pytest.raises(BadRequest, match="64"):
        await read(store, "A" * 64)
    with pytest.raises(BadRequest, match="64"):
        await store.put_blob("../x", "a/b", pieces(b"x"), 10)


@pytest.mark.parametrize("size", [10, 3 << 20])
async def test_bytes_with_another_hash_are_refused(store, size) -> None:
    """And nothing of them is kept."""
    with pytest.raises(BadRequest, match=sha(b"\0" * size)):
        await store.put_blob(sha(b"other"), "a/b", pieces(bytes(size)), 1 << 30)

    assert store.has_blobs([sha(b"other"), sha(bytes(size))]) == set()
    assert await store.collect_blobs(0) == 0


@pytest.mark.parametrize("size", [11, 3 << 20])
async def test_too_much_is_refused(store, size) -> None:
    """As soon as the limit is passed, known or not."""
    with pytest.raises(TooLarge, match="10 bytes"):
        await put(store, bytes(size), limit=10)
    await put(store, bytes(size))
    with pytest.raises(TooLarge, match="10 bytes"):
        await put(store, bytes(size), limit=10)


async def test_a_source_that_breaks_off_leaves_nothing(store) -> None:
    """Its error is raised as it was."""

    async def broken():
        yield bytes(3 << 20)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.put_blob("0" * 64, "a/b", broken(), 1 << 30)

    assert store.blob("0" * 64) is None


@pytest.mark.parametrize("size", [5000, 2 << 20])
async def test_unnamed_blobs_are_collected(store, size) -> None:
    """After their time, and not before; bytes freed are told. Put again, they are back."""
    data = os.urandom(size)
    await put(store, data)

    assert await store.collect_blobs() == 0
    assert await store.collect_blobs(0) == size
    assert store.blob(sha(data)) is None
    with pytest.raises(NotFound):
        await read(store, sha(data))
    await put(store, data)
    assert await read(store, sha(data)) == data


async def test_named_blobs_stay(store, reopen) -> None:
    """As long as one run names them; it is told which do."""
    ref = await put(store, b"shared")
    await name(store, ref, run="one")
    await name(store, ref, run="two")

    assert store.blob_runs(ref.sha256) == ["one", "two"]
    await store.change(lambda change: change.delete_run("one"))
    assert store.blob_runs(ref.sha256) == ["two"]
    store = await reopen()
    assert await store.collect_blobs(0) == 0
    assert await read(store, ref.sha256) == b"shared"


async def test_asking_begins_the_time_anew(store) -> None:
    """A sender that was told that a blob is here can count on it."""
    ref = await put(store, b"asked")
    store.has_blobs([ref.sha256])

    assert await store.collect_blobs(3600) == 0
    assert store.has_blobs([ref.sha256]) == {ref.sha256}


async def test_names_of_a_deleted_run_are_refused(store) -> None:
    """As all that is sent for it."""
    ref = await put(store, b"data")
    await store.change(lambda change: change.delete_run("run"))

    with pytest.raises(Gone):
        await name(store, ref)
    assert store.blob_runs(ref.sha256) == []


@pytest.mark.parametrize("size", [5000, 2 << 20])
async def test_a_blob_is_let_go(store, reopen, size) -> None:
    """By one owner of two nothing happens; by the last, and it is collected in time."""
    data = os.urandom(size)
    ref = await put(store, data)
    await name(store, ref, run="run")
    await name(store, ref, run="other")

    await store.change(lambda change: change.release_blobs("run", [ref.sha256]))
    assert store.blob_runs(ref.sha256) == ["other"]
    assert await store.collect_blobs(0) == 0
    await store.change(lambda change: change.release_blobs("other", [ref.sha256]))
    again = await reopen()
    assert again.blob_runs(ref.sha256) == []
    assert await again.collect_blobs() == 0
    assert await again.collect_blobs(0) == size


async def test_the_last_word_on_a_name_counts(store) -> None:
    """Within a change, and among changes that share a commit."""
    kept, gone = await put(store, b"kept"), await put(store, b"gone")
    await name(store, gone)

    def work(change) -> None:
        change.release_blobs("run", [kept.sha256, gone.sha256])
        change.keep_blobs("run", [kept])

    await asyncio.gather(
        store.change(lambda change: change.keep_blobs("run", [gone])), store.change(work)
    )

    assert store.blob_runs(kept.sha256) == ["run"]
    assert store.blob_runs(gone.sha256) == []
    assert store.run_bytes("run") == len(b"kept")


async def test_what_is_not_named_is_let_go_quietly(store) -> None:
    """A hash that is not here, or that another names; what is no hash is refused, and all of it."""
    ref = await put(store, b"mine")
    await name(store, ref, run="run")

    await store.change(lambda change: change.release_blobs("nobody", [ref.sha256, "0" * 64]))
    assert store.blob_runs(ref.sha256) == ["run"]
    with pytest.raises(ValueError, match="SHA-256"):
        await store.change(lambda change: change.release_blobs("run", [ref.sha256, "x"]))
    assert store.blob_runs(ref.sha256) == ["run"]


async def test_a_change_that_fails_lets_nothing_go(store) -> None:
    """Its names stay."""
    ref = await put(store, b"mine")
    await name(store, ref)

    def work(change) -> None:
        change.release_blobs("run", [ref.sha256])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.change(work)

    assert store.blob_runs(ref.sha256) == ["run"]
