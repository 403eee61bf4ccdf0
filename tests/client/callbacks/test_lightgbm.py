"""LightGBM's callback with the real LightGBM: what arrives is what LightGBM itself has recorded."""

from __future__ import annotations

import gc
from typing import Any

import lightgbm
import pytest
from sklearn.datasets import load_breast_cancer

from agnez_client.callbacks.lightgbm import AgnezCallback
from tests.client.callbacks.documented import run_example
from tests.client.ingest_server import IngestServer, TakenSpool

PARAMS = {
    "objective": "binary", "metric": ["binary_logloss", "auc"], "num_leaves": 7, "verbose": -1,
    "num_threads": 1, "learning_rate": 0.3,
}  # fmt: skip


@pytest.fixture
def data() -> tuple[lightgbm.Dataset, lightgbm.Dataset]:
    """Two thirds to learn from, a third to look at."""
    x, y = load_breast_cancer(return_X_y=True)
    held = [i % 3 == 0 for i in range(len(y))]
    train = lightgbm.Dataset(x[[not one for one in held]], y[[not one for one in held]])
    return train, lightgbm.Dataset(x[held], y[held], reference=train)


@pytest.fixture
def stopped_early(
    server: IngestServer, monkeypatch: pytest.MonkeyPatch, data: Any
) -> tuple[TakenSpool, Any, dict[str, Any]]:
    """What one training sent that ended before its last round, its model and its history."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    history: dict[str, Any] = {}
    model = lightgbm.train(
        PARAMS, data[0], 200, valid_sets=list(data), valid_names=["train", "val"],
        callbacks=[
            lightgbm.record_evaluation(history), lightgbm.early_stopping(3, verbose=False),
            AgnezCallback(),
        ],
    )  # fmt: skip
    gc.collect()
    return server.only, model, history


def test_every_round_of_every_metric_arrives(stopped_early: Any) -> None:
    """The channels hold the history that LightGBM keeps, the round of the stop included."""
    spool, model, history = stopped_early

    assert 3 < model.current_iteration() < 200
    for name in ("train", "val"):
        for metric in ("binary_logloss", "auc"):
            assert spool.channel(f"{name}/{metric}") == list(enumerate(history[name][metric]))


def test_train_and_validation_share_a_chart(stopped_early: Any) -> None:
    """A metric is one chart with the channels of all data."""
    charts = [e for e in stopped_early[0].of_kind("chart") if e["title"] == "auc"]

    assert [e["channels"] for e in charts] == [["train/auc"], ["val/auc"]]
    assert len({e["id"] for e in charts}) == 1


def test_the_run_ends_after_an_early_stop(stopped_early: Any) -> None:
    """Nobody has the callback any more: the run is finished, with its best round."""
    spool, model, _ = stopped_early
    params = {k: v for e in spool.of_kind("params") for k, v in e["params"].items()}

    assert [e["state"] for e in spool.of_kind("state")] == ["finished"]
    assert params["best_iteration"] == model.best_iteration
    assert (params["num_leaves"], params["num_boost_round"]) == (7, 200)


def test_the_importance_of_features_arrives(stopped_early: Any) -> None:
    """The table has LightGBM's own numbers."""
    spool, model, _ = stopped_early
    ((_, table),) = spool.entries("feature importance/table")

    gain = dict(zip(model.feature_name(), model.feature_importance("gain"), strict=True))
    assert table["columns"] == ["feature", "gain", "split"]
    assert {row[0]: row[1] for row in table["rows"]} == pytest.approx(gain)


def test_cross_validation_sends_means_and_deviations(
    server: IngestServer, begin: Any, data: Any
) -> None:
    """`cv` gives what its own table has."""
    with begin() as ctx, AgnezCallback(ctx.job) as callback:
        found = lightgbm.cv(PARAMS, data[0], 4, nfold=3, callbacks=[callback], seed=1)

    spool = server.only
    assert spool.channel("valid/auc") == list(enumerate(found["valid auc-mean"]))
    assert spool.channel("valid/auc std") == list(enumerate(found["valid auc-stdv"]))


def test_a_block_ends_the_run(
    server: IngestServer, monkeypatch: pytest.MonkeyPatch, data: Any
) -> None:
    """An error in the block ends it as failed, although somebody still has the callback."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    with pytest.raises(ZeroDivisionError), AgnezCallback() as callback:
        lightgbm.train(PARAMS, data[0], 2, valid_sets=[data[1]], callbacks=[callback])
        raise ZeroDivisionError("far too early")

    assert callback.order == 20
    assert [e["state"] for e in server.only.of_kind("state")] == ["failed"]


def test_the_end_of_the_process_loses_nothing(server: IngestServer, python: Any) -> None:
    """A program that keeps its callback to the end shows the importance, and fails as it fails."""
    script = python(
        """
        import lightgbm, numpy as np
        from agnez_client.callbacks.lightgbm import AgnezCallback
        x = np.random.default_rng(0).normal(size=(200, 2))
        data = lightgbm.Dataset(x, x[:, 0] > 0)
        callback = AgnezCallback()
        lightgbm.train(
            {"verbose": -1, "objective": "binary", "num_threads": 1}, data, 50, valid_sets=[data],
            callbacks=[callback, lightgbm.early_stopping(1, min_delta=0.1, verbose=False)],
        )
        raise RuntimeError("after the training")
        """,
        AGNEZ_URL=server.url,
    )
    _, _, errors = script.end()

    spool = server.only
    assert "could not tell" not in errors
    assert len(spool.entries("feature importance/table")) == 1
    assert [e["state"] for e in spool.of_kind("state")] == ["failed"]


def test_an_estimator_of_scikit_learn_takes_it(
    server: IngestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`LGBMClassifier` calls its data valid_0."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    x, y = load_breast_cancer(return_X_y=True)
    model = lightgbm.LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1)
    with AgnezCallback() as callback:
        model.fit(x, y, eval_X=(x,), eval_y=(y,), callbacks=[callback])

    expected = model.evals_result_["valid_0"]["binary_logloss"]
    assert server.only.channel("valid_0/binary_logloss") == list(enumerate(expected))


def test_the_example_of_the_documentation_runs(
    server: IngestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What docs/callbacks.md shows sends something."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    run_example("LightGBM")

    assert server.only.channel("val/multi_logloss")
