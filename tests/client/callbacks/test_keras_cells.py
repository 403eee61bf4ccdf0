"""Cells that follow a training of the real Keras, on a real server."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image

from agnez_client import Values
from agnez_client.errors import SettingsError
from agnez_client.plots import img_grid
from tests.support.agnez_up import agnez_up

os.environ["KERAS_BACKEND"] = "torch"

import keras

from agnez_client.callbacks import keras_cells
from agnez_client.callbacks.keras_cells import (
    LossPlot,
    SaveGif,
    SendFigHTML,
    SendImage,
    SendImgur,
    VisualizeConvWeights,
    server_of,
)
from agnez_client.callbacks.keras_weights import as_tiles

pytestmark = pytest.mark.filterwarnings(
    # Keras' variables are read by numpy 2 with a protocol that they do not speak yet.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

X = np.random.default_rng(0).random((8, 6, 6, 1), dtype=np.float32)
Y = X.mean((1, 2))
NOBODY = "http://127.0.0.1:9"
"""Where nobody listens."""


@pytest.fixture(scope="module")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server in a process of its own."""
    with agnez_up(tmp_path_factory.mktemp("cells")) as server:
        yield server.url.rstrip("/")


@pytest.fixture
def values(server_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Values]:
    """A client of it, which holds no cell; the callbacks find it by AGNEZ_URL."""
    monkeypatch.setenv("AGNEZ_URL", server_url)
    with Values(server_url) as client:
        client.remove(everything=True)
        yield client


@pytest.fixture
def model() -> keras.Model:
    """One convolution, (N, 6, 6, 1) -> (N, 1)."""
    layers = [keras.layers.Conv2D(5, 3, name="conv"), keras.layers.Flatten(), keras.layers.Dense(1)]
    model = keras.Sequential([keras.layers.Input((6, 6, 1)), *layers])
    model.compile("sgd", "mse")
    return model


def fit(model: keras.Model, *callbacks: Any, epochs: int = 2) -> None:
    """Train for a moment."""
    model.fit(X, Y, epochs=epochs, verbose=0, validation_data=(X, Y), callbacks=list(callbacks))


def test_a_cell_is_made_with_its_callback(values: Values) -> None:
    """Named as the original does, in its order, with nothing in it yet."""
    LossPlot()
    SendFigHTML(lambda: "", "mine", "drawn", 2, str(values.url) + "/api/v1/values")

    first, second = values.find({"$sort": {"pos": 1}})
    description = "train (blue) and validation (green) learning curves"
    assert (first["name"], first["type"], first["pos"]) == ("Loss plot", "html", 0)
    assert (first["description"], first["value"]) == (description, "")
    assert (second["name"], second["pos"], second["description"]) == ("mine", 2, "drawn")


def test_the_loss_is_drawn(values: Values, model: keras.Model) -> None:
    """Both curves, by mpld3, which writes the points into the page."""
    plot = LossPlot()
    fit(model, plot)

    (cell,) = values.find()
    assert [epoch for epoch, _ in plot.train_loss] == [1, 2]
    assert "mpld3" in cell["value"]
    assert all(str(loss) in cell["value"] for _, loss in plot.train_loss + plot.valid_loss)


def test_without_mpld3_it_is_svg(
    values: Values, model: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture that any page shows."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    fit(model, LossPlot(), epochs=1)

    (cell,) = values.find()
    assert cell["type"] == "html"
    assert "<svg" in cell["value"]


def test_html_is_sent_as_it_is(values: Values, model: keras.Model) -> None:
    """Each epoch anew."""
    count = iter(range(9))
    fit(model, SendFigHTML(lambda: f"<b>{next(count)}</b>"))

    (cell,) = values.find()
    assert (cell["value"], cell["name"]) == ("<b>1</b>", "plot")


def test_a_figure_of_bokeh_is_html(values: Values, model: keras.Model) -> None:
    """With all that it needs."""
    from bokeh.plotting import figure

    fit(model, SendFigHTML(lambda: figure(title="of bokeh")), epochs=1)

    (cell,) = values.find()
    assert "of bokeh" in cell["value"]
    assert "<html" in cell["value"]


def test_filters_are_a_picture(values: Values, model: keras.Model) -> None:
    """The grid of the kernel as it is after the epoch, enlarged."""
    layer = model.get_layer("conv")
    fit(model, VisualizeConvWeights(layer))

    (cell,) = values.find()
    assert (cell["type"], cell["name"], cell["pos"]) == ("img", "Conv weights", 1)
    found = picture_of(values, cell)
    kernel = keras.ops.convert_to_numpy(layer.kernel)
    expected = img_grid(kernel.transpose(3, 2, 0, 1))
    times = found.shape[0] // expected.shape[0]
    np.testing.assert_array_equal(found[::times, ::times], expected)


def test_a_path_that_is_shared_works_still(
    values: Values, model: keras.Model, tmp_path: Path
) -> None:
    """The file has one name, its address another one each epoch."""
    cells = VisualizeConvWeights(model.get_layer("conv").kernel, tmp_path, name="../conv 1")
    fit(model, cells, epochs=1)
    first = values.find()[0]["value"]
    fit(model, cells, epochs=2)

    assert first == "./images/___conv_1.png?epoch=0"
    assert values.find()[0]["value"] == "./images/___conv_1.png?epoch=1"
    assert [p.name for p in (tmp_path / "images").iterdir()] == ["___conv_1.png"]


def test_kernels_are_tiles() -> None:
    """Of three colours as they are, of other depths each by itself, of one dimension as rows."""
    assert as_tiles(keras.Variable(np.zeros((2, 4, 3, 7)))).shape == (7, 3, 2, 4)
    assert as_tiles(keras.Variable(np.zeros((2, 4, 5, 7)))).shape == (35, 1, 2, 4)
    assert as_tiles(keras.Variable(np.zeros((9, 4, 7)))).shape == (7, 1, 4, 9)
    assert as_tiles(lambda: np.zeros((7, 1, 2, 4))).shape == (7, 1, 2, 4)
    with pytest.raises(ValueError, match="Grid2D"):
        as_tiles(keras.Variable(np.zeros((3, 2))))


def test_a_picture_is_uploaded(values: Values, model: keras.Model, tmp_path: Path) -> None:
    """An array, a path; an address stays one."""
    array = np.arange(48, dtype=np.uint8).reshape(6, 8)
    path = tmp_path / "a.png"
    Image.fromarray(array).save(path)
    for made in (lambda: array, lambda: str(path), lambda: path.read_bytes()):
        fit(model, SendImage(made, name="picture"), epochs=1)
        np.testing.assert_array_equal(picture_of(values, values.find()[0]), array)

    fit(model, SendImage(lambda: "https://example.org/a.png", name="picture"), epochs=1)
    assert values.find()[0]["value"] == "https://example.org/a.png"
    assert SendImgur is SendImage


def test_a_second_training_takes_the_cells_over(values: Values, model: keras.Model) -> None:
    """The page does not fill with the cells of trainings that are over."""
    for text in ("first", "second"):
        fit(model, SendFigHTML(lambda text=text: text), LossPlot(position=1))

    assert [c["value"] for c in values.find({"pos": 0})] == ["second"]
    assert len(values.find()) == 2


def test_a_cell_of_a_run_is_that_runs(values: Values, model: keras.Model) -> None:
    """At one position of a run there is one cell; other runs and the first page have their own."""
    for run, text in (("a", "1"), ("a", "2"), ("b", "3"), (None, "4")):
        fit(model, SendFigHTML(lambda text=text: text, run=run))

    assert {c.get("run"): c["value"] for c in values.find()} == {"a": "2", "b": "3", None: "4"}


def test_a_server_that_is_away_ends_no_training(
    values: Values, model: keras.Model, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, and the next epoch tries again: a cell appears when the server does."""
    cell = SendFigHTML(lambda: "here", app_url=NOBODY)
    fit(model, cell)
    assert cell.id is None
    assert len([r for r in caplog.records if "can't be shown" in r.getMessage()]) == 1

    cell._values = values  # the server is there now
    fit(model, cell, epochs=1)

    assert [c["value"] for c in values.find()] == ["here"]


def test_a_server_that_never_answers_costs_little(
    values: Values, model: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for once, and asked no more for a while: one connection in five epochs."""
    monkeypatch.setattr(keras_cells, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(keras_cells, "SLOW_S", 0.1)
    monkeypatch.setattr(keras_cells, "RESTS", 1e6)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        plot = LossPlot(app_url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        fit(model, plot, epochs=5)

        silent.accept()[0].close()
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):
            silent.accept()
    assert (plot.id, len(plot.train_loss)) == (None, 5)


def test_a_function_that_fails_ends_no_training(
    values: Values, model: keras.Model, caplog: pytest.LogCaptureFixture
) -> None:
    """Its error is in the log."""
    fit(model, SendFigHTML(lambda: 1 / 0), SendImage(lambda: object()))

    assert "ZeroDivisionError" in caplog.text
    assert [c["value"] for c in values.find()] == ["", ""]


def test_strict_is_strict(
    values: Values, model: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With AGNEZ_STRICT trouble is an error."""
    monkeypatch.setenv("AGNEZ_STRICT", "1")
    with pytest.raises(ZeroDivisionError):
        fit(model, SendFigHTML(lambda: 1 / 0))


def test_wrong_arguments_are_errors_at_once(values: Values) -> None:
    """Before the training begins, and no cell is made."""
    for wrong in ({"position": "0"}, {"name": "two\nlines"}, {"generate_plot": "html"}):
        with pytest.raises(SettingsError):
            SendFigHTML(**{"generate_plot": str, **wrong})
    with pytest.raises(SettingsError, match="app_url is 'localhost:3000', expected an address"):
        LossPlot(app_url="localhost:3000")
    with pytest.raises(ValueError, match="convolution"):
        VisualizeConvWeights(np.zeros((3, 2)))

    assert values.find() == []


def test_addresses_of_values_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the original, a server's own, AGNEZ_URL, the default; a base path stays."""
    monkeypatch.delenv("AGNEZ_URL", raising=False)
    assert server_of(None) == "http://localhost:3000"
    assert server_of("http://h:1/api/v1/values/") == server_of("http://h:1/values") == "http://h:1"
    monkeypatch.setenv("AGNEZ_URL", "http://h:1/lab")
    assert server_of(None) == "http://h:1/lab"


def test_a_film_of_the_training(model: keras.Model, tmp_path: Path) -> None:
    """A frame an epoch, from the first on, and the last one."""
    seen: list[Path] = []
    path = tmp_path / "film.gif"
    film = SaveGif(path, X, lambda x: x[:4] * model.predict_on_batch(x)[:4, None, None], 2,
                   seen.append)  # fmt: skip
    fit(model, film, epochs=4)

    assert seen == [path] * 3
    with Image.open(path) as found:
        assert found.n_frames == 3


def test_a_film_that_is_made_each_time(model: keras.Model, tmp_path: Path) -> None:
    """What has frames of its own is a film by itself."""
    path = tmp_path / "film.gif"
    fit(model, SaveGif(path, np.eye(4), lambda x: np.stack([x, x[::-1], x])), epochs=1)

    with Image.open(path) as found:
        assert found.n_frames == 3


def test_a_film_that_fails_ends_no_training(
    model: keras.Model, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once."""
    fit(model, SaveGif(tmp_path / "film.gif", X, lambda x: np.zeros(3), 1))

    assert len([r for r in caplog.records if "was not saved" in r.getMessage()]) == 1
    with pytest.raises(SettingsError):
        SaveGif(tmp_path / "film.gif", X, len, 0)


def picture_of(values: Values, cell: dict[str, Any]) -> Any:
    """The pixels that the cell shows."""
    assert cell["type"] == "img"
    answer = requests.get(f"{values.url}/{cell['value']}", timeout=30)
    assert answer.status_code == 200
    path = Path(os.environ["XDG_STATE_HOME"]).with_name("picture")
    path.write_bytes(answer.content)
    with Image.open(path) as found:
        return np.asarray(found)
