"""The RemoteMonitor that comes with Keras, unmodified, told nothing but the server's address."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agnez_server.authfiles import AuthFiles
from tests.server.running import RunningServer, running

os.environ["KERAS_BACKEND"] = "torch"

import keras

pytestmark = pytest.mark.filterwarnings(
    # Keras' variables are read by numpy 2 with a protocol that they do not speak yet.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

X = np.linspace(0, 1, 24, dtype=np.float32).reshape(12, 2)
Y = X.sum(1, keepdims=True)


async def fit(monitor: keras.callbacks.RemoteMonitor, **more: Any) -> dict[str, list[float]]:
    """Train beside the server, which is in this process; returns what Keras itself recorded."""
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    given = {"epochs": 3, "verbose": 0, "validation_data": (X, Y), "callbacks": [monitor], **more}
    history = await asyncio.to_thread(model.fit, X, Y, **given)
    return dict(history.history)


async def curves(server: RunningServer, run: str, headers: Any = None) -> dict[str, list[Any]]:
    """x and y of every channel of a run."""
    status, found = await server.call("GET", f"/runs/{run}/channels", headers=headers)
    assert status == 200
    answers = {
        c["name"]: await server.call("GET", f"/channels/{c['id']}/raw", headers=headers)
        for c in found["items"]
    }
    return {name: [(p["x"], p["y"]) for p in raw["items"]] for name, (_, raw) in answers.items()}


@pytest.mark.parametrize("send_as_json", [False, True])
async def test_what_keras_recorded_is_here(tmp_path: Path, send_as_json: bool) -> None:
    """Every figure of every epoch, as a form and as JSON, with training and validation together."""
    async with running(tmp_path) as server:
        monitor = keras.callbacks.RemoteMonitor(server.base, send_as_json=send_as_json)
        history = await fit(monitor)

        (run,) = (await server.get("/runs"))["items"]
        assert run["name"] == "keras"
        found = await curves(server, run["id"])
        assert found == {name: list(enumerate(ys)) for name, ys in history.items()}
        charts = (await server.get(f"/runs/{run['id']}/charts"))["items"]
        assert {(c["title"], len(c["channels"])) for c in charts} == {("loss", 2), ("mae", 2)}


async def test_another_fit_is_another_run(tmp_path: Path) -> None:
    """A fit that resumes goes on in its run."""
    async with running(tmp_path) as server:
        monitor = keras.callbacks.RemoteMonitor(server.base)
        await fit(monitor)
        await fit(monitor)
        await fit(monitor, epochs=5, initial_epoch=3)

        runs = (await server.get("/runs", sort="created_at"))["items"]
        lengths = [len((await curves(server, r["id"]))["loss"]) for r in runs]
        assert lengths == [3, 5]


async def test_path_field_and_headers_are_the_users(tmp_path: Path) -> None:
    """A run by name below a prefix, another field, and a token."""
    files = AuthFiles(tmp_path / "data")
    headers = {"Authorization": f"Bearer {files.add_token('keras', 'write')[1]}"}
    async with running(tmp_path / "data", login=True, base_path="/lab") as server:
        path = "/publish/epoch/end/mine?project=p"
        await fit(keras.callbacks.RemoteMonitor(server.base, path, "logs", headers), epochs=1)

        _, found = await server.call("GET", "/runs", headers=headers)
        assert [(r["name"], r["project"]) for r in found["items"]] == [("mine", "p")]


async def test_a_loss_that_is_no_number_any_more_arrives(tmp_path: Path) -> None:
    """Keras writes a bare NaN, which is no JSON, in a form; as JSON it is refused by its client."""
    async with running(tmp_path) as server:
        nothing = np.full(len(X), np.nan, np.float32)
        history = await fit(keras.callbacks.RemoteMonitor(server.base), sample_weight=nothing)

        assert np.isnan(history["loss"]).all()
        (run,) = (await server.get("/runs"))["items"]
        assert (await curves(server, run["id"]))["loss"] == [(0, "NaN"), (1, "NaN"), (2, "NaN")]
