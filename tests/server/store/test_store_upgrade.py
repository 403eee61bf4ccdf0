"""A file that an older Agnez wrote is brought to the version of today."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from agnez_server.store import CannotOpenStore, Mark, schema

HERE = Path(__file__).parent


@pytest.fixture(params=[1, 2])
async def old(request, open_store, feed):
    """
    The path of a file as that version made it, with points in the log and in chunks, a mark and a
    document.
    """
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
    for name in ("blobs.db", "ACKED"):
        path.with_name(name).unlink()
    new = path.rename(path.with_name("new.db"))
    with closing(sqlite3.connect(path, isolation_level=None)) as con:
        con.executescript("pragma page_size = 8192; pragma auto_vacuum = incremental;")
        con.executescript((HERE / f"version{request.param}.sql").read_text())
        con.execute("attach ? as new", (str(new),))
        tables = con.execute("select name from main.sqlite_master where type = 'table'").fetchall()
        for (table,) in tables:
            names = [row[1] for row in con.execute(f"pragma main.table_info({table})")]
            columns = ", ".join(names)
            con.execute(
                f"insert or ignore into main.{table} ({columns}) select {columns} from new.{table}"
            )
        con.execute("delete from main.log where id = 0")
    new.unlink()
    path.chmod(0o600)
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
    assert version(old) == 3


async def test_the_old_file_stays_as_a_copy(old, open_store) -> None:
    """Private, whole, of the old version, and only one."""
    before = version(old)
    await open_store()
    copy = old.with_name(f"agnez.db.v{before}.bak")

    assert version(copy) == before
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as con:
        assert con.execute("select sum(n) from chunk").fetchone() == (2000,)
    assert not list(old.parent.glob("*.part*"))


async def test_an_upgrade_that_fails_changes_nothing(old, open_store, monkeypatch) -> None:
    """The file is as it was, and the next try begins anew."""
    before = version(old)
    with monkeypatch.context() as patch:
        patch.setitem(schema._STEPS, 2, schema._VERSION_3 + "broken;")
        with pytest.raises(CannotOpenStore, match="broken"):
            await open_store()

    assert version(old) == before
    assert (await open_store()).stats(1).count == 2002


async def test_an_upgrade_needs_room_for_the_copy(old, open_store, monkeypatch) -> None:
    """Said before anything is written, with what is needed and what there is."""
    before, usage = version(old), shutil.disk_usage(old.parent)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1000))
        with pytest.raises(CannotOpenStore, match=r"needs \d+ bytes, the disk has 1000"):
            await open_store()

    assert version(old) == before
    assert not list(old.parent.glob("*.bak*"))


async def test_an_upgrade_whose_copy_fails_is_said(old, open_store, monkeypatch) -> None:
    """With the system's reason; nothing was changed."""

    before = version(old)

    def full(path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("agnez_server.store.copying.sync", full)
        with pytest.raises(CannotOpenStore, match="No space left"):
            await open_store()

    assert version(old) == before
    assert not list(old.parent.glob("*.bak*"))


POINTS = (
    "agnez_server.store.schema.copy_database",
    "agnez_server.store.copying._copy",
    "agnez_server.store.copying.sync",
    "agnez_server.store.schema.add_sums",
    "agnez_server.store.sqlite.load_docs",
)


@pytest.mark.parametrize("point", POINTS)
async def test_an_upgrade_that_is_killed_is_done_again(old, open_store, point) -> None:
    """Before, in and after the copy, in the middle of the upgrade, and right behind it."""
    script = HERE / "killed_upgrade.py"
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, script, old.parent, point], capture_output=True
    )
    assert done.returncode == -signal.SIGKILL
    assert version(old) in (1, 2, 3)

    store = await open_store()

    assert store.store_stats().damage is None
    assert store.raw(1, 1999, 9).y.tolist() == [1.0, 2.0, 3.0]
    assert store.committed.table("runs").all() == [{"name": "kept"}]
    assert len(list(old.parent.glob("*.bak"))) == 1
    assert not list(old.parent.glob("*.part*"))


async def test_rows_of_an_old_file_get_checksums(old, open_store) -> None:
    """So that what flips later is found in them as well."""
    await (await open_store()).close()

    with closing(sqlite3.connect(old)) as con:
        for table in ("doc", "mark", "series"):
            assert con.execute(f"select count(*), count(crc) from {table}").fetchone() == (1, 1)
