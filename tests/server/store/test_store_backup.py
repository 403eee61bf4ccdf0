"""Backups: of a store in use, whole or not at all, checked, and brought back."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from agnez_server.store import CannotOpenStore, DirectoryInUse, Mark
from agnez_server.store.backup import CannotBackUp, backup
from agnez_server.store.restore import restore, verify

LARGE = os.urandom(2 << 20)
SPOOL = b"s" * 16


def sha(data: bytes) -> str:
    """The name of a blob."""
    return hashlib.sha256(data).hexdigest()


async def put(store, data: bytes):
    """Put *data* under its name."""

    async def source():
        yield data

    return await store.put_blob(sha(data), "a/b", source(), 1 << 30)


async def fill(store) -> None:
    """Something of everything."""
    refs = [await put(store, LARGE), await put(store, b"small")]

    def work(change):
        points, entries = (change.open_series("run", n, 1, 0).id for n in (0, 1))
        change.append(points, np.arange(3), np.array([1.0, np.nan, 3.0]), np.arange(3))
        change.append_entries(entries, [1], [1], [b'{"n": 1}'], refs)
        change.docs.table("runs").insert({"name": "größe"})

    await store.change(work)


def check(store) -> None:
    """All that `fill` did is there."""
    assert store.committed.table("runs").all() == [{"name": "größe"}]
    assert store.stats(1).count == 3
    assert store.entries(2, 0, 9)[0].body == {"n": 1}
    assert store.read_blob(sha(b"small"), 0, 99) == b"small"
    assert store.blob_file(sha(LARGE)).read_bytes() == LARGE


def directory(store) -> Path:
    """Where the store lies."""
    return store._database.path.parent


async def in_process(verb: str, *paths: Path) -> None:
    """Do it as another process does, beside the one that runs the store."""
    module = {"backup": "backup", "restore": "restore"}[verb]
    code = (
        f"import sys, pathlib; from agnez_server.store.{module} import {verb}; "
        f"{verb}(*map(pathlib.Path, sys.argv[1:]))"
    )
    done = await asyncio.create_subprocess_exec(sys.executable, "-c", code, *map(str, paths))
    assert await done.wait() == 0


async def test_a_backup_of_a_store_in_use_comes_back(open_store, store, tmp_path) -> None:
    """Documents, points, entries, blobs, and the files beside them; the store is the same."""
    await fill(store)
    (directory(store) / "tokens.json").write_text("[]")
    await in_process("backup", directory(store), tmp_path / "saved")
    await in_process("restore", tmp_path / "saved", tmp_path / "again")

    again = await open_store("again")

    check(again)
    assert again.id == store.id
    assert (tmp_path / "again" / "tokens.json").read_text() == "[]"
    check(store)


async def test_a_backup_is_private_and_says_what_it_is(store, tmp_path) -> None:
    """Directories 0700, files 0600; no locks, no write-ahead logs, nothing unfinished beside it."""
    await fill(store)
    told = []

    made = await asyncio.to_thread(
        backup, directory(store), tmp_path / "saved", lambda *sizes: told.append(sizes)
    )

    names = {path.name for path in (tmp_path / "saved").iterdir()}
    assert names == {"agnez.db", "blobs.db", "blobs", "backup.json"}
    for path in [tmp_path / "saved", *(tmp_path / "saved").glob("**/*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    said = json.loads((tmp_path / "saved" / "backup.json").read_bytes())
    assert (said["store"], said["blobs"], said["missing"]) == (store.id, 2, [])
    assert made.bytes == said["bytes"] == told[-1][0] == told[-1][1]
    assert {path.name for path in tmp_path.iterdir()} == {"data", "saved"}


async def test_a_backup_under_load_is_of_one_moment(open_store, store, tmp_path) -> None:
    """Marks, points, documents agree, and every blob that is named is there."""
    stop, n = asyncio.Event(), 0

    def work(change, ref):
        mark = change.mark(SPOOL)
        entries = change.open_series("run", 1, 1, 0).id
        points = change.open_series("run", 0, 1, 0).id
        change.append(points, np.arange(500), np.zeros(500), np.arange(500))
        body = json.dumps({"sha256": ref.sha256}).encode()
        change.append_entries(entries, [mark.points], [0], [body], [ref])
        change.set_mark(SPOOL, "run", Mark(0, mark.points + 1))
        change.docs.table("progress").insert({})

    async def write() -> None:
        nonlocal n
        while not stop.is_set():
            ref = await put(store, os.urandom(1000) if n % 8 else os.urandom((1 << 20) + 1))
            await store.change(lambda change, ref=ref: work(change, ref))
            n += 1

    writing = [asyncio.create_task(write()) for _ in range(3)]
    await in_process("backup", directory(store), tmp_path / "saved")
    stop.set()
    await asyncio.gather(*writing)
    await in_process("restore", tmp_path / "saved", tmp_path / "again")
    again = await open_store("again")

    rounds = (await again.change(lambda change: change.mark(SPOOL))).points
    assert 0 <= rounds <= n
    assert again.stats(1).count + again.stats(2).count == 501 * rounds
    assert len(again.committed.table("progress")) == rounds
    for series in again.series("run", 1):
        for entry in again.entries(series.id, 0, n):
            name = entry.body["sha256"]
            size = again.blob(name).size
            assert sha(again.read_blob(name, 0, size)) == name


async def test_blobs_that_the_documents_do_not_know_are_collected(
    open_store, store, tmp_path
) -> None:
    """They came while the backup was made, and were named too late for it."""
    ref = await put(store, b"late")
    await store.change(lambda change: change.keep_blobs("run", [ref]))
    await store.collect_blobs(0)
    await store.close()
    saved = tmp_path / "saved"
    await asyncio.to_thread(backup, directory(store), saved)
    with closing(sqlite3.connect(saved / "agnez.db")) as con:
        con.execute("delete from blob_ref")
        con.commit()

    await asyncio.to_thread(restore, saved, tmp_path / "again")
    again = await open_store("again")

    assert await again.collect_blobs(0) == 4


async def test_a_taken_name_is_refused(store, tmp_path) -> None:
    """Nothing is overwritten; nor is a backup made of nothing."""
    (tmp_path / "saved").mkdir()
    with pytest.raises(CannotBackUp, match="exists"):
        backup(directory(store), tmp_path / "saved")
    with pytest.raises(CannotBackUp, match="no store"):
        backup(tmp_path / "saved", tmp_path / "other")


async def test_a_backup_that_fails_leaves_nothing(store, tmp_path, monkeypatch) -> None:
    """Here because the disk is full."""

    def full(*arguments) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("agnez_server.store.backup.copy_database", full)
    with pytest.raises(OSError, match="No space"):
        backup(directory(store), tmp_path / "saved")

    assert {path.name for path in tmp_path.iterdir()} == {"data"}


async def test_a_missing_file_is_told_and_the_rest_is_saved(open_store, store, tmp_path) -> None:
    """One lost blob does not stop a backup, nor its return."""
    await fill(store)
    store.blob_file(sha(LARGE)).unlink()
    await store.close()

    made = await asyncio.to_thread(backup, directory(store), tmp_path / "saved")
    await asyncio.to_thread(restore, tmp_path / "saved", tmp_path / "again")

    assert made.missing == [sha(LARGE)]
    again = await open_store("again")
    assert again.read_blob(sha(b"small"), 0, 9) == b"small"


async def test_a_directory_that_is_not_empty_or_in_use_is_refused(store, tmp_path) -> None:
    """What is there is never mixed with what comes back."""
    await asyncio.to_thread(backup, directory(store), tmp_path / "saved")
    with pytest.raises(DirectoryInUse):
        restore(tmp_path / "saved", directory(store))
    await store.close()
    with pytest.raises(CannotBackUp, match=r"not empty .*agnez.db"):
        restore(tmp_path / "saved", directory(store))


@pytest.mark.parametrize(
    ("name", "said"),
    [("agnez.db", "agnez.db is damaged"), ("small", "blob"), ("large", "blob"),
     ("gone", "can't be read"), ("backup.json", "no backup")],
)  # fmt: skip
async def test_a_damaged_backup_is_refused(store, tmp_path, name, said) -> None:
    """Before anything is brought back; the message names what is wrong."""
    await fill(store)
    await store.close()
    saved = tmp_path / "saved"
    await asyncio.to_thread(backup, directory(store), saved)
    file = next(path for path in saved.glob("blobs/??/*"))
    if name == "small":
        with closing(sqlite3.connect(saved / "blobs.db")) as con:
            con.execute("update body set data = ?", (b"smell",))
            con.commit()
    elif name == "large":
        file.unlink()  # it is linked to the one that was saved
        file.write_bytes(LARGE[:-1] + bytes([LARGE[-1] ^ 1]))
    elif name == "gone":
        file.unlink()
    elif name == "agnez.db":
        with (saved / name).open("r+b") as database:
            database.seek(2 * 8192)
            database.write(b"\xff" * 8192)
    else:
        (saved / name).write_text("{}")

    with pytest.raises(CannotBackUp, match=said):
        restore(saved, tmp_path / "again")
    assert not (tmp_path / "again").exists()


async def test_a_restore_that_was_cut_off_is_begun_anew(
    open_store, store, tmp_path, monkeypatch
) -> None:
    """Until then no server opens the directory."""
    await fill(store)
    await asyncio.to_thread(backup, directory(store), tmp_path / "saved")

    def cut_off(path) -> None:
        raise OSError("cut off")

    with monkeypatch.context() as patch:
        patch.setattr("agnez_server.store.restore._loosen", cut_off)
        with pytest.raises(OSError, match="cut off"):
            restore(tmp_path / "saved", tmp_path / "again")
    with pytest.raises(CannotOpenStore, match="do it again"):
        await open_store("again")

    await asyncio.to_thread(restore, tmp_path / "saved", tmp_path / "again")

    check(await open_store("again"))


async def test_a_backup_can_be_checked(store, tmp_path) -> None:
    """It says nothing when all is well, and tells how far it is."""
    await fill(store)
    made = await asyncio.to_thread(backup, directory(store), tmp_path / "saved")
    told = []

    await asyncio.to_thread(verify, tmp_path / "saved", lambda *sizes: told.append(sizes))

    assert told[-1] == (made.bytes, made.bytes)


async def test_a_newer_backup_is_refused(store, tmp_path) -> None:
    """With what to do."""
    await asyncio.to_thread(backup, directory(store), tmp_path / "saved")
    manifest = tmp_path / "saved" / "backup.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"version": 99}))

    with pytest.raises(CannotBackUp, match=r"version 99.*upgrade"):
        restore(tmp_path / "saved", tmp_path / "again")
