"""Opening: one process at a time, private files, and clear refusals."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from contextlib import closing

import pytest

from agnez_server.store import CannotOpenStore, DirectoryInUse, SchemaTooNew
from agnez_server.store.acked import AckedNote
from agnez_server.store.broken import empty_log


async def test_a_second_opener_is_told_who_has_it(open_store, store) -> None:
    """With the directory and the number of the process."""
    with pytest.raises(DirectoryInUse) as refused:
        await open_store()

    assert refused.value.pid == os.getpid()
    assert str(store._database.path.parent) in str(refused.value)
    assert str(os.getpid()) in str(refused.value)


async def test_a_closed_directory_is_free(open_store, store) -> None:
    """The same one can be opened again, and is the same store."""
    await store.close()

    assert (await open_store()).id == store.id


async def test_a_refused_file_leaves_the_directory_free(open_store, tmp_path) -> None:
    """What can't be opened does not stay locked."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "agnez.db").write_bytes(b"not a database, by far" * 100)
    with pytest.raises(CannotOpenStore, match="file is not a database"):
        await open_store()
    (tmp_path / "data" / "agnez.db").unlink()

    await open_store()


async def test_stores_have_ids_of_their_own(open_store) -> None:
    """32 hexadecimal digits, made with the directory."""
    one, two = await open_store("one"), await open_store("two")

    assert one.id != two.id
    assert len(bytes.fromhex(one.id)) == 16


async def test_files_are_private(store) -> None:
    """Others on the machine can't read them."""
    directory = store._database.path.parent
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert modes.pop("agnez.db") == 0o600
    assert set(modes.values()) == {0o600}


async def test_the_file_is_laid_out_as_decided(store) -> None:
    """8 KiB pages, a write-ahead log, and room for shrinking from the first file on."""
    con = store._database.writer

    assert con.execute("pragma page_size").fetchone() == (8192,)
    assert con.execute("pragma journal_mode").fetchone() == ("wal",)
    assert con.execute("pragma auto_vacuum").fetchone() == (2,)
    assert con.execute("pragma synchronous").fetchone() == (2,)
    assert con.execute("pragma wal_autocheckpoint").fetchone() == (0,)


async def test_a_newer_schema_is_refused(open_store, store) -> None:
    """With the versions and what to do; nothing is changed."""
    await store.close()
    with closing(sqlite3.connect(store._database.path)) as con:
        con.execute("pragma user_version = 99")

    with pytest.raises(SchemaTooNew, match=r"version 99.*upgrade"):
        await open_store()


async def test_a_foreign_database_is_refused(open_store, tmp_path) -> None:
    """A file of another program is not touched."""
    (tmp_path / "data").mkdir()
    with closing(sqlite3.connect(tmp_path / "data" / "agnez.db")) as con:
        con.execute("create table other (a)")

    with pytest.raises(CannotOpenStore, match="not one of Agnez"):
        await open_store()


async def test_a_directory_that_cannot_be_made_is_said(open_store, tmp_path) -> None:
    """Its name and the system's reason."""
    (tmp_path / "file").write_text("")

    with pytest.raises(CannotOpenStore, match="file/data"):
        await open_store("file/data")


async def test_a_damaged_file_is_refused(open_store, store, feed) -> None:
    """SQLite's own pages broken: the message says so, and what may help."""
    await feed(store, [1.0] * 5000)
    await store.close()
    with store._database.path.open("r+b") as file:
        file.seek(2 * 8192)
        file.write(b"\xff" * 20 * 8192)

    with pytest.raises(CannotOpenStore, match=r"damaged.*backup"):
        await open_store()


@pytest.mark.parametrize("name", ["agnez.db", "blobs.db"])
async def test_a_damaged_head_is_mended(open_store, store, feed, name) -> None:
    """A byte of a file's first 100 changed: it opens with all of it and says so, what was there is
    kept; the next start has nothing to say."""
    await feed(store, [1.0] * 500)
    await store.seal()
    await store.close()
    path = store._directory.path / name
    sound = path.read_bytes()
    for at in (0, 16, 20, 28, 47, 61, 70):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 0x10]) + sound[at + 1 :])

        opened = await open_store()

        (series,) = opened.series("run")
        assert len(opened.view(series.id, None, None, 4000).y) == 500
        damage = opened.store_stats().damage
        assert f"head of {name} was damaged at byte {at}: it is mended" in damage
        await opened.close()
        assert path.read_bytes()[at] == sound[at]
    assert len([*(path.parent / "damaged").iterdir()]) == 7
    assert (await open_store()).store_stats().damage is None


async def test_a_full_disk_at_the_start_says_how_much_room_is_needed(
    open_store, tmp_path, monkeypatch
) -> None:
    """The directory is named, and that nothing is lost."""

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(AckedNote, "_write", full)

    with pytest.raises(CannotOpenStore, match=r"disk is full.*data.*room for 32 MiB.*is kept"):
        await open_store()


async def test_a_log_that_cannot_be_emptied_stays(store, caplog) -> None:
    """A line in the log of the server; whoever closes the store goes on."""
    path = store._database.path
    with closing(sqlite3.connect(path, isolation_level=None)) as con:
        con.execute("begin")
        con.execute("select * from meta").fetchone()

        empty_log(con, path)

    assert "log of agnez.db stays beside it" in caplog.text
