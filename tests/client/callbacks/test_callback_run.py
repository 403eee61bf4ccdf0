"""The run of a callback: whose it is, how it ends, which charts it has."""

from __future__ import annotations

import copy
import logging
import pickle
from collections.abc import Callable

import numpy as np
import pytest

from agnez_client import Context, SettingsError
from agnez_client.callbacks.measures import measure_of
from agnez_client.callbacks.run import CallbackRun, is_number
from agnez_client.lifecycle import PROCESS
from tests.client.ingest_server import IngestServer, TakenSpool

Begin = Callable[..., Context]


def charts_of(spool: TakenSpool) -> dict[str, list[str]]:
    """The names of channels by the title of their chart, as a server puts them together."""
    found: dict[str, list[str]] = {}
    for event in spool.of_kind("chart"):
        found.setdefault(event["title"], []).extend(event["channels"])
    return found


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        *((n, "loss") for n in ("loss", "val_loss", "test/loss", "train loss", "loss_val")),
        *((n, "loss") for n in ("train_loss_step", "valid-loss", "val_loss/dataloader_idx_1")),
        *((n, n) for n in ("value", "train", "validated_loss", "test_", "training", "lr", "")),
        ("eval/f1/macro", "f1/macro"),
    ],
)
def test_train_and_validation_are_one_measure(name: str, measure: str) -> None:
    """A word for a part of the data is left out at either end, never within a word."""
    assert measure_of(name) == measure


def test_a_run_of_its_own_is_made_when_needed_and_ended(server: IngestServer) -> None:
    """Its experiment is the framework, one chart has both curves."""
    run = CallbackRun("toy", url=server.url, name="first")
    assert not PROCESS.jobs
    run.send("loss", 0, 0.5)
    run.send("val_loss", 0, 0.75)
    run.set_params({"lr": 0.1})

    run.end()

    taken = server.only
    about = taken.of_kind("run")[0]
    assert (about["experiment"], about["name"]) == ("toy", "first")
    assert charts_of(taken) == {"loss": ["loss", "val_loss"]}
    assert {event["id"] for event in taken.of_kind("chart")} == {run_chart_id(taken)}
    assert taken.channel("val_loss") == [(0, 0.75)]
    assert taken.of_kind("params")[0]["params"] == {"lr": 0.1}
    assert taken.of_kind("state")[0]["state"] == "finished"


def run_chart_id(spool: TakenSpool) -> str:
    """The id of the first chart."""
    return str(spool.of_kind("chart")[0]["id"])


def test_a_given_run_is_left_open(server: IngestServer, begin: Begin) -> None:
    """Whoever made it ends it."""
    ctx = begin()
    run = CallbackRun("toy", ctx)
    run.send("loss", 3, 0.5)

    run.end(ValueError("diverged"))

    assert PROCESS.jobs == [ctx.job]
    ctx.finish()
    assert server.only.of_kind("state")[0]["state"] == "finished"
    assert server.only.channel("loss") == [(3, 0.5)]


def test_an_error_ends_it_as_failed(server: IngestServer) -> None:
    """With the reason."""
    run = CallbackRun("toy", url=server.url)
    run.send("loss", 0, 0.5)

    run.end(ValueError("diverged"))

    state = server.only.of_kind("state")[0]
    assert (state["state"], state["reason"]) == ("failed", "ValueError: diverged")


def test_what_comes_after_the_end_joins_the_run(server: IngestServer) -> None:
    """A second call of fit, or a test after it, is another session of the same run."""
    run = CallbackRun("toy", url=server.url)
    run.send("loss", 0, 0.5)
    id = run.job.run
    run.end()

    run.send("test_loss", 1, 0.25)
    run.end()

    first, second = server.of_run(id)
    assert second.channel("test_loss") == [(1, 0.25)]
    assert [s.of_kind("state")[0]["state"] for s in (first, second)] == ["finished"] * 2


def test_copies_write_to_the_same_run(server: IngestServer) -> None:
    """In this process it is the same, in another one (here: after pickling) it joins."""
    run = CallbackRun("toy", url=server.url)
    run.send("loss", 0, 0.5)

    assert copy.deepcopy({"callback": run})["callback"] is run
    other = pickle.loads(pickle.dumps(run))

    other.send("loss", 1, 0.25)
    assert other.job.run == run.job.run
    other.end()
    run.end()


def test_an_error_of_the_stream_is_told_once(
    begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    """And the training goes on."""
    ctx = begin()
    run = CallbackRun("toy", ctx)
    ctx.finish()

    with caplog.at_level(logging.WARNING):
        run.send("loss", 0, 0.5)
        run.send("loss", 1, 0.5)

    assert [r.message for r in caplog.records if "has ended" in r.message] == [
        f"a callback could not tell its run all (once): RunClosed: the run {ctx.job.run} has ended "
        "in this process: make a new Context"
    ]


def test_strict_raises(begin: Begin) -> None:
    """As the run itself does."""
    ctx = begin(strict=True)
    ctx.finish()

    with pytest.raises(RuntimeError, match="has ended"):
        CallbackRun("toy", ctx).send("loss", 0, 0.5)


def test_wrong_arguments_are_errors_at_once(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a training has begun."""
    with pytest.raises(TypeError, match=r"job is the number 3 \(int\), expected a Job"):
        CallbackRun("toy", 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="projekt"):
        CallbackRun("toy", projekt="digits")
    with pytest.raises(ValueError, match="name is for a new run"):
        CallbackRun("toy", begin(), name="first")
    monkeypatch.setenv("AGNEZ_URL", "nowhere")
    with pytest.raises(SettingsError, match="AGNEZ_URL"):
        CallbackRun("toy")
    assert len(PROCESS.jobs) == 1


def test_the_environment_names_the_experiment(
    server: IngestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does for a Context."""
    monkeypatch.setenv("AGNEZ_EXPERIMENT", "mycls")
    run = CallbackRun("toy", url=server.url)
    run.send("loss", 0, 0.5)

    run.end()

    assert server.only.of_kind("run")[0]["experiment"] == "mycls"


def test_numbers_are_told_from_the_rest(server: IngestServer) -> None:
    """Texts, lists and None are left out."""
    numbers = {"a": 1, "b": np.float32(2.5), "c": np.array([3.0]), "d": True}
    rest = {"e": "text", "f": None, "g": [1.0], "h": np.zeros(2), "i": {}}

    run = CallbackRun("toy", url=server.url)
    run.send_all(7, {**numbers, **rest})
    run.end()

    assert [is_number(v) for v in rest.values()] == [False] * 5
    assert {e["name"] for e in server.only.of_kind("channel")} == set(numbers)
    assert server.only.channel("b") == [(7, 2.5)]
