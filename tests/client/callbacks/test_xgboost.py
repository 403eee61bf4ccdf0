"""XGBoost's callback with the real XGBoost: what arrives is what XGBoost itself has recorded."""

from __future__ import annotations

from typing import Any

import pytest
import xgboost
from sklearn.datasets import load_iris

from agnez_client.callbacks.xgboost import AgnezCallback, settings_of
from tests.client.callbacks.documented import run_example
from tests.client.callbacks.silence import trained_in_silence
from tests.client.ingest_server import IngestServer, TakenSpool

PARAMS = {
    "objective": "multi:softprob", "num_class": 3, "max_depth": 2, "eta": 0.3, "nthread": 1,
    "eval_metric": ["mlogloss", "merror"],
}  # fmt: skip


@pytest.fixture(scope="module")
def iris() -> tuple[xgboost.DMatrix, xgboost.DMatrix]:
    """100 flowers to learn from, 50 to look at."""
    x, y = load_iris(return_X_y=True)
    names = ["sepal length", "sepal width", "petal length", "petal width"]
    held = [i % 3 == 0 for i in range(150)]
    kept = [not one for one in held]
    train = xgboost.DMatrix(x[kept], y[kept], feature_names=names)
    return train, xgboost.DMatrix(x[held], y[held], feature_names=names)


@pytest.fixture
def trained(
    server: IngestServer, monkeypatch: pytest.MonkeyPatch, iris: Any
) -> tuple[TakenSpool, Any, dict[str, Any]]:
    """What one training sent, its model, and its history as XGBoost keeps it."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    history: dict[str, Any] = {}
    model = xgboost.train(
        PARAMS, iris[0], 12, evals=[(iris[0], "train"), (iris[1], "val")], evals_result=history,
        callbacks=[AgnezCallback()], early_stopping_rounds=3, verbose_eval=False,
    )  # fmt: skip
    return server.only, model, history


def test_every_round_of_every_metric_arrives(trained: Any) -> None:
    """The channels hold the history that XGBoost returns, to the last digit."""
    spool, _, history = trained

    for data in ("train", "val"):
        for metric in ("mlogloss", "merror"):
            assert spool.channel(f"{data}/{metric}") == list(enumerate(history[data][metric]))


def test_train_and_validation_share_a_chart(trained: Any) -> None:
    """A metric is one chart with the channels of all data; its x axis counts rounds."""
    charts = [e for e in trained[0].of_kind("chart") if e["title"] == "mlogloss"]

    assert [e["channels"] for e in charts] == [["train/mlogloss"], ["val/mlogloss"]]
    assert {(e["id"], e["x"]) for e in charts} == {(charts[0]["id"], "round")}


def test_settings_become_parameters(trained: Any) -> None:
    """Those that were given and XGBoost's defaults, as numbers; the best round too."""
    params = {k: v for e in trained[0].of_kind("params") for k, v in e["params"].items()}

    assert params["max_depth"] == 2
    assert params["eta"] == 0.3
    assert params["objective"] == "multi:softprob"
    assert params["subsample"] == 1
    assert params["eval_metric"] == ["mlogloss", "merror"]
    assert params["best_iteration"] == trained[1].best_iteration


def test_what_was_set_stands_before_the_defaults(iris: Any) -> None:
    """XGBoost tells no callback what was given; what is no default was."""
    given = {"objective": "multi:softprob", "num_class": 3, "max_depth": 2, "gamma": 0.5}
    found = settings_of(xgboost.train(given, iris[0], 1))

    names = list(found)
    assert set(names[:6]) == {*given, "eval_metric", "min_split_loss"}  # gamma in other words
    assert names.index("subsample") > 5 and names.index("num_feature") > 5


@pytest.mark.parametrize(
    ("objective", "more"),
    [("rank:ndcg", {}), ("survival:aft", {}), ("reg:quantileerror", {"quantile_alpha": 0.5}),
     ("count:poisson", {"booster": "gblinear"})],
)  # fmt: skip
def test_settings_of_other_objectives(objective: str, more: dict[str, Any]) -> None:
    """Those that ask for more than a label, too."""
    data = xgboost.DMatrix([[0.0], [1.0]], label=[0, 1])
    if objective.startswith("survival"):
        data.set_float_info("label_lower_bound", [1.0, 2.0])
        data.set_float_info("label_upper_bound", [1.0, 2.0])
    booster = xgboost.Booster({"objective": objective, **more}, [data])

    assert next(iter(settings_of(booster).items())) == ("objective", objective)


def test_the_importance_of_features_arrives(trained: Any) -> None:
    """The table has XGBoost's own scores, the largest gain first."""
    spool, model, _ = trained
    ((_, table),) = spool.entries("feature importance/table")
    gain = model.get_score(importance_type="gain")

    assert table["columns"] == ["feature", "gain", "cover", "weight"]
    assert [row[:2] for row in table["rows"]] == [
        [name, pytest.approx(gain[name])] for name in sorted(gain, key=lambda n: -gain[n])
    ]
    assert [body["format"] for _, body in spool.entries("feature importance")] == ["bokeh"]


def test_the_run_ends_with_the_training(trained: Any) -> None:
    """A run that the callback made is finished by it, under the framework's name."""
    states = [e["state"] for e in trained[0].of_kind("state")]

    assert states == ["finished"]
    assert trained[0].of_kind("run")[0]["experiment"] == "xgboost"


def test_cross_validation_sends_means_and_deviations(
    server: IngestServer, begin: Any, iris: Any
) -> None:
    """`cv` gives what its own table has; a run that was given goes on."""
    ctx = begin()
    found = xgboost.cv(
        PARAMS, iris[0], 4, nfold=3, as_pandas=False, callbacks=[AgnezCallback(ctx.job)], seed=1
    )
    ctx.job.create_channel("later").send(y=1)
    ctx.finish()

    spool = server.only
    assert spool.channel("test/mlogloss") == list(enumerate(found["test-mlogloss-mean"]))
    assert spool.channel("test/mlogloss std") == list(enumerate(found["test-mlogloss-std"]))
    assert spool.channel("later") == [(0, 1)]


def test_an_estimator_of_scikit_learn_takes_it(
    server: IngestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`XGBClassifier` calls its data validation_0."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    x, y = load_iris(return_X_y=True)
    model = xgboost.XGBClassifier(n_estimators=3, n_jobs=1, callbacks=[AgnezCallback()])
    model.fit(x, y, eval_set=[(x, y)], verbose=False)

    expected = model.evals_result()["validation_0"]["mlogloss"]
    assert server.only.channel("validation_0/mlogloss") == list(enumerate(expected))


def test_a_linear_model_has_weights(server: IngestServer, begin: Any, iris: Any) -> None:
    """Where there are no trees the weights are the importance."""
    with begin() as ctx:
        xgboost.train(
            {"booster": "gblinear", "objective": "reg:squarederror", "nthread": 1},
            iris[0], 2, callbacks=[AgnezCallback(ctx.job)],
        )  # fmt: skip

    ((_, table),) = server.only.entries("feature importance/table")
    assert table["columns"] == ["feature", "weight"]


def test_a_training_that_fails_ends_the_run_with_its_block(server: IngestServer, iris: Any) -> None:
    """XGBoost tells no callback."""

    class Failing(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            """As a person's own callback may."""
            raise ZeroDivisionError("diverged")

    with pytest.raises(ZeroDivisionError), AgnezCallback(url=server.url) as callback:
        xgboost.train(PARAMS, iris[0], 2, callbacks=[callback, Failing()])

    (state,) = server.only.of_kind("state")
    assert (state["state"], state["reason"]) == ("failed", "ZeroDivisionError: diverged")


def test_a_wrong_job_is_an_error_at_once() -> None:
    """What a person wrote wrongly is said before the training."""
    with pytest.raises(TypeError, match="job is the text 'mine'"):
        AgnezCallback("mine")  # type: ignore[arg-type]


def test_a_training_without_a_server_goes_on(iris: Any) -> None:
    """Points wait; the training notices nothing."""
    model = xgboost.train(PARAMS, iris[0], 2, callbacks=[AgnezCallback(url="http://127.0.0.1:1")])

    assert model.num_boosted_rounds() == 2


def test_the_example_of_the_documentation_runs(
    server: IngestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What docs/callbacks.md shows sends something."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    run_example("XGBoost")

    assert server.only.channel("val/mlogloss")


def test_a_silent_server_delays_no_training(server: IngestServer, begin: Any, iris: Any) -> None:
    """All rounds arrive when it answers again."""
    spool = trained_in_silence(
        server, begin,
        lambda job: xgboost.train(
            PARAMS, iris[0], 5, evals=[(iris[0], "train")], verbose_eval=False,
            callbacks=[AgnezCallback(job)],
        ),
    )  # fmt: skip

    assert len(spool.channel("train/mlogloss")) == 5
