"""Ignite's real engines: what is followed, what its own handlers send, how it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from ignite.engine import Engine, Events, create_supervised_evaluator, create_supervised_trainer
from ignite.handlers import global_step_from_engine
from ignite.metrics import Accuracy, Loss

from agnez_client import Context
from agnez_client.callbacks.ignite import AgnezCallback
from tests.client.callbacks.documented import run_example
from tests.client.callbacks.models import batches, small_model
from tests.client.callbacks.test_callback_run import charts_of
from tests.client.ingest_server import IngestServer

Begin = Callable[..., Context]
criterion = torch.nn.functional.cross_entropy


class Loop:
    """A trainer of two epochs with four batches, and an evaluator after each."""

    def __init__(self) -> None:
        self.model = small_model()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1, momentum=0.5)
        self.trainer = create_supervised_trainer(self.model, self.optimizer, criterion)
        metrics = {"loss": Loss(criterion), "accuracy": Accuracy()}
        self.evaluator = create_supervised_evaluator(self.model, metrics=metrics)
        self.losses: list[float] = []
        self.found: list[dict[str, float]] = []
        self.trainer.add_event_handler(
            Events.ITERATION_COMPLETED, lambda: self.losses.append(self.trainer.state.output)
        )

    def evaluate(self) -> None:
        """Also what a test sees."""
        self.evaluator.run(list(batches(2, seed=1)))
        self.found.append(dict(self.evaluator.state.metrics))

    def run(self) -> None:
        """Train."""
        self.trainer.add_event_handler(Events.EPOCH_COMPLETED, self.evaluate)
        self.trainer.run(list(batches(4)), max_epochs=2)


def test_what_is_followed_is_told(server: IngestServer) -> None:
    """Output at each iteration, metrics where the trainer was, settings, model, the end."""
    loop = Loop()
    callback = AgnezCallback(url=server.url, name="small")
    callback.follow(
        loop.trainer, {"val": loop.evaluator}, optimizer=loop.optimizer, model=loop.model
    )

    loop.run()

    spool = server.only
    found = [(x, pytest.approx(y)) for x, y in enumerate(loop.losses, start=1)]
    assert spool.channel("loss") == found
    for measure in ("loss", "accuracy"):
        expected = [(4, loop.found[0][measure]), (8, loop.found[1][measure])]
        assert spool.channel(f"val_{measure}") == expected
    assert spool.channel("learning rate") == [(x, 0.1) for x in range(1, 9)]
    charts = charts_of(spool)
    assert charts["loss"] == ["loss", "val_loss"]
    assert spool.of_kind("chart")[0]["x"] == "iteration"
    params = spool.of_kind("params")[0]["params"]
    assert params["trainer"] == {"max_epochs": 2, "epoch_length": 4}
    assert (params["optimizer"]["name"], params["optimizer"]["momentum"]) == ("SGD", 0.5)
    fields = {k: v for event in spool.of_kind("fields") for k, v in event.items()}
    assert fields["total_steps"] == 8
    about = spool.of_kind("run")[0]
    assert (about["experiment"], about["name"]) == ("ignite", "small")
    assert spool.of_kind("state")[0]["state"] == "finished"


def test_an_evaluation_after_it_joins_the_run(server: IngestServer) -> None:
    """And ends its part again."""
    loop = Loop()
    callback = AgnezCallback(url=server.url)
    callback.follow(loop.trainer, {"val": loop.evaluator})
    loop.run()

    loop.evaluate()

    first, second = server.spools.values()
    assert first.run == second.run
    assert second.channel("val_loss") == [(8, loop.found[-1]["loss"])]
    assert second.of_kind("state")[0]["state"] == "finished"


def test_outputs_may_be_mappings_and_rare(server: IngestServer) -> None:
    """What is no number is left out."""
    trainer = Engine(lambda engine, batch: {"g": float(batch), "d": -1.0, "image": [batch]})
    callback = AgnezCallback(url=server.url)
    callback.follow(trainer, every=3)

    trainer.run(list(range(6)))

    assert server.only.channel("g") == [(3, 2.0), (6, 5.0)]
    assert {e["name"] for e in server.only.of_kind("channel")} == {"g", "d", "markers"}


def test_the_handlers_of_ignite_are_there(server: IngestServer) -> None:
    """As with its own loggers; equal names of different tags share a chart."""
    loop = Loop()
    with AgnezCallback(url=server.url) as callback:
        callback.attach_output_handler(
            loop.trainer,
            Events.ITERATION_COMPLETED(every=2),
            tag="training",
            output_transform=lambda loss: {"loss": loss},
        )
        callback.attach_output_handler(
            loop.evaluator,
            Events.COMPLETED,
            tag="validation",
            metric_names="all",
            global_step_transform=global_step_from_engine(loop.trainer, Events.ITERATION_COMPLETED),
        )
        callback.attach_opt_params_handler(
            loop.trainer, Events.ITERATION_STARTED, optimizer=loop.optimizer
        )
        loop.run()

    spool = server.only
    assert [x for x, _ in spool.channel("training/loss")] == [2, 4, 6, 8]
    assert spool.channel("validation/loss") == [
        (4, loop.found[0]["loss"]),
        (8, loop.found[1]["loss"]),
    ]
    assert spool.channel("lr/group_0")[-1] == (8, 0.1)
    assert charts_of(spool)["loss"] == ["training/loss", "validation/loss"]


def test_an_error_fails_the_run_and_is_raised(server: IngestServer) -> None:
    """A handler alone would make Ignite swallow it."""

    def step(engine: Engine, batch: int) -> float:
        return 1 / batch

    trainer = Engine(step)
    AgnezCallback(url=server.url).follow(trainer)

    with pytest.raises(ZeroDivisionError):
        trainer.run([2, 1, 0])

    state = server.only.of_kind("state")[0]
    assert (state["state"], state["reason"]) == ("failed", "ZeroDivisionError: division by zero")
    assert server.only.channel("loss") == [(1, 0.5), (2, 1.0)]


def test_who_handles_errors_still_does(server: IngestServer) -> None:
    """Another handler of the error decides, ours says nothing."""
    trainer = Engine(lambda engine, batch: 1 / batch)
    handled: list[Any] = []
    trainer.add_event_handler(Events.EXCEPTION_RAISED, lambda engine, error: handled.append(error))
    AgnezCallback(url=server.url).follow(trainer)

    trainer.run([0])

    assert len(handled) == 1
    assert server.only.of_kind("state")[0]["state"] == "failed"


def test_a_given_run_goes_on(server: IngestServer, begin: Begin) -> None:
    """Whoever made it ends it."""
    ctx = begin()
    trainer = Engine(lambda engine, batch: float(batch))
    AgnezCallback(job=ctx.job).follow(trainer)

    trainer.run([0, 1])

    ctx.job.create_channel("after").send(x=0, y=1.0)
    ctx.finish()
    assert server.only.channel("after") == [(0, 1.0)]


def test_wrong_arguments_are_named() -> None:
    """Before anything is attached."""
    callback = AgnezCallback()
    with pytest.raises(TypeError, match="trainer is a list, expected an engine"):
        callback.follow([])
    with pytest.raises(TypeError, match="val is a function"):
        callback.follow(Engine(lambda engine, batch: 0.0), {"val": batches})
    with pytest.raises(ValueError, match="every is the number 0"):
        callback.follow(Engine(lambda engine, batch: 0.0), every=0)


def test_the_documented_example_runs(
    server: IngestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/callbacks.md shows it."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    monkeypatch.chdir(tmp_path)

    run_example("Ignite")

    assert len(server.only.channel("loss")) == 87
    assert len(server.only.channel("val_accuracy")) == 3
