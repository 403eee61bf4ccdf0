"""A file that SQLite can't read in places: said over HTTP, and all else goes on."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import Any

import pytest

from agnez_server.keys import STORE
from agnez_server.store import SqliteStore
from tests.server.bodies import PICTURE, PNG, put, sha256
from tests.server.running import RunningServer
from tests.server.spools import Spool
from tests.server.test_console import say

Start = Callable[..., AbstractAsyncContextManager[RunningServer]]


async def fill(server: RunningServer) -> str:
    """A run with points, an entry, lines and a picture; all of it in the files."""
    await put(server, PNG, "image/png")
    spool = Spool(name="r")
    say(spool, 0, "hello")
    spool.send(*range(2000))
    await server.taken(spool.batch())
    body = {"items": [{**PICTURE, "thumb": PICTURE}]}
    await server.post({"run": spool.run, "channel": "pic", "type": "IMAGE", "y": body})
    await server.served.app[STORE].seal()
    return spool.run


def ruin(path: Path, *tables: str) -> None:
    """Overwrite the first page of *tables*, which leads to all others of theirs."""
    with closing(sqlite3.connect(path)) as con:
        con.execute("pragma wal_checkpoint(truncate)").fetchall()
        (size,) = con.execute("pragma page_size").fetchone()
        pages = [
            con.execute("select rootpage from sqlite_master where name = ?", (name,)).fetchone()[0]
            for name in tables
        ]
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * size)
            file.write(b"\xff" * size)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_what_cannot_be_read_is_said_and_all_else_goes_on(
    start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each kind of reading is a 503 that names the file and the way on, logged once; it is shown
    as damage, and new points are taken and read."""
    async with start() as server:
        run = await fill(server)
        channel, picture = f"{run}.0", (await server.channel(run, "pic"))["id"]
    ruin(tmp_path / "data" / "agnez.db", "chunk", "entry", "line")
    ruin(tmp_path / "data" / "blobs.db", "body")
    async with start() as server:
        caplog.clear()
        files = {
            f"/channels/{channel}/points": "agnez.db",
            f"/channels/{channel}/raw": "agnez.db",
            f"/channels/{channel}/raw?format=csv": "agnez.db",
            f"/channels/{picture}/entries": "agnez.db",
            f"/runs/{run}/console": "agnez.db",
            f"/runs/{run}/console?format=text": "agnez.db",
            f"/blobs/{sha256(PNG)}": "blobs.db",
        }
        for path, file in files.items():
            for _ in range(2):
                await refused(server, path, file)
        told = [r.getMessage() for r in caplog.records if "is damaged" in r.getMessage()]
        assert len(told) == len(set(told))
        damage = (await server.get("/health"))["damage"]
        assert "parts of agnez.db can't be read; parts of blobs.db can't be read" in damage

        new = (await server.post({"run": "new", "channel": "loss", "y": [1, 2]}))["channels"][0]

        assert await server.ys(new) == [1, 2]
        assert (await server.get(f"/runs/{run}"))["points"] == 2001  # and the picture


async def refused(server: RunningServer, path: str, file: str) -> None:
    """It is answered with 503, and what to do."""
    status, answer = await server.call("GET", path)
    assert status == 503, (path, status, answer)
    error: dict[str, Any] = answer["error"]
    assert (error["code"], error["file"]) == ("store_damaged", file), path
    assert "agnez doctor" in error["hint"]


async def test_a_write_that_meets_damage_is_refused_and_others_go_on(
    start: Start, tmp_path: Path
) -> None:
    """Lines can't be written where the table of lines is broken; points can, a moment later."""
    async with start() as server:
        await fill(server)
    ruin(tmp_path / "data" / "agnez.db", "line")
    async with start() as server:
        store, spool = server.served.app[STORE], Spool(name="more")
        say(spool, 0, "lost")

        status, answer = await server.ingest(spool.batch())

        assert status == 507
        assert "agnez doctor" in answer["error"]["hint"]
        assert "can't be written in places" in store.store_stats().damage
        await store.writable()
        new = (await server.post({"run": "new", "channel": "loss", "y": [1, 2]}))["channels"][0]
        assert await server.ys(new) == [1, 2]


async def test_blobs_that_were_lost_with_their_log_are_said(start: Start, tmp_path: Path) -> None:
    """What is named was put before: where it is not, the end of the log of blobs is gone."""
    data, saved = tmp_path / "data", tmp_path / "saved"
    async with start() as server:
        await fill(server)
        shutil.copytree(data, saved)
    (saved / "blobs.db-wal").unlink()
    shutil.rmtree(data)
    saved.rename(data)
    async with start() as server:
        store = server.served.app[STORE]
        assert isinstance(store, SqliteStore)

        await store.inspected()

        assert "1 blob" in store.store_stats().damage
        await put(server, PNG, "image/png")
        assert (await server.call("GET", f"/blobs/{sha256(PNG)}"))[0] == 200


async def test_a_damaged_end_of_a_series_has_an_end(start: Start, tmp_path: Path) -> None:
    """Pages and CSV end before a damaged chunk; what is missing is told once it was read."""
    async with start() as server:
        run = await fill(server)
        path = f"/channels/{run}.0/raw"
    with closing(sqlite3.connect(tmp_path / "data" / "agnez.db")) as con:
        assert con.execute("update chunk set body = zeroblob(90)").rowcount == 1
        con.commit()
    async with start() as server:
        assert (await server.get("/health"))["damage"] is None

        assert await server.get(path) == {"items": [], "next": None}

        assert "2,000 sealed points can't be read" in (await server.get("/health"))["damage"]
        status, text = await server.call("GET", path, params={"format": "csv"})
        assert (status, text) == (200, b"session,rank,ordinal,x,y,wall\n")
