"""A real server whose files may not grow any more, as on a full disk, and then may again."""

from __future__ import annotations

import hashlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from agnez_client.protocol import CONTENT_TYPE, encode_batch, join_buffers
from tests.server.spools import Spool
from tests.support.agnez_up import RunningServer, agnez_up


class Disk:
    """The limit of the server's files: it needs no rights, and no disk of its own."""

    def __init__(self, server: RunningServer) -> None:
        self._pid = server.process.pid
        _, self._hard = resource.prlimit(self._pid, resource.RLIMIT_FSIZE)

    def fill(self) -> None:
        """Nothing is written behind the first page of a file; what is open stays open."""
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (4096, self._hard))

    def make_room(self) -> None:
        """As before."""
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (self._hard, self._hard))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server in a process of its own."""
    with agnez_up(tmp_path) as server:
        yield server


def api(server: RunningServer, method: str, path: str, **body: Any) -> requests.Response:
    """The answer of one request."""
    return requests.request(method, f"{server.url.rstrip('/')}/api/v1{path}", timeout=30, **body)


def deliver(server: RunningServer, spool: Spool, **part: int) -> requests.Response:
    """Send what a spool holds."""
    body = join_buffers(encode_batch(spool.batch(**part)))
    return api(server, "POST", "/ingest", data=body, headers={"Content-Type": CONTENT_TYPE})


def writes(server: RunningServer, run: str, spool: Spool) -> dict[str, requests.Response]:
    """One request of each kind that writes."""
    small, large = os.urandom(1000), os.urandom(3 << 20)
    values = f"{server.url.rstrip('/')}/values"
    return {
        "points": api(server, "POST", "/points", json={"run": run, "channel": "c", "y": [7, 8]}),
        "ingest": deliver(server, spool, first=1),
        "new run": api(server, "POST", "/runs", json={"name": "lost"}),
        "rename": api(server, "PATCH", f"/runs/{run}", json={"name": "renamed"}),
        "delete": api(server, "DELETE", f"/runs/{run}"),
        "values": requests.post(values, json={"n": 1}, timeout=30),
        "small blob": put(server, small),
        "large blob": put(server, large),
    }


def put(server: RunningServer, data: bytes) -> requests.Response:
    """Send a blob."""
    return api(server, "PUT", f"/blobs/{hashlib.sha256(data).hexdigest()}", data=data)


def ys(server: RunningServer, run: str) -> list[float]:
    """All points of a run's only channel."""
    channel = api(server, "GET", f"/runs/{run}/channels").json()["items"][0]["id"]
    return [point["y"] for point in api(server, "GET", f"/channels/{channel}/raw").json()["items"]]


def state(server: RunningServer, run: str, spool: Spool) -> list[object]:
    """What readers see."""
    names = sorted(run["name"] for run in api(server, "GET", "/runs").json()["items"])
    return [names, ys(server, run), ys(server, spool.run)]


def wait_for(server: RunningServer, status: str) -> dict[str, Any]:
    """Until the server says that it is so."""
    while (health := api(server, "GET", "/health").json())["status"] != status:
        pass
    return dict(health)


def test_a_full_disk_is_lived_through(tmp_path: Path, server: RunningServer) -> None:
    """
    Every way to write is answered 507 and has changed nothing, reading goes on, writing begins
    again by itself, and a restart finds all that was acknowledged and nothing by halves.
    """
    disk, spool = Disk(server), Spool()
    run = api(server, "POST", "/runs", json={"name": "kept"}).json()["id"]
    assert api(server, "POST", "/points", json={"run": run, "channel": "c", "y": [1, 2]}).ok
    spool.send(1, 2, 3)
    assert deliver(server, spool, end=1).ok
    before = state(server, run, spool)

    for _ in range(2):
        disk.fill()
        answers = writes(server, run, spool)
        assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(
            answers, 507
        )
        assert wait_for(server, "read_only")
        assert state(server, run, spool) == before
        disk.make_room()
        wait_for(server, "ok")
        assert state(server, run, spool) == before

    answers = writes(server, run, spool)
    assert all(answer.ok for answer in answers.values())
    after = ys(server, spool.run)
    assert after == [1, 2, 3]
    server.process.terminate()
    server.process.wait()
    with agnez_up(tmp_path) as again:
        assert ys(again, spool.run) == after
        names = [one["name"] for one in api(again, "GET", "/runs").json()["items"]]
        assert names.count("lost") == 1
        assert again.agnez("doctor", str(tmp_path / "data"), "--full")
