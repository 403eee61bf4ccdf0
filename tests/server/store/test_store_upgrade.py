"""A file that an older Agnez wrote is brought to the version of today."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from contextlib import closing

import pytest

from agnez_server.store import CannotOpenStore, Mark, schema

NEW_TABLES = ("entry", "console", "line", "blob_ref", "loose", "gone", "sqlite_sequence")


@pytest.fixture
async def old(open_store, feed):
    """The path of a file of version 1, with points in the log and in chunks, and a document."""
    store = await open_store()
    await feed(store, [1.0] * 2000)
    await store.seal()
    await feed(store, [2.0, 3.0])

    def work(change):
        change.docs.table("runs").insert({"name": "kept"})
        change.set_mark(b"s" * 16, "run", Mark(3, 2002))

    await store.change(work)
    await store.close()
    path = store._database.path
    path.with_name("blobs.db").unlink()
    with closing(sqlite3.connect(path, isolation_level=None)) as con:
        for table in NEW_TABLES[:-1]:
            con.execute(f"drop table {table}")
        con.execute("alter table series drop column entries")
        con.execute("pragma user_version = 1")
    return path


def version(path) -> int:
    """The schema version of a file that is whole."""
    with closing(sqlite3.connect(path)) as con:
        assert con.execute("pragma integrity_check").fetchall() == [("ok",)]
        return con.execute("pragma user_version").fetchone()[0]


async def test_an_old_file_is_upgraded(old, open_store) -> None:
    """All that was in it is there, what is new works, and so does the next opening."""
    store = await open_store()

    def work(change):
        entries = change.open_series("run", 1, 1, 0)
        change.append_entries(entries.id, [1], [1], [b'{"n": 1}'])
        return change.mark(b"s" * 16), change.docs.table("runs").all()

    assert await store.change(work) == (Mark(3, 2002), [{"name": "kept"}])
    assert store.raw(1, 1999, 9).y.tolist() == [1.0, 2.0, 3.0]
    await store.close()
    store = await open_store()
    assert store.stats(1).count == 2002
    assert store.entries(2, 0, 9)[0].body == {"n": 1}
    assert version(old) == 2


async def test_the_old_file_stays_as_a_copy(old, open_store) -> None:
    """Private, whole, of the old version, and only one."""
    await open_store()
    copy = old.with_name("agnez.db.v1.bak")

    assert version(copy) == 1
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as con:
        assert con.execute("select sum(n) from chunk").fetchone() == (2000,)
    assert not list(old.parent.glob("*.part*"))


async def test_an_upgrade_that_fails_changes_nothing(old, open_store, monkeypatch) -> None:
    """The file is as it was, and the next try begins anew."""
    with monkeypatch.context() as patch:
        patch.setattr(schema, "_VERSION_2", schema._VERSION_2 + "broken;")
        with pytest.raises(CannotOpenStore, match="broken"):
            await open_store()

    assert version(old) == 1
    assert (await open_store()).stats(1).count == 2002


async def test_an_upgrade_needs_room_for_the_copy(old, open_store, monkeypatch) -> None:
    """Said before anything is written, with what is needed and what there is."""
    usage = shutil.disk_usage(old.parent)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
        with pytest.raises(CannotOpenStore, match=r"needs \d+ bytes, the disk has 1000"):
            await open_store()

    assert version(old) == 1
    assert not list(old.parent.glob("*.bak*"))


async def test_an_upgrade_whose_copy_fails_is_said(old, open_store, monkeypatch) -> None:
    """With the system's reason; nothing was changed."""

    def full(path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("agnez_server.store.copying.sync", full)
        with pytest.raises(CannotOpenStore, match="No space left"):
            await open_store()

    assert version(old) == 1
    assert not list(old.parent.glob("*.bak*"))
