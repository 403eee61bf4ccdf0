"""`agnez doctor` on data directories: what it finds, and that it changes nothing."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agnez_client.cli.verbs import group
from agnez_server.doctor import examine
from agnez_server.store import SqliteStore
from tests.server.store.history import OPTIONS, History, make_history, state_of
from tests.server.test_store_damaged import ruin


@pytest.fixture
async def history(tmp_path: Path) -> History:
    """A store whose last commits are in its log."""
    return await make_history(tmp_path / "live", 6)


@pytest.fixture
def place(history: History, tmp_path: Path) -> Path:
    """Its directory, as a kill left it."""
    history.lay_out(tmp_path / "data")
    return tmp_path / "data"


def doctor(*args: object) -> Result:
    """Run the verb."""
    return CliRunner().invoke(group, ["doctor", *map(str, args)])


def damage(path: Path, *, full: bool = False) -> list[str]:
    """What is found damaged."""
    return [f"{one.where}: {one.what}" for one in examine(path, full=full) if one.level == "damage"]


def contents(path: Path) -> dict[str, bytes]:
    """All files but SQLite's index of the log."""
    files = (file for file in path.rglob("*") if file.is_file() and file.suffix != ".db-shm")
    return {file.name: file.read_bytes() for file in files}


def flip(path: Path, at: int) -> None:
    """Change a bit of a file."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


async def test_a_sound_directory_is_sound(place: Path) -> None:
    """Status 0, every part of it told, not a byte changed."""
    before = contents(place)

    done = doctor(place, "--full")

    assert done.exit_code == 0, done.output
    for told in ("6 commits wait", "indexes are in order", "7 documents"):
        assert told in done.output
    assert contents(place) == before


async def test_json_is_for_programs(place: Path) -> None:
    """A list of findings with level, what, where and hint."""
    found = json.loads(doctor(place, "--json").stdout)

    assert {tuple(sorted(one)) for one in found} == {("hint", "level", "what", "where")}
    assert {one["level"] for one in found} <= {"ok", "note"}


async def test_what_is_no_data_directory_is_refused(tmp_path: Path) -> None:
    """Status 2."""
    done = doctor(tmp_path)

    assert done.exit_code == 2
    assert str(tmp_path) in done.output


async def test_a_damaged_log_is_found(place: Path) -> None:
    """Where, and status 1; nothing is mended."""
    flip(place / "agnez.db-wal", 100_000)
    before = contents(place)

    done = doctor(place)

    assert done.exit_code == 1
    assert "agnez.db-wal" in done.output
    assert contents(place) == before


async def test_a_cut_log_is_found(place: Path, history: History) -> None:
    """How many acknowledged commits are missing."""
    (place / "agnez.db-wal").write_bytes(history.files["agnez.db-wal"][: history.ends[4]])

    assert any("2 acknowledged commits are missing" in found for found in damage(place))


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("doc", "update doc set body = 'x' || substr(body, 2) where id = 3"),
        ("entry", "update entry set x = 77 where ord = 1"),
        ("line", "update line set text = 'another' where number = 2"),
        ("mark", "update mark set points = points + 1"),
        ("series", "update series set channel = 5 where id = 2"),
        ("log", "update log set body = zeroblob(900) where id = (select max(id) from log)"),
        ("chunk", "update chunk set body = zeroblob(90) where series = 2"),
        ("chunk", "update chunk set x1 = 5 where series = 2"),
    ],
)
async def test_damaged_rows_are_found(place: Path, table: str, change: str) -> None:
    """In each table, by their checksums."""
    with closing(sqlite3.connect(place / "agnez.db")) as con:
        assert con.execute(change).rowcount > 0
        con.commit()

    assert any(table in found.split(": ")[1] for found in damage(place))


async def test_damaged_blobs_are_found(tmp_path: Path) -> None:
    """Missing and cut files at once, other bytes with --full; named ones that are not there."""
    store = await SqliteStore.open(tmp_path / "data", options=OPTIONS)
    for data in (b"small", b"a" * (2 << 20), b"b" * (2 << 20)):

        async def once(data: bytes = data):
            yield data

        sha = hashlib.sha256(data).hexdigest()
        ref = await store.put_blob(sha, "a/b", once(), 1 << 30)
        await store.change(lambda change, ref=ref: change.keep_blobs("run", [ref]))
    await store.close()
    assert damage(tmp_path / "data", full=True) == []
    first, second = sorted((tmp_path / "data" / "blobs").glob("??/*"))
    first.unlink()
    flip(second, 1000)
    with closing(sqlite3.connect(tmp_path / "data" / "blobs.db")) as con:
        con.execute("delete from blob where size = 5")
        con.commit()

    quick, full = damage(tmp_path / "data"), damage(tmp_path / "data", full=True)

    assert any("can't be read" in found for found in quick)
    assert any("is missing, run names it" in found for found in quick)
    assert not any("other bytes" in found for found in quick)
    assert any("other bytes than its hash says" in found for found in full)


async def test_it_works_beside_a_running_server(tmp_path: Path) -> None:
    """In a process of its own, while commits go on: sound, and who uses it."""
    store = await SqliteStore.open(tmp_path / "data", options=OPTIONS)
    writing = asyncio.create_task(write(store))
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("agnez"),
        "doctor",
        tmp_path / "data",
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    writing.cancel()

    assert process.returncode == 0, output.decode()
    assert "uses it" in output.decode()
    await asyncio.gather(writing, return_exceptions=True)
    await store.close()


async def write(store: SqliteStore) -> None:
    """Commit until cancelled."""
    while True:
        await store.change(lambda change: change.docs.table("t").insert({"n": 1}))


async def test_salvage_saves_what_can_be_read(
    place: Path, history: History, tmp_path: Path
) -> None:
    """The head of the file overwritten, a bit of the log flipped: all of it is in the new store."""
    with (place / "agnez.db").open("r+b") as file:
        file.write(bytes(20))
    flip(place / "agnez.db-wal", 100_000)
    before = contents(place)

    done = doctor(place, "--salvage", tmp_path / "new")

    assert done.exit_code == 0, done.output
    assert contents(place) == before
    store = await SqliteStore.open(tmp_path / "new", options=OPTIONS)
    assert state_of(store) == history.states[-1]
    await store.close()


async def test_a_damaged_head_is_found(place: Path) -> None:
    """Where it is, and that a start is enough."""
    flip(place / "agnez.db", 21)

    done = doctor(place)

    assert done.exit_code == 1
    assert "head is damaged at byte 21" in done.output
    assert "the next start mends it" in done.output


@pytest.mark.parametrize("at", [28, 100, 103])
async def test_salvage_knows_the_first_page(
    place: Path, history: History, tmp_path: Path, at: int
) -> None:
    """How many pages there are, and the list of tables: all is saved where these are damaged."""
    await (await SqliteStore.open(place, options=OPTIONS)).close()
    raw = bytearray((place / "agnez.db").read_bytes())
    raw[at] ^= 0x10
    (place / "agnez.db").write_bytes(raw)

    done = doctor(place, "--salvage", tmp_path / "new")

    assert done.exit_code == 0, done.output
    store = await SqliteStore.open(tmp_path / "new", options=OPTIONS)
    assert state_of(store) == history.states[-1]
    await store.close()


async def test_salvage_counts_what_it_could_not_read(place: Path, tmp_path: Path) -> None:
    """Status 1, and how many rows are missing where an index tells."""
    await (await SqliteStore.open(place, options=OPTIONS)).close()
    ruin(place / "agnez.db", "entry", "line")

    done = doctor(place, "--salvage", tmp_path / "new")

    assert done.exit_code == 1
    assert "entry (2 missing), line (nobody knows how many missing)" in done.output


async def test_salvage_needs_the_server_to_be_stopped(place: Path, tmp_path: Path) -> None:
    """It would read what is changed meanwhile: refused, and nothing is made."""
    store = await SqliteStore.open(place, options=OPTIONS)

    done = doctor(place, "--salvage", tmp_path / "new")

    await store.close()
    assert done.exit_code == 1
    assert "stop the server first" in done.output
    assert not (tmp_path / "new").exists()
