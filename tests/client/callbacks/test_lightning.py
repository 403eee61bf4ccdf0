"""Lightning's real Trainer, with our logger, our callback, and both."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch.utils.data import DataLoader

from agnez_client import Context
from agnez_client.callbacks.lightning import AgnezCallback, AgnezLogger
from agnez_client.record.model import summarise
from tests.client.callbacks.documented import run_example
from tests.client.callbacks.models import batches, small_model
from tests.client.callbacks.silence import trained_in_silence
from tests.client.callbacks.test_callback_run import charts_of
from tests.client.ingest_server import IngestServer, TakenSpool

pytestmark = pytest.mark.filterwarnings("ignore")  # what Lightning says about small data


class Small(LightningModule):
    """Logs its loss per batch and epoch; fails at batch *fails_at*."""

    def __init__(self, lr: float = 0.1, fails_at: int = -1, error: Any = ValueError) -> None:
        super().__init__()
        self.save_hyperparameters(ignore=["error"])
        self.model, self.error = small_model(), error
        self.losses: list[float] = []

    def training_step(self, batch: Any, index: int) -> Any:
        """One batch."""
        if index == self.hparams["fails_at"]:
            raise self.error("diverged")
        loss = torch.nn.functional.cross_entropy(self.model(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        self.losses.append(loss.item())
        return loss

    def validation_step(self, batch: Any, index: int) -> None:
        """One batch of the validation."""
        self.log("val_loss", torch.tensor(float(index)))

    def test_step(self, batch: Any, index: int) -> None:
        """One batch of the test."""
        self.log("test_loss", torch.tensor(3.0))

    def configure_optimizers(self) -> Any:
        """Plain descent."""
        return torch.optim.SGD(self.parameters(), lr=self.hparams["lr"], momentum=0.5)


def data(count: int = 4) -> Any:
    """*count* batches."""
    return DataLoader(list(batches(count)), batch_size=None)


def trainer(tmp_path: Path, **more: Any) -> Trainer:
    """Quiet, of two epochs, on the processor."""
    known = {
        "max_epochs": 2,
        "accelerator": "cpu",
        "log_every_n_steps": 1,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "enable_checkpointing": False,
        "default_root_dir": tmp_path,
    }
    return Trainer(**{**known, **more})


def params_of(spools: list[TakenSpool]) -> dict[str, Any]:
    """All parameters of a run."""
    found: dict[str, Any] = {}
    for spool in spools:
        for event in spool.of_kind("params"):
            found |= event["params"]
    return found


def fields_of(spool: TakenSpool) -> dict[str, Any]:
    """What was said of the run."""
    return {k: v for event in spool.of_kind("fields") for k, v in event.items()}


def test_the_logger_tells_what_is_logged(server: IngestServer, tmp_path: Path) -> None:
    """At Lightning's steps; a test after the training joins the run again."""
    logger = AgnezLogger(url=server.url, name="small")
    model = Small()
    it = trainer(tmp_path, logger=logger)

    it.fit(model, data(), data(3))
    it.test(model, data(1), verbose=False)

    fit, test = server.of_run(str(logger.version))
    found = fit.channel("train_loss_step")
    assert found == [(x, pytest.approx(y)) for x, y in enumerate(model.losses)]
    assert fit.channel("val_loss") == [(3, 1.0), (7, 1.0)]
    assert [x for x, _ in fit.channel("train_loss_epoch")] == [3, 7]
    assert "epoch" not in charts_of(fit) and not fit.channel("epoch")
    assert test.channel("test_loss") == [(8, 3.0)]
    assert charts_of(fit)["loss"] == ["train_loss_step", "val_loss", "train_loss_epoch"]
    assert params_of([fit])["lr"] == 0.1
    about = fit.of_kind("run")[0]
    assert (about["experiment"], about["name"]) == ("lightning", "small")
    assert [s.of_kind("state")[0]["state"] for s in (fit, test)] == ["finished", "finished"]


def test_the_callback_alone_tells_all_of_it(server: IngestServer, tmp_path: Path) -> None:
    """What is logged, the loss and rate of each step, settings, model, steps."""
    callback, model = AgnezCallback(url=server.url), Small()
    it = trainer(tmp_path, logger=False, callbacks=[callback], accumulate_grad_batches=2)

    it.fit(model, data(), data(3))

    spool = server.only
    means = [sum(pair) / 2 for pair in zip(model.losses[::2], model.losses[1::2], strict=True)]
    assert spool.channel("loss") == [(x, pytest.approx(y)) for x, y in enumerate(means)]
    assert spool.channel("learning rate")[-1] == (3, 0.1)
    assert spool.channel("val_loss") == [(1, 1.0), (3, 1.0)]
    assert {"loss", "val_loss", "train_loss_epoch"} <= set(charts_of(spool)["loss"])
    params = params_of([spool])
    assert (params["lr"], params["trainer"]["max_epochs"]) == (0.1, 2)
    assert params["trainer"]["accumulate_grad_batches"] == 2
    assert (params["optimizer"]["name"], params["optimizer"]["momentum"]) == ("SGD", 0.5)
    assert fields_of(spool)["total_steps"] == 4
    assert spool.of_kind("state")[0]["state"] == "finished"
    assert it.loggers == []
    told = [e["facts"] for e in spool.of_kind("about") if "model" in e["facts"]]
    assert told[0]["model"]["parameters"] == summarise(model).parameters == 58


def test_logger_and_callback_share_a_run(server: IngestServer, tmp_path: Path) -> None:
    """The callback adds to the logger's run, nothing is told twice."""
    callback = AgnezCallback(every=2)

    it = trainer(tmp_path, logger=AgnezLogger(url=server.url), callbacks=[callback])
    it.fit(Small(), data(), data(3))

    assert server.only.channel("val_loss") == [(3, 1.0), (7, 1.0)]
    assert [x for x, _ in server.only.channel("learning rate")] == [1, 3, 5, 7]


@pytest.mark.parametrize("uses", ["logger", "callback"])
@pytest.mark.parametrize(
    ("error", "ending"),
    [(ValueError, ("failed", "ValueError: diverged")),
     (KeyboardInterrupt, ("stopped", "KeyboardInterrupt"))],
)  # fmt: skip
def test_an_exception_ends_the_run(
    server: IngestServer, tmp_path: Path, uses: str, error: Any, ending: tuple[str, str]
) -> None:
    """Failed with the reason; stopped by Ctrl-C."""
    logger = AgnezLogger(url=server.url) if uses == "logger" else False
    callbacks = [AgnezCallback(url=server.url)] if uses == "callback" else []
    it = trainer(tmp_path, logger=logger, callbacks=callbacks)

    with pytest.raises((ValueError, SystemExit)):
        it.fit(Small(fails_at=2, error=error), data())

    state = server.only.of_kind("state")[-1]
    assert (state["state"], state["reason"]) == ending


def test_checkpoints_are_kept_when_asked_for(server: IngestServer, tmp_path: Path) -> None:
    """Each that was written, once; they lie where Lightning puts them."""
    logger = AgnezLogger(url=server.url, checkpoints=True, experiment="cifar")
    best = ModelCheckpoint(monitor="val_loss", save_top_k=-1, save_last=True)

    it = trainer(tmp_path, logger=logger, callbacks=[best], enable_checkpointing=True)
    it.fit(Small(), data(), data(3))

    version = str(logger.version)
    folder = tmp_path / "cifar" / version / "checkpoints"
    assert Path(best.best_model_path).parent == folder
    server.wait_for(lambda: len(server.of_run(version)[0].entries("checkpoint")) == 3)
    bodies = [body for _, body in server.of_run(version)[0].entries("checkpoint")]
    assert {Path(body["path"]).name for body in bodies} == {
        *("epoch=0-step=4.ckpt", "epoch=1-step=8.ckpt", "last.ckpt")
    }
    assert bodies[0]["kind"] == "checkpoint"


def test_a_given_run_goes_on(server: IngestServer, tmp_path: Path) -> None:
    """Whoever made it ends it; the logger's experiment is its job."""
    with Context(url=server.url) as ctx:
        logger = AgnezLogger(job=ctx.job)
        assert logger.experiment is ctx.job
        trainer(tmp_path, logger=logger, max_epochs=1).fit(Small(), data())
        ctx.job.create_channel("after").send(x=0, y=1.0)

    assert server.only.channel("after") == [(0, 1.0)]


class Missing(dict[str, Any]):
    """A configuration with a value that must be given, as OmegaConf has it."""

    def __getitem__(self, name: str) -> Any:
        if name == "path":
            raise LookupError("a mandatory value is missing")
        return super().__getitem__(name)


@pytest.mark.parametrize(
    "params",
    [
        {"lr": 0.1, "net": Namespace(depth=3, widths=(1, 2)), "path": "???"},
        Namespace(lr=0.1, net={"depth": 3, "widths": [1, 2]}, path="???"),
        Missing(lr=0.1, net=Missing(depth=3, widths=[1, 2]), path=None),
    ],
    ids=["mapping", "namespace", "configuration"],
)
def test_parameters_of_every_form(server: IngestServer, params: Any) -> None:
    """Nested mappings and lists, whatever they were."""
    logger = AgnezLogger(url=server.url)

    logger.log_hyperparams(params, {"hp_metric": -1})
    logger.finalize("success")

    expected = {"lr": 0.1, "net": {"depth": 3, "widths": [1, 2]}, "path": "???"}
    assert params_of([server.only]) == expected


def test_other_ranks_without_a_run_in_common_are_silent(
    server: IngestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lightning's own launcher starts them; with AGNEZ_RUN they log."""
    from lightning.pytorch.utilities import rank_zero_only

    monkeypatch.setattr(rank_zero_only, "rank", 1)
    silent = AgnezLogger(url=server.url)
    silent.log_metrics({"loss": 1.0}, 0)
    silent.finalize("success")
    assert (silent.version, silent.experiment, server.spools) == (None, None, {})

    with Context(url=server.url) as ctx:
        monkeypatch.setenv("AGNEZ_RUN", ctx.job.run)
        logger = AgnezLogger(url=server.url)
        logger.log_metrics({"loss": 1.0}, 0)
        logger.finalize("success")
        assert logger.version == ctx.job.run


def test_the_documented_example_runs(
    server: IngestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/callbacks.md shows it."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    monkeypatch.chdir(tmp_path)

    run_example("Lightning")

    (spool,) = server.spools.values()
    assert len(spool.channel("loss")) == 58
    assert len(spool.channel("val_loss")) == 2


def test_a_silent_server_delays_no_training(
    server: IngestServer, begin: Any, tmp_path: Path
) -> None:
    """Neither the logger nor the callback waits for an answer."""

    def train(job: Any) -> None:
        logger = AgnezLogger(job=job)
        trainer(tmp_path, logger=logger, callbacks=[AgnezCallback()]).fit(Small(), data(), data())

    spool = trained_in_silence(server, begin, train)

    assert len(spool.channel("loss")) == 8
