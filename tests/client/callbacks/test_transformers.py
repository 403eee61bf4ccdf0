"""The real Trainer of Hugging Face, on a model that is made from a configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from agnez_client import Context
from agnez_client.callbacks.transformers import AgnezCallback
from tests.client.callbacks.documented import run_example
from tests.client.callbacks.test_callback_run import charts_of
from tests.client.ingest_server import IngestServer, TakenSpool

# isort: split
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

pytestmark = pytest.mark.filterwarnings("ignore")  # what the trainer says about a bare processor

Begin = Callable[..., Context]


def data(count: int) -> list[dict[str, Any]]:
    """*count* sentences of four words; the class is the first one's."""
    random = torch.Generator().manual_seed(0)
    words = torch.randint(0, 20, (count, 4), generator=random)
    return [{"input_ids": row, "labels": int(row[0] % 2)} for row in words]


def model(trial: Any = None) -> Any:
    """The smallest."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    config = BertConfig(vocab_size=20, num_attention_heads=1, max_position_embeddings=8, **sizes)
    return BertForSequenceClassification(config)


def trainer(folder: Path, callback: AgnezCallback, **more: Any) -> Trainer:
    """Six steps in two epochs, all of them logged."""
    known = {
        "output_dir": str(folder),
        "num_train_epochs": 2,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 2,
        "logging_steps": 1,
        "eval_strategy": "epoch",
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": True,
        "learning_rate": 0.01,
    }
    args = TrainingArguments(**{**known, **more})
    train, test = data(24), data(8)
    return Trainer(
        model=model(), args=args, train_dataset=train, eval_dataset=test, callbacks=[callback]
    )


def logged(it: Trainer, name: str) -> list[tuple[int, float]]:
    """What the trainer itself remembers."""
    return [(log["step"], log[name]) for log in it.state.log_history if name in log]


def params_of(spool: TakenSpool) -> dict[str, Any]:
    """All parameters."""
    return {k: v for event in spool.of_kind("params") for k, v in event["params"].items()}


def test_what_is_logged_is_there(server: IngestServer, tmp_path: Path) -> None:
    """Training and validation on one chart, arguments and configuration as parameters."""
    callback = AgnezCallback(url=server.url, name="tiny")
    it = trainer(tmp_path, callback)

    it.train()

    spool = server.only
    for name in ("loss", "learning_rate", "grad_norm", "eval_loss"):
        assert len(logged(it, name)) >= 2
    assert spool.channel("loss") == logged(it, "loss")
    assert spool.channel("eval_loss") == logged(it, "eval_loss")
    assert spool.channel("learning_rate") == logged(it, "learning_rate")
    assert charts_of(spool)["loss"] == ["loss", "eval_loss", "train_loss"]
    assert "epoch" not in charts_of(spool) and not spool.channel("epoch")
    assert charts_of(spool)["speed/runtime"] == ["eval_runtime"]
    params = params_of(spool)
    assert params["speed"]["train_runtime"] == logged(it, "train_runtime")[0][1]
    assert params["training"]["gradient_accumulation_steps"] == 2
    assert (params["model"]["hidden_size"], params["model"]["model_type"]) == (8, "bert")
    fields = {k: v for event in spool.of_kind("fields") for k, v in event.items()}
    assert (fields["total_steps"], fields["stage"]) == (6, "TRAIN")
    about = spool.of_kind("run")[0]
    assert (about["experiment"], about["name"]) == ("transformers", "tiny")
    assert spool.of_kind("state")[0]["state"] == "finished"


def test_a_test_after_it_joins_the_run(server: IngestServer, tmp_path: Path) -> None:
    """And ends its part again."""
    it = trainer(tmp_path, AgnezCallback(url=server.url), eval_strategy="no", num_train_epochs=1)
    it.train()

    it.evaluate()
    found = it.predict(data(4))

    run = next(iter(server.spools.values())).run
    _, evaluated, tested = server.of_run(run)
    assert evaluated.channel("eval_loss") == logged(it, "eval_loss")
    assert tested.channel("test_loss") == [(3, pytest.approx(found.metrics["test_loss"]))]
    assert [s.of_kind("state")[0]["state"] for s in server.of_run(run)] == ["finished"] * 3


def test_checkpoints_are_kept_when_asked_for(server: IngestServer, tmp_path: Path) -> None:
    """As one archive each, at their steps."""
    callback = AgnezCallback(url=server.url, checkpoints=True)

    trainer(tmp_path, callback, save_strategy="epoch").train()

    server.wait_for(lambda: len(server.only.entries("checkpoint")) == 2)
    found = server.only.entries("checkpoint")
    assert [(x, Path(body["path"]).name) for x, body in found] == [
        (3, "checkpoint-3"),
        (6, "checkpoint-6"),
    ]


def test_a_given_run_goes_on(server: IngestServer, begin: Begin, tmp_path: Path) -> None:
    """Whoever made it ends it."""
    ctx = begin()

    trainer(tmp_path, AgnezCallback(job=ctx), num_train_epochs=1).train()

    ctx.job.create_channel("after").send(x=0, y=1.0)
    ctx.finish()
    assert server.only.channel("after") == [(0, 1.0)]
    assert len(server.only.of_kind("state")) == 1


def test_the_block_tells_that_a_training_failed(server: IngestServer, tmp_path: Path) -> None:
    """With the reason."""

    def fail(found: Any) -> dict[str, float]:
        raise ZeroDivisionError("of a measure")

    with pytest.raises(ZeroDivisionError), AgnezCallback(url=server.url) as callback:
        it = trainer(tmp_path, callback)
        it.compute_metrics = fail
        it.train()

    state = server.only.of_kind("state")[0]
    assert (state["state"], state["reason"]) == ("failed", "ZeroDivisionError: of a measure")


def test_other_processes_are_silent(server: IngestServer, tmp_path: Path) -> None:
    """The trainer hands all of them what all have found."""
    it = trainer(tmp_path, AgnezCallback(url=server.url), num_train_epochs=1)
    it.is_world_process_zero = lambda: False  # type: ignore[method-assign]

    it.train()

    assert server.spools == {}


def test_each_trial_of_a_search_is_a_run(server: IngestServer, tmp_path: Path) -> None:
    """With its parameters."""
    it = trainer(tmp_path, AgnezCallback(url=server.url), max_steps=1, eval_strategy="steps")
    it.model_init = model

    it.hyperparameter_search(
        lambda trial: {"learning_rate": trial.suggest_float("learning_rate", 0.01, 0.1)},
        n_trials=2,
        backend="optuna",
    )

    first, second = server.spools.values()
    assert first.run != second.run
    rates = [params_of(spool)["trial"]["learning_rate"] for spool in (first, second)]
    assert len(set(rates)) == 2
    for spool in (first, second):
        assert spool.of_kind("state")[0]["state"] == "finished"


def test_the_documented_example_runs(
    server: IngestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/callbacks.md shows it."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    monkeypatch.chdir(tmp_path)

    run_example("Transformers")

    assert len(server.only.channel("loss")) == 8
