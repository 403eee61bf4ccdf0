"""A server with two runs, for the verbs that read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.support.agnez_up import RunningServer, agnez_up

SPIKE = {"x": 7_654, "y": 1e6}


def post(server: RunningServer, path: str, body: object) -> None:
    """Send *body* as JSON; it has to be accepted."""
    answer = requests.post(f"{server.url}/api/v1{path}", json=body, timeout=30)
    assert answer.status_code < 300, answer.text


@pytest.fixture(scope="session")
def read_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """
    Two runs: "old" (project "lab", finished) and "new".

    "new" has the channels "loss": x 0 to 3, y 0.5, NaN, 2.0, -Infinity, and "train/long": 20,000
    zeros with one spike.
    """
    with agnez_up(tmp_path_factory.mktemp("read")) as server:
        post(server, "/points", {"run": "old", "project": "lab", "channel": "a", "y": 1})
        old = requests.get(f"{server.url}/api/v1/runs", timeout=30).json()["items"][0]["id"]
        done = requests.patch(
            f"{server.url}/api/v1/runs/{old}", json={"state": "finished"}, timeout=30
        )
        assert done.status_code == 200, done.text
        ys = [0.5, "NaN", 2.0, "-Infinity"]
        wall = [1_763_736_000_000_000 + i for i in range(4)]
        loss = {"run": "new", "channel": "loss", "x": [0, 1, 2, 3], "y": ys, "wall": wall}
        post(server, "/points", loss)
        xs = list(range(20_000))
        ys = [SPIKE["y"] if x == SPIKE["x"] else 0.0 for x in xs]
        post(server, "/points", {"run": "new", "channel": "train/long", "x": xs, "y": ys})
        yield server
