"""`agnez up` as a process: how it ends, and when it refuses to begin."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from agnez_client.protocol import CONTENT_TYPE, encode_batch, join_buffers
from agnez_server.authfiles import AuthFiles
from agnez_server.serve import serving
from agnez_server.settings import ServerSettings
from tests.server.running import running
from tests.server.spools import Spool
from tests.server.watching import Watcher
from tests.support.agnez_up import AGNEZ, RunningServer, agnez_up, home_environment

ENDS_WITHIN_S = 6.0  # less than 2 on an idle machine; tests run beside others
HALF_A_REQUEST = b"POST /api/v1/points HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server process that no test ends, its data in ``data`` of its home."""
    with agnez_up(tmp_path_factory.mktemp("up")) as running:
        yield running


def data_of(running: RunningServer) -> Path:
    """Where a server keeps its data."""
    return Path(running.environment["HOME"]) / "data"


def refused(home: Path, *args: str, **variables: str) -> str:
    """What an `agnez up` that must not start says; its status is 1."""
    done = subprocess.run(
        [*AGNEZ, "up", *args], env={**home_environment(home), **variables},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


async def ended(process: subprocess.Popen[str], number: int = signal.SIGINT) -> tuple[int, float]:
    """Status of a process that was told to end, and how many seconds it took."""
    began = time.perf_counter()
    process.send_signal(number)
    status = await asyncio.to_thread(process.wait, 30)
    return status, time.perf_counter() - began


async def test_it_ends_quickly_with_viewers_connected(tmp_path: Path) -> None:
    """Ctrl-C with open dashboards, some that read nothing, and half a request: soon, status 0."""
    spool = Spool()
    spool.send(*range(100))
    with agnez_up(tmp_path) as up:
        root = up.url.replace("localhost", "127.0.0.1")
        viewers = [Watcher(root, "socket.io") for _ in range(3)]
        for viewer, transport in zip(viewers, ("websocket", "websocket", "polling"), strict=True):
            await viewer.join(transport=transport)
        async with aiohttp.ClientSession() as http:
            await http.post(f"{root}/api/v1/ingest", data=join_buffers(encode_batch(spool.batch())),
                            headers={"Content-Type": CONTENT_TYPE})  # fmt: skip
            mute = await http.ws_connect(f"{root}/socket.io/?EIO=4&transport=websocket")
            await viewers[0].watch(spool.run, {0: {"dx": 1}})
            _, writer = await asyncio.open_connection("127.0.0.1", int(root.rpartition(":")[2]))
            writer.write(HALF_A_REQUEST)
            await writer.drain()

            status, seconds = await ended(up.process)

            writer.close()
            await mute.close()
            for viewer in viewers:
                await viewer.leave()
    assert (status, seconds < ENDS_WITHIN_S) == (0, True), seconds


async def test_what_was_answered_is_there_after_the_end(tmp_path: Path) -> None:
    """Points that were acknowledged a moment before SIGTERM are in the file, which is whole."""
    accepted, enough = 0, asyncio.Event()

    async def feed(http: aiohttp.ClientSession, url: str) -> None:
        nonlocal accepted
        body = {"run": "r", "channel": "c", "y": [1] * 50}
        while True:
            async with http.post(url, json=body) as answer:
                accepted += 50 if answer.status == 200 else 0
            if accepted >= 1000:
                enough.set()

    with agnez_up(tmp_path) as up:
        url = up.url.replace("localhost", "127.0.0.1") + "/api/v1/points"
        async with aiohttp.ClientSession() as http:
            feeding = [asyncio.create_task(feed(http, url)) for _ in range(4)]
            await enough.wait()
            status, _ = await ended(up.process, signal.SIGTERM)
            await asyncio.gather(*feeding, return_exceptions=True)

    assert status == 0
    log = tmp_path / "data" / "agnez.db-wal"
    assert not log.exists() or log.stat().st_size == 0
    async with running(tmp_path / "data") as server:
        (run,) = (await server.get("/runs"))["items"]
        assert run["points"] >= accepted
        assert run["points"] % 50 == 0


def test_the_data_are_private(up: RunningServer) -> None:
    """Other users of the machine can't read the directory, nor any file in it."""
    directory = data_of(up)

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {stat.S_IMODE(p.stat().st_mode) & 0o077 for p in directory.iterdir()} == {0}


def test_a_second_server_on_the_directory_is_refused(up: RunningServer, tmp_path: Path) -> None:
    """It says which process has the directory, and changes nothing for the first."""
    said = refused(tmp_path, "--port", "0", "--data", str(data_of(up)))

    assert "in use" in said
    assert str(up.process.pid) in said
    up.agnez("runs")


def test_a_taken_port_names_who_holds_it(up: RunningServer, tmp_path: Path) -> None:
    """The message has the port, the process that listens there, and the way out."""
    port = up.url.rpartition(":")[2]

    said = refused(tmp_path, "--port", port, "--data", str(tmp_path / "other"))

    assert port in said
    assert str(up.process.pid) in said
    assert "--port 0" in said


def test_a_port_that_somebody_else_holds(tmp_path: Path) -> None:
    """Any program may hold it, this test for instance."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        said = refused(tmp_path, "--port", str(held.getsockname()[1]), "--ephemeral")

    assert f"process {os.getpid()}" in said


def test_no_other_address_without_a_login(tmp_path: Path) -> None:
    """`--host 0.0.0.0` without password and token ends with what to do."""
    said = refused(tmp_path, "--host", "0.0.0.0", "--port", "0", "--data", str(tmp_path / "data"))

    assert "agnez password" in said
    assert "agnez token create" in said


def test_a_setting_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    """One line says which value can't be taken; no traceback."""
    assert "70000" in refused(tmp_path, "--ephemeral", AGNEZ_PORT="70000")


def test_damaged_tokens_are_named(tmp_path: Path) -> None:
    """A file of the login that can't be read stops the start with its name."""
    AuthFiles(tmp_path / "data").add_token("t", "read")
    (tmp_path / "data" / "tokens.json").write_text("{")

    said = refused(tmp_path, "--login", "--port", "0", "--data", str(tmp_path / "data"))

    assert "tokens.json" in said


async def test_a_server_that_keeps_nothing_writes_nothing(tmp_path: Path) -> None:
    """With --ephemeral and no login the lasting data directory is not even made."""
    lasting = tmp_path / "lasting"

    async with serving(ServerSettings(port=0, ephemeral=True, data=lasting)) as served:
        kept = served.directory
        assert kept.exists()

    assert not lasting.exists()
    assert not kept.exists()


async def test_a_server_that_keeps_nothing_knows_the_lasting_tokens(tmp_path: Path) -> None:
    """With --ephemeral --login, tokens of the data directory open it; no data lie there."""
    _, token = AuthFiles(tmp_path).add_token("test", "read")
    settings = ServerSettings(port=0, ephemeral=True, login=True, data=tmp_path)

    async with serving(settings) as served, aiohttp.ClientSession() as http:
        url = f"{served.url}/api/v1/runs"
        async with http.get(url) as nobody:
            assert nobody.status == 401
        async with http.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
            assert answer.status == 200

    assert not (tmp_path / "agnez.db").exists()
