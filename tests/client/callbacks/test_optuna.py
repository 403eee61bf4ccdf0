"""Optuna's callback with the real Optuna: what arrives is what the study holds."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import optuna
import pytest

from agnez_client.callbacks.optuna import AgnezCallback
from tests.client.callbacks.documented import run_example
from tests.client.ingest_server import IngestServer, TakenSpool


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Optuna does not tell of every trial."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    yield
    optuna.logging.set_verbosity(optuna.logging.INFO)


def objective(trial: optuna.Trial) -> float:
    """Good near 2; trial 3 fails, those far away are pruned."""
    x = trial.suggest_float("x", -5, 5)
    trial.suggest_categorical("kind", ["a", "b"])
    trial.suggest_int("depth", 1, 4)
    if trial.number == 3:
        raise RuntimeError("trial 3 does not work")
    for step in range(3):
        trial.report(abs(x - 2) + 3 - step, step)
    if abs(x - 2) > 4:
        raise optuna.TrialPruned
    trial.set_user_attr("note", "fine")
    return (x - 2) ** 2


def studied(trials: int = 12, **given: Any) -> optuna.Study:
    """A study of *objective*, the same each time."""
    study = optuna.create_study(
        study_name="parabola", sampler=optuna.samplers.RandomSampler(seed=1)
    )
    study.optimize(objective, trials, catch=RuntimeError, **given)
    return study


@pytest.fixture
def taken(server: IngestServer, monkeypatch: pytest.MonkeyPatch) -> tuple[TakenSpool, Any]:
    """What one study sent, and the study."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    study = studied(callbacks=[AgnezCallback()])
    gc.collect()
    return server.only, study


def params_of(spool: TakenSpool) -> dict[str, Any]:
    """All parameters of the run, the last word of each."""
    return {k: v for e in spool.of_kind("params") for k, v in e["params"].items()}


def test_every_value_arrives_with_the_best_so_far(taken: Any) -> None:
    """A point a complete trial, and the smallest value up to there, in one chart."""
    spool, study = taken
    values = [(t.number, t.value) for t in study.trials if t.state.name == "COMPLETE"]

    assert spool.channel("value") == values
    best = dict(spool.channel("best value"))
    assert [best[n] for n, _ in values] == [
        min(v for _, v in values[: i + 1]) for i in range(len(values))
    ]
    charts = [e["id"] for e in spool.of_kind("chart") if e["title"] == "value"]
    assert len(charts) == 2
    assert len(set(charts)) == 1


def test_parameters_are_points_and_the_best_are_those_of_the_run(taken: Any) -> None:
    """Numbers can be drawn; the study's settings and its best trial are parameters."""
    spool, study = taken
    params = params_of(spool)

    assert spool.channel("param/x") == [(t.number, t.params["x"]) for t in study.trials]
    assert spool.channel("param/depth") == [(t.number, t.params["depth"]) for t in study.trials]
    assert params["best"]["params"] == study.best_params
    assert (params["sampler"], params["directions"]) == ("RandomSampler", ["minimize"])


def test_pruned_and_failed_trials_are_counted(taken: Any) -> None:
    """The counts add up to all trials; a failure is marked."""
    spool, study = taken
    states = [t.state.name for t in study.trials]
    last = {n: spool.channel(f"trials/{n}")[-1][1] for n in ("complete", "pruned", "failed")}

    assert states.count("PRUNED") > 0
    assert last == {
        "complete": states.count("COMPLETE"), "pruned": states.count("PRUNED"), "failed": 1,
    }  # fmt: skip
    ((x, mark),) = spool.entries("markers")
    assert x == 3
    assert (mark["text"], mark["level"]) == ("trial 3 failed", "error")


def test_intermediate_values_are_curves_over_steps(taken: Any) -> None:
    """A curve for each of the first ten trials and for the best, all in one chart."""
    spool, study = taken
    first = study.trials[0]

    assert spool.channel("trial 0/value") == list(first.intermediate_values.items())
    shown = {c.split("/")[0] for e in spool.of_kind("chart") for c in e["channels"]
             if e["title"] == "value during trials"}  # fmt: skip
    assert 10 <= len(shown) <= 11
    titles = [e["x"] for e in spool.of_kind("chart") if e["title"] == "value during trials"]
    assert set(titles) == {"step"}


def test_the_last_table_has_all_trials(taken: Any) -> None:
    """A row a trial, with state, value, parameters and notes."""
    spool, study = taken
    _, table = spool.entries("all trials")[-1]
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]

    assert [row["trial"] for row in rows] == list(range(12))
    assert rows[3]["state"] == "failed"
    assert rows[0]["x"] == study.trials[0].params["x"]
    assert {row["user note"] for row in rows} == {"fine", None}


def test_the_run_ends_when_the_callback_is_gone(taken: Any) -> None:
    """Nobody has it after `optimize`."""
    assert [e["state"] for e in taken[0].of_kind("state")] == ["finished"]


def test_trials_side_by_side_all_arrive(
    server: IngestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With several threads each trial is there once."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    with AgnezCallback() as callback:
        study = studied(20, n_jobs=4, callbacks=[callback])

    spool = server.only
    assert sorted(spool.channel("param/x")) == [(t.number, t.params["x"]) for t in study.trials]
    assert sum(spool.channel(f"trials/{n}")[-1][1] for n in ("complete", "pruned", "failed")) == 20
    xs = [x for x, _ in spool.channel("trials/complete")]
    assert xs == sorted(xs)


def test_a_run_a_trial(server: IngestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its parameters, its values, and ends as the trial did."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    with AgnezCallback(per="trial", project="searches") as callback:
        study = studied(5, callbacks=[callback])

    found = {s.of_kind("run")[0].get("name"): s for s in server.spools.values()}
    assert len(found) == 6
    for trial in study.trials:
        spool = found[f"parabola trial {trial.number}"]
        assert params_of(spool).items() >= trial.params.items()
        assert spool.of_kind("run")[0]["project"] == "searches"
        expected = {"COMPLETE": "finished", "PRUNED": "stopped", "FAIL": "failed"}
        assert spool.of_kind("state")[-1]["state"] == expected[trial.state.name]
        if trial.state.name == "COMPLETE":
            assert [y for _, y in spool.channel("value")] == [trial.value]


def test_several_objectives_have_a_channel_each(
    server: IngestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the names that were given to them, and the size of the front."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    study = optuna.create_study(directions=["minimize", "maximize"])

    def both(trial: optuna.Trial) -> tuple[float, float]:
        x = trial.suggest_float("x", 0, 1)
        return x, x * (1 - x)

    with AgnezCallback() as callback:
        study.optimize(both, 6, callbacks=[callback])

    spool = server.only
    assert [y for _, y in spool.channel("value 1")] == [t.values[1] for t in study.trials]
    assert spool.channel("Pareto front")[-1][1] == len(study.best_trials)


def test_wrong_arguments_are_errors_at_once() -> None:
    """They are said before the study begins."""
    with pytest.raises(ValueError, match="'study' or 'trial'"):
        AgnezCallback(per="epoch")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="job is"):
        AgnezCallback(3)  # type: ignore[arg-type]


def test_the_example_of_the_documentation_runs(
    server: IngestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What docs/callbacks.md shows sends something."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    run_example("Optuna")

    assert len(server.only.channel("value")) == 20
