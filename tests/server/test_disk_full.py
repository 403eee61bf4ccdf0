"""A disk that takes nothing: 507, nothing half done, and on again by itself."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from agnez_client.protocol import new_ulid
from agnez_server.app import make_app
from agnez_server.auth import Gate
from agnez_server.authfiles import AuthFiles
from agnez_server.keys import STORE
from agnez_server.listening import JsonRunner
from agnez_server.serve import Served
from agnez_server.settings import ServerSettings
from agnez_server.store import SqliteStore, StoreOptions
from tests.server.feathers_socket import FeathersSocket
from tests.server.running import RunningServer
from tests.server.spools import Spool


class Disk:
    """A disk that is full while ``full`` is set."""

    def __init__(self) -> None:
        self.full = False

    def before_commit(self, con: sqlite3.Connection) -> None:
        """Refuse the commit, as a full disk does."""
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")


@pytest.fixture
def disk() -> Disk:
    """The disk of the server."""
    return Disk()


@pytest.fixture
async def server(tmp_path: Path, disk: Disk) -> AsyncIterator[RunningServer]:
    """A server on that disk, which looks for room every 20 ms."""
    options = StoreOptions(before_commit=disk.before_commit, probe_interval_s=0.02)
    store = await SqliteStore.open(tmp_path / "data", options=options)
    settings = ServerSettings(host="127.0.0.1", port=0)
    app = make_app(settings, store, Gate(AuthFiles(tmp_path / "data"), needs_login=False))
    runner = JsonRunner(app, settings, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = int(runner.addresses[0][1])
    served = Served(
        f"http://127.0.0.1:{port}", port, tmp_path / "data", "", app, runner.connections
    )
    async with aiohttp.ClientSession() as http:
        running = RunningServer(served, http)
        yield running
        await running.dismiss()
    await runner.cleanup()
    await store.close()


async def room_again(server: RunningServer, disk: Disk) -> None:
    """There is room on the disk, and the server has noticed."""
    disk.full = False
    while (await server.get("/health"))["status"] != "ok":
        pass


async def test_writes_are_answered_507(server: RunningServer, disk: Disk) -> None:
    """Every way to write says that the disk is full; health says it too; reading goes on."""
    id = await server.new_run(name="kept")
    disk.full = True

    for method, path, body in (
        ("POST", "/points", {"run": "r", "channel": "c", "y": 1}), ("POST", "/runs", {}),
        ("PATCH", f"/runs/{id}", {"name": "n"}), ("DELETE", f"/runs/{id}", None),
    ):  # fmt: skip
        status, answer = await server.call(method, path, json=body)
        assert (status, answer["error"]["code"]) == (507, "read_only")

    assert (await server.get("/health"))["status"] in ("ok", "read_only")
    assert [run["name"] for run in (await server.get("/runs"))["items"]] == ["kept"]
    await room_again(server, disk)


async def test_nothing_remains_of_what_failed(server: RunningServer, disk: Disk) -> None:
    """A run, a name, a deletion, a step that could not be stored have not happened."""
    id, lost = await server.new_run(name="kept"), new_ulid()
    channel = (await server.post({"run": id, "channel": "c", "y": [0, 1]}))["channels"][0]
    disk.full = True
    for method, path, body in (
        ("POST", "/runs", {"id": lost, "name": "lost"}),
        ("POST", "/points", {"run": id, "channel": "c", "y": [2, 3, 4]}),
        ("PATCH", f"/runs/{id}", {"name": "renamed"}), ("DELETE", f"/runs/{id}", None),
    ):  # fmt: skip
        assert (await server.call(method, path, json=body))[0] == 507
        await room_again(server, disk)
        disk.full = True
    await room_again(server, disk)

    assert (await server.post({"run": "kept", "channel": "c", "y": 9}))["runs"] == [id]
    points = (await server.get(f"/channels/{channel}/raw"))["items"]
    assert [(p["x"], p["y"]) for p in points] == [(0, 0), (1, 1), (2, 9)]
    assert (await server.post({"run": "renamed", "channel": "c", "y": 1}))["runs"] != [id]
    assert await server.new_run(id=lost, name="other") == lost
    assert (await server.post({"run": "lost", "channel": "c", "y": 1}))["runs"] != [lost]
    assert (await server.post({"run": "other", "channel": "c", "y": 1}))["runs"] == [lost]


async def test_a_batch_that_failed_is_taken_again(server: RunningServer, disk: Disk) -> None:
    """Marks move with what is stored: the spool sends again and nothing is double."""
    spool = Spool()
    spool.send(1, 2)
    await server.taken(spool.batch())
    spool.send(3)
    spool.event("channel", n=1, name="acc", type="NUMERIC")
    disk.full = True
    assert (await server.ingest(spool.batch(first_event=2)))[0] == 507
    await room_again(server, disk)

    mark = await server.taken(spool.heartbeat())
    answer = await server.taken(spool.batch())

    assert (mark["events"], mark["points"]) == (2, 2)
    assert (answer["events"], answer["points"]) == (3, 3)
    assert await server.ys(f"{spool.run}.0") == [1, 2, 3]
    assert (await server.get(f"/runs/{spool.run}"))["channels"] == 2


async def test_viewers_see_only_what_is_stored(server: RunningServer, disk: Disk) -> None:
    """Nothing of a commit that failed is told, neither points nor runs."""
    spool = Spool()
    spool.send(1)
    await server.taken(spool.batch())
    viewer = await server.viewer()
    await viewer.ask("watch_runs")
    await viewer.watch(spool.run, {0: {"dx": 1}})
    assert (await viewer.frame())[1][0].y.tolist() == [1]
    disk.full = True
    spool.send(2)
    await server.ingest(spool.batch(1, first_event=2))
    await server.call("POST", "/runs", json={"name": "lost"})
    await room_again(server, disk)
    spool.points["y"][1] = 7

    await server.taken(spool.batch(1, first_event=2))
    await server.new_run(name="found")

    assert (await viewer.frame())[1][0].y.tolist() == [7]
    names = [(await viewer.run())["name"]]
    while names[-1] != "found":
        names.append((await viewer.run())["name"])
    assert "lost" not in names


async def test_values_are_kept_and_told_only_with_room(server: RunningServer, disk: Disk) -> None:
    """507 as Feathers says it, nobody is told, and the next record is the next event."""
    client = FeathersSocket()
    await client.join(server)
    _, made = await server.call("POST", "/values", json={"n": 1})
    disk.full = True

    for method, path, body in (
        ("POST", "", {"n": 2}), ("POST", "", [{"n": 2}]), ("PUT", f"/{made['_id']}", {"n": 2}),
        ("PATCH", "", {"n": 2}), ("DELETE", f"/{made['_id']}", None),
    ):  # fmt: skip
        status, error = await server.call(method, f"/values{path}", json=body)
        assert (status, error["code"], error["className"]) == (507, 507, "insufficient-storage")
    [refused] = await client.ask("create", "values", {"n": 2}, {})
    assert refused["code"] == 507
    assert (await server.call("GET", "/values"))[1] == [made]

    await room_again(server, disk)
    _, after = await server.call("POST", "/values", json={"n": 3})
    assert [await client.next(), await client.next()] == [
        ("values created", made), ("values created", after),
    ]  # fmt: skip
    await client.leave()


async def test_viewers_are_told_of_a_full_disk(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who are there when it fills, those who come later, and all when there is room."""
    store, there = server.served.app[STORE], await server.viewer()
    full = replace(store.store_stats(), read_only="no space left")
    with monkeypatch.context() as patched:
        patched.setattr(store, "store_stats", lambda: full)

        assert await there.store() == {"read_only": "no space left", "damage": None}
        later = await server.viewer()
        assert await later.store() == {"read_only": "no space left", "damage": None}

    for viewer in (there, later):
        assert await viewer.store() == {"read_only": None, "damage": None}


async def test_a_sound_store_is_not_mentioned(server: RunningServer) -> None:
    """Who joins a server that is well hears nothing of it."""
    viewer = await server.viewer()
    await viewer.ask("watch_runs")
    id = await server.new_run()

    await viewer.run(id=id)

    assert viewer.stores.empty()


async def test_damage_found_when_the_store_was_opened_is_told(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To who joins, and in the health, in the words of the store."""
    store = server.served.app[STORE]
    stats = replace(store.store_stats(), damage="3 points were lost")
    monkeypatch.setattr(store, "store_stats", lambda: stats)

    viewer = await server.viewer()

    assert await viewer.store() == {"read_only": None, "damage": "3 points were lost"}
    assert (await server.get("/health"))["damage"] == "3 points were lost"
    async with server.http.get(f"{server.base}/health") as beside:
        assert (await beside.json())["damage"] == "3 points were lost"


async def test_a_full_disk_is_a_line_in_the_log(
    server: RunningServer, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    """It says all that there is to say: no traceback."""
    disk.full = True

    await server.call("POST", "/runs", json={})

    await room_again(server, disk)
    (told,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert told.getMessage() == "a commit of 1 changes failed: database or disk is full"
    assert told.exc_info is None
