"""Live charts of the real Keras: what arrives is what the weights and losses were."""

from __future__ import annotations

import io
import os
from typing import Any

import numpy as np
import pytest
from PIL import Image

from agnez_client import Context
from agnez_client.plots import DeepPref, grid2d
from tests.client.callbacks.silence import trained_in_silence
from tests.client.ingest_server import IngestServer

os.environ["KERAS_BACKEND"] = "torch"

import keras

from agnez_client.callbacks.keras_live import Grid2D, Plot, PreferedInput
from agnez_client.callbacks.keras_weights import as_rows, enlarged

pytestmark = pytest.mark.filterwarnings(
    # Keras' variables are read by numpy 2 with a protocol that they do not speak yet.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

X = np.random.default_rng(0).random((12, 16), dtype=np.float32)
Y = X.sum(1, keepdims=True)


@pytest.fixture
def model() -> keras.Model:
    """(N, 16) -> 9 units -> 1."""
    layers = [keras.layers.Dense(9, "relu", name="units"), keras.layers.Dense(1)]
    model = keras.Sequential([keras.layers.Input((16,)), *layers])
    model.compile("sgd", "mse")
    return model


def fit(model: keras.Model, *callbacks: Any, epochs: int = 2) -> dict[str, list[float]]:
    """Train with 3 batches an epoch; returns Keras' history."""
    history = model.fit(
        X, Y, 4, epochs, verbose=0, validation_data=(X, Y), callbacks=list(callbacks)
    )
    return dict(history.history)


def pictures(server: IngestServer, channel: str) -> list[tuple[float, Any]]:
    """x and pixels of a channel of images."""
    found = []
    for x, body in server.only.entries(channel):
        _, data = server.blobs[body["items"][0]["sha256"]]
        found.append((x, np.asarray(Image.open(io.BytesIO(data)))))
    return found


def test_losses_are_accumulated(server: IngestServer, model: keras.Model) -> None:
    """Of each batch, over the epochs; validation after each of them, in the same chart."""
    history = fit(model, Plot("mine", "my loss", server.url))

    loss = server.only.channel("loss")
    assert [x for x, _ in loss] == [1, 2, 3, 4, 5, 6]
    assert [loss[2][1], loss[5][1]] == history["loss"]
    assert server.only.channel("val_loss") == list(zip((3, 6), history["val_loss"], strict=True))
    charts = {(e["id"], e["title"], e["x"]) for e in server.only.of_kind("chart")}
    assert [(title, x) for _, title, x in charts] == [("my loss", "step")]
    assert server.only.of_kind("run")[0]["name"] == "mine"
    assert server.only.of_kind("state")[0]["state"] == "finished"


def test_weights_are_images(server: IngestServer, model: keras.Model) -> None:
    """A unit is an image; the last picture is that of the weights as they are."""
    with Context(url=server.url) as ctx:
        fit(model, Grid2D(model.get_layer("units"), 4, job=ctx))

    found = pictures(server, "grid")
    kernel = keras.ops.convert_to_numpy(model.get_layer("units").kernel)
    assert [x for x, _ in found] == [3, 6]
    np.testing.assert_array_equal(found[1][1], enlarged(grid2d(kernel.T[:4])))


def test_preferences_are_images(server: IngestServer, model: keras.Model) -> None:
    """What `DeepPref` shows."""
    with Context(url=server.url) as ctx:
        fit(model, PreferedInput(model, -1, 3, job=ctx, seed=0), epochs=1)

    ((x, found),) = pictures(server, "preferred input")
    assert x == 3
    np.testing.assert_array_equal(found, enlarged(DeepPref(model, -1, 3, seed=0).get_pref()))


def test_rows_are_units() -> None:
    """Of Keras' own weights the last axis, of arrays the first."""
    kernel = np.arange(6, dtype=np.float32).reshape(2, 3)

    assert as_rows(keras.Variable(kernel), 2).tolist() == [[0, 3], [1, 4]]
    assert as_rows(kernel, 9).tolist() == kernel.tolist()
    assert as_rows(keras.Variable(np.zeros((2, 2, 1, 5))), 9).shape == (5, 4)


def test_what_can_not_be_drawn_is_an_error_at_once(model: keras.Model) -> None:
    """Before the training begins; a layer that is not built yet may become one that can."""
    with pytest.raises(ValueError, match="two axes"):
        Grid2D(np.zeros(3))
    with pytest.raises(ValueError, match="num_weights"):
        Grid2D(np.zeros((4, 4)), 0)
    with pytest.raises(ValueError, match="no kernel"):
        Grid2D(built_without_kernel())
    with pytest.raises(ValueError, match="layers"):
        PreferedInput(model, 7)
    Grid2D(keras.layers.Dense(3))


def built_without_kernel() -> keras.Layer:
    """A layer that has no weights at all."""
    layer = keras.layers.ReLU()
    layer(np.zeros((1, 2), np.float32))
    return layer


def test_a_silent_server_delays_no_training(
    server: IngestServer, begin: Any, model: keras.Model
) -> None:
    """Neither losses nor pictures wait for an answer."""
    spool = trained_in_silence(
        server, begin, lambda job: fit(model, Plot(job=job), Grid2D(model.layers[0], job=job))
    )

    assert len(spool.channel("loss")) == 6
