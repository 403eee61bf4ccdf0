"""Keras' callback with the real Keras: what arrives is what Keras itself has recorded."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from agnez_client import Context
from agnez_client.callbacks.run import CallbackRun
from tests.client.callbacks.documented import run_example
from tests.client.callbacks.silence import trained_in_silence
from tests.client.ingest_server import IngestServer, TakenSpool

os.environ["KERAS_BACKEND"] = "torch"

import keras

from agnez_client.callbacks.keras import AgnezCallback
from agnez_client.callbacks.keras_settings import mean_measures, model_params, plain

pytestmark = pytest.mark.filterwarnings(
    # Keras' variables are read by numpy 2 with a protocol that they do not speak yet.
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

X = np.random.default_rng(0).random((24, 4), dtype=np.float32)
Y = (X.sum(1) > 2).astype(np.int64)
BATCHES = 6
"""Of 4 samples, an epoch."""


def build(rate: Any = 0.1, *metrics: Any) -> keras.Model:
    """A small classifier, the same one each time."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(2, name="head")])
    model.compile(
        keras.optimizers.SGD(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy", *metrics],
    )
    return model


def fit(model: keras.Model, *callbacks: Any, epochs: int = 3, **more: Any) -> dict[str, Any]:
    """Train with 6 batches an epoch; returns Keras' history."""
    history = model.fit(
        X, Y, 4, epochs, verbose=0, shuffle=False, callbacks=list(callbacks), **more
    )
    return dict(history.history)


@pytest.fixture
def spool(server: IngestServer, monkeypatch: pytest.MonkeyPatch) -> Callable[[], TakenSpool]:
    """What the one process has sent to the server that AGNEZ_URL names."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    return lambda: server.only


def test_every_figure_of_every_epoch_arrives(spool: Callable[[], TakenSpool]) -> None:
    """The history that Keras returns, at the batches that were done."""
    history = fit(build(), AgnezCallback(), validation_data=(X, Y))

    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    for name, values in history.items():
        assert spool().channel(name) == list(zip((6, 12, 18), values, strict=True))


def test_a_measure_has_one_chart(spool: Callable[[], TakenSpool]) -> None:
    """Batches, training and validation together; the axis says what x counts."""
    fit(build(), AgnezCallback(), validation_data=(X, Y))

    charts = [e for e in spool().of_kind("chart") if e["title"] == "loss"]
    assert [e["channels"][0] for e in charts] == ["batch_loss", "loss", "val_loss"]
    assert {(e["id"], e["x"]) for e in charts} == {(charts[0]["id"], "step")}


def test_a_batch_has_its_own_figures(spool: Callable[[], TakenSpool]) -> None:
    """What training it alone says, not the mean since the epoch began; a spike is seen."""
    alone, losses = build(), []
    for at in range(0, len(X), 4):
        losses.append([float(y) for y in alone.train_on_batch(X[at : at + 4], Y[at : at + 4])])
        alone.reset_metrics()

    fit(build(), AgnezCallback(), epochs=1)

    for column, name in enumerate(("batch_loss", "batch_accuracy")):
        xs, found = zip(*spool().channel(name), strict=True)
        assert xs == tuple(range(1, 7))
        np.testing.assert_allclose(found, np.array(losses)[:, column], rtol=1e-4)


def test_every_nth_batch(spool: Callable[[], TakenSpool]) -> None:
    """Each point is the mean since the one before: 6 batches in steps of 4 over the epochs."""
    fit(build(), AgnezCallback(every=4), epochs=2)

    assert [x for x, _ in spool().channel("batch_loss")] == [4, 8, 12]
    assert [x for x, _ in spool().channel("loss")] == [6, 12]


def test_means_are_worked_out_by_hand(spool: Callable[[], TakenSpool]) -> None:
    """Means 1, 2, 3 of one, two, three batches are 1, 3, 5; other measures stay as they are."""
    callback = AgnezCallback(summary=False)
    callback.set_model(build(0.1, keras.metrics.AUC(name="auc")))
    callback.set_params({"epochs": 1, "steps": 3})
    callback.on_train_begin()
    callback.on_epoch_begin(0)
    for batch in range(3):
        callback.on_train_batch_end(batch, {"loss": batch + 1.0, "auc": batch / 2})
    callback.on_epoch_end(0, {"loss": 3.0, "auc": 1.0})
    callback.on_train_end()

    assert spool().channel("batch_loss") == [(1, 1.0), (2, 3.0), (3, 5.0)]
    assert spool().channel("batch_auc") == [(1, 0.0), (2, 0.5), (3, 1.0)]


def test_means_are_known() -> None:
    """Accuracy is one, the area under a curve is none; outputs put their name before."""
    model = keras.Sequential([keras.layers.Dense(1, "sigmoid")])
    model.compile(loss="binary_crossentropy", metrics=["accuracy", keras.metrics.AUC(name="auc")])
    model.evaluate(X, Y, verbose=0)

    names = ["loss", "accuracy", "auc", "head_accuracy"]
    assert mean_measures(model.metrics, names) == {"loss", "accuracy", "head_accuracy"}


def test_epochs_only(spool: Callable[[], TakenSpool]) -> None:
    """With every=0 x counts epochs, as many as there are in all."""
    fit(build(), AgnezCallback(every=0), epochs=2)

    assert spool().channel("batch_loss") == []
    assert [x for x, _ in spool().channel("loss")] == [1, 2]
    assert [e["total_steps"] for e in spool().of_kind("fields") if "total_steps" in e] == [2]


def test_a_schedule_is_followed(spool: Callable[[], TakenSpool]) -> None:
    """The rate that each batch was trained with: here 0.1 for two batches, then half of it."""
    steps = keras.optimizers.schedules.PiecewiseConstantDecay([1], [0.1, 0.05])
    fit(build(steps), AgnezCallback(), epochs=1)

    expected = [0.1, 0.1, 0.05, 0.05, 0.05, 0.05]
    assert spool().channel("learning_rate") == list(enumerate(expected, 1))


def test_a_rate_that_callbacks_change_is_followed(spool: Callable[[], TakenSpool]) -> None:
    """Once an epoch, whichever callback comes first."""
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / 2**epoch)
    fit(build(), AgnezCallback(), scheduler)

    assert spool().channel("learning_rate") == [(6, 0.1), (12, 0.05), (18, 0.025)]


def test_what_was_set_is_a_parameter(spool: Callable[[], TakenSpool]) -> None:
    """Model, optimizer, loss, metrics, and what fit was told; the layers are listed."""
    fit(build(0.1), AgnezCallback(), epochs=2)

    (params,) = (e["params"] for e in spool().of_kind("params"))
    assert params["fit"] == {"epochs": 2, "steps": BATCHES}
    assert params["model"]["parameters"] == 10
    assert (params["optimizer"]["class"], params["optimizer"]["learning_rate"]) == ("SGD", 0.1)
    assert params["loss"]["class"] == "SparseCategoricalCrossentropy"
    assert params["metrics"] == ["accuracy"]
    model = next(e["facts"]["model"] for e in spool().of_kind("about") if "model" in e["facts"])
    assert (model["name"], model["parameters"], model["trainable"]) == ("Sequential", 10, 10)
    assert [e["name"] for e in spool().of_kind("channel") if e["type"] == "ARTEFACT"] == [
        "model.json"
    ]
    assert [e["total_steps"] for e in spool().of_kind("fields") if "total_steps" in e] == [12]


def test_configurations_are_plain() -> None:
    """What only serves to load them again is left out, inside too."""
    halves = keras.optimizers.schedules.PiecewiseConstantDecay([1], [0.5, 0.25], name="halves")

    assert plain([keras.saving.serialize_keras_object(halves)]) == [
        {"class": "PiecewiseConstantDecay", "boundaries": [1], "values": [0.5, 0.25],
         "name": "halves"}
    ]  # fmt: skip
    assert plain({"a": {"class_name": "function", "config": "mse"}}) == {"a": "mse"}


def test_a_model_that_is_not_compiled_tells_what_it_has() -> None:
    """It has no optimizer and no loss."""
    model = keras.Sequential([keras.layers.Dense(1)])

    found = model_params(model)
    assert found.keys() == {"keras", "backend", "model"}
    assert "parameters" not in found["model"]


def test_weights_as_histograms(spool: Callable[[], TakenSpool]) -> None:
    """Of each trainable weight every second epoch, all of its numbers."""
    fit(build(), AgnezCallback(histograms=2), epochs=4)

    found = spool().entries("weights/head/kernel")
    assert [(x, body["total"]) for x, body in found] == [(12, 8), (24, 8)]
    assert len(spool().entries("weights/head/bias")) == 2


def test_a_resumed_training_goes_on_where_it_was(spool: Callable[[], TakenSpool]) -> None:
    """`initial_epoch` is where x begins."""
    fit(build(), AgnezCallback(), initial_epoch=2)

    assert [x for x, _ in spool().channel("batch_loss")] == [13, 14, 15, 16, 17, 18]
    assert [e["total_steps"] for e in spool().of_kind("fields") if "total_steps" in e] == [18]


@pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning")
def test_a_generator_has_no_number_of_batches(spool: Callable[[], TakenSpool]) -> None:
    """It is known after the first epoch, and then how long all will take."""
    batches = ((X[at : at + 8], Y[at : at + 8]) for at in (0, 8, 16))
    build().fit(batches, epochs=1, shuffle=False, verbose=0, callbacks=[AgnezCallback()])

    assert [x for x, _ in spool().channel("loss")] == [3]
    assert [e["total_steps"] for e in spool().of_kind("fields") if "total_steps" in e] == [3]


def test_a_training_that_stops_early_says_so(spool: Callable[[], TakenSpool]) -> None:
    """A marker, at the step where it stopped."""
    stop = keras.callbacks.EarlyStopping("loss", min_delta=10)
    fit(build(), stop, AgnezCallback(), epochs=9)

    (marker,) = spool().entries("markers")
    assert (marker[0], marker[1]["text"]) == (12, "fit stopped after epoch 2 of 9")


def test_fits_in_one_run_go_on(server: IngestServer) -> None:
    """With a run that is given; it stays open, and x grows from fit to fit."""
    with Context(url=server.url) as ctx:
        callback = AgnezCallback(ctx)
        model = build()
        fit(model, callback, epochs=1)
        fit(model, callback, epochs=1)
        model.evaluate(X, Y, verbose=0, callbacks=[callback])
        assert not server.only.of_kind("state")

    assert [x for x, _ in server.only.channel("loss")] == [6, 12]
    assert [x for x, _ in server.only.channel("test_loss")] == [12]


def test_each_fit_is_a_run_of_its_own(
    server: IngestServer, spool: Callable[[], TakenSpool]
) -> None:
    """Without a run that is given; what is evaluated afterwards belongs to the one before."""
    callback, model = AgnezCallback(name="mine", every=0), build()
    for _ in range(2):
        fit(model, callback, epochs=1)
    model.evaluate(X, Y, verbose=0, callbacks=[callback])

    first, second, test = server.spools.values()
    assert [s.of_kind("state")[0]["state"] for s in (first, second)] == ["finished"] * 2
    assert first.run != second.run == test.run
    assert (
        [x for x, _ in second.channel("loss")] == [x for x, _ in test.channel("test_loss")] == [1]
    )
    assert {s.of_kind("run")[0].get("experiment") for s in (first, second)} == {"keras"}


def test_evaluate_alone_is_counted(spool: Callable[[], TakenSpool]) -> None:
    """Where nothing was trained x is the number of the evaluation; predict tells nothing."""
    model = build()
    with AgnezCallback() as callback:
        for _ in range(2):
            found = model.evaluate(X, Y, verbose=0, callbacks=[callback])
        model.predict(X, verbose=0, callbacks=[callback])

    assert spool().channel("test_loss") == [(1, found[0]), (2, found[0])]


class Fails(keras.callbacks.Callback):
    """Ends the training with an error in its second epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """See the class."""
        if epoch:
            raise ArithmeticError("too hot")


def test_an_error_in_a_block_is_the_end_of_the_run(spool: Callable[[], TakenSpool]) -> None:
    """Its text is the reason."""
    with pytest.raises(ArithmeticError), AgnezCallback() as callback:
        fit(build(), callback, Fails())

    (state,) = spool().of_kind("state")
    assert (state["state"], state["reason"]) == ("failed", "ArithmeticError: too hot")


def test_a_fit_that_was_left_has_failed(spool: Callable[[], TakenSpool]) -> None:
    """Keras tells nobody, so the end of the callback does."""
    try:
        fit(build(), AgnezCallback(), Fails())
    except ArithmeticError:
        pass
    else:
        raise AssertionError("it did not fail")

    (state,) = spool().of_kind("state")
    assert state["state"] == "failed"


def test_trouble_with_the_run_ends_no_training(
    spool: Callable[[], TakenSpool], caplog: pytest.LogCaptureFixture
) -> None:
    """A channel of another type has the name: said once, and all else arrives."""
    with AgnezCallback() as callback:
        callback.job.create_channel("loss", "TEXT")
        fit(build(), callback, epochs=2)

    assert len(spool().channel("accuracy")) == 2
    assert len([r for r in caplog.records if "another type" in r.getMessage()]) <= 1


def test_wrong_arguments_are_errors_at_once() -> None:
    """Before the training begins."""
    for wrong in ({"every": -1}, {"every": 1.5}, {"histograms": "all"}):
        with pytest.raises(ValueError, match="whole number"):
            AgnezCallback(**wrong)
    with pytest.raises(TypeError):
        AgnezCallback("my run")
    with pytest.raises(TypeError):
        AgnezCallback(nmae="typo")


def test_keras_need_not_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that it may be called from other threads, where Keras reads figures then."""
    monkeypatch.setattr(CallbackRun, "job", property(lambda self: pytest.fail("no run is needed")))

    assert AgnezCallback().async_safe


def test_the_documented_example_runs(spool: Callable[[], TakenSpool]) -> None:
    """As docs/callbacks.md shows it."""
    run_example("Keras")

    assert len(spool().channel("val_loss")) == 5
    assert len(spool().channel("test_accuracy")) == 1


def test_a_silent_server_delays_no_training(
    server: IngestServer, begin: Callable[..., Context]
) -> None:
    """All that was told arrives when it answers again."""
    fits = {}
    spool = trained_in_silence(
        server, begin, lambda job: fits.update(fit(build(), AgnezCallback(job, histograms=1)))
    )

    assert [y for _, y in spool.channel("loss")] == fits["loss"]
