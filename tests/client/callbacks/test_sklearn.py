"""scikit-learn's callback with the real scikit-learn: what arrives is what its estimators hold."""

from __future__ import annotations

import gc
import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.metrics import average_precision_score, confusion_matrix
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from agnez_client.callbacks.sklearn import AgnezCallback
from tests.client.callbacks.documented import run_example
from tests.client.ingest_server import IngestServer, TakenSpool

Data = tuple[Any, Any, Any, Any]


@pytest.fixture(scope="module")
def iris() -> Data:
    """Two thirds of the flowers to learn from, a third to look at: x, y, x_val, y_val."""
    x, y = load_iris(return_X_y=True)
    held = np.arange(150) % 3 == 0
    return x[~held], y[~held], x[held], y[held]


@pytest.fixture(autouse=True)
def url(server: IngestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are sent to the server, and errors raised."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    monkeypatch.setenv("AGNEZ_STRICT", "1")


def params_of(spool: TakenSpool) -> dict[str, Any]:
    """All parameters of the run, the last word of each."""
    return {k: v for e in spool.of_kind("params") for k, v in e["params"].items()}


def test_boosting_is_seen_while_it_learns(server: IngestServer, iris: Data) -> None:
    """`monitor` sends each stage once; parameters and the end of the run too."""
    x, y, *_ = iris
    model = AgnezCallback().fit(GradientBoostingClassifier(n_estimators=5, max_depth=1), x, y)

    spool = server.only
    assert spool.channel("train_score") == list(enumerate(model.train_score_))
    assert params_of(spool)["n_estimators"] == 5
    assert params_of(spool)["estimator"] == "GradientBoostingClassifier"
    assert [e["state"] for e in spool.of_kind("state")] == ["finished"]


def test_curves_are_sent_after_the_fit(server: IngestServer, iris: Data) -> None:
    """What an estimator has kept for each iteration, training and validation in one chart."""
    x, y, *_ = iris
    with AgnezCallback() as callback:
        boosted = callback.fit(
            HistGradientBoostingClassifier(
                max_iter=4, early_stopping=True, validation_fraction=0.3, min_samples_leaf=2
            ), x, y,
        )  # fmt: skip
    spool = server.only
    assert spool.channel("train_score") == list(enumerate(boosted.train_score_))
    assert spool.channel("val_train_score") == list(enumerate(boosted.validation_score_))
    ids = {e["id"] for e in spool.of_kind("chart") if e["title"] == "train_score"}
    assert len(ids) == 1


def test_the_loss_of_a_network_is_sent(server: IngestServer, iris: Data) -> None:
    """`loss_curve_` is the channel loss."""
    x, y, *_ = iris
    network = MLPClassifier((4,), solver="adam", max_iter=5, random_state=0, n_iter_no_change=5)
    with pytest.warns(match="Maximum iterations"):
        AgnezCallback().fit(network, x, y)

    assert server.only.channel("loss") == list(enumerate(network.loss_curve_))


def test_a_classifier_is_judged_on_validation_data(server: IngestServer, iris: Data) -> None:
    """Score, confusion and curves are scikit-learn's own."""
    x, y, x_val, y_val = iris
    model = AgnezCallback(validation=(x_val, y_val)).fit(
        make_pipeline(StandardScaler(), GradientBoostingClassifier(n_estimators=3)), x, y
    )

    spool = server.only
    assert spool.channel("score")[-1][1] == model.score(x, y)
    assert spool.channel("val_score")[-1][1] == model.score(x_val, y_val)
    ((_, confusion),) = spool.entries("val confusion")
    assert confusion["counts"] == confusion_matrix(y_val, model.predict(x_val)).tolist()
    ((_, pr),) = spool.entries("val PR")
    expected = average_precision_score(y_val == 0, model.predict_proba(x_val)[:, 0])
    assert pr["curves"][0]["ap"] == pytest.approx(expected)
    assert len(spool.entries("val ROC")) == 1


def test_the_importance_of_features_has_their_names(server: IngestServer) -> None:
    """Coefficients count as they are large, under the names of the pipeline."""
    x, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    AgnezCallback().fit(model, x, y)

    ((_, table),) = server.only.entries("feature importance/table")
    weights = np.abs(model[-1].coef_[0])
    assert table["columns"] == ["feature", "|coefficient|"]
    assert table["rows"][0] == [f"x{weights.argmax()}", pytest.approx(weights.max())]


def test_iterations_are_seen_by_estimators_with_callbacks(server: IngestServer, iris: Data) -> None:
    """scikit-learn's own protocol: a score an iteration, on both kinds of data."""
    x, y, x_val, y_val = iris
    model = LogisticRegression(max_iter=6)
    callback = AgnezCallback(validation=(x_val, y_val), scoring=["accuracy", "neg_log_loss"])
    model.set_callbacks(callback)
    with pytest.warns(match="failed to converge"):
        model.fit(x, y)

    spool = server.only
    points = spool.channel("val_neg_log_loss")
    assert [n for n, _ in points] == list(range(6))
    truth = -np.mean(np.log(model.predict_proba(x_val)[np.arange(50), y_val]))
    assert points[-1][1] == pytest.approx(-truth)
    assert spool.channel("accuracy")[-1][1] == pytest.approx(model.score(x, y))
    assert params_of(spool)["max_iter"] == 6
    assert [e["state"] for e in spool.of_kind("state")] == ["finished"]


@pytest.mark.parametrize(("solver", "points"), [("lbfgs", 3), ("liblinear", 1)])
def test_fit_shows_iterations_where_it_can(
    server: IngestServer, iris: Data, solver: str, points: int
) -> None:
    """What takes callbacks gets one for this fit; with another solver there is one score."""
    x, y, x_val, y_val = iris
    model = LogisticRegression(solver=solver, max_iter=3, tol=1e-20)
    with pytest.warns(match="converge"):
        AgnezCallback(validation=(x_val, y_val % 2)).fit(model, x, y % 2)

    assert len(server.only.channel("val_score")) == points
    assert len(server.only.entries("val confusion")) == 1
    assert not hasattr(model, "_skl_callbacks")


def test_a_search_is_a_point_a_candidate(server: IngestServer, iris: Data) -> None:
    """Mean scores by candidate, a table, the best parameters."""
    x, y, *_ = iris
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression()),
        {"logisticregression__C": [0.01, 1.0, 100.0]}, cv=3, return_train_score=True,
    )  # fmt: skip
    search.set_callbacks(AgnezCallback())
    search.fit(x, y)
    gc.collect()

    spool = server.only
    means = [float(v) for v in search.cv_results_["mean_test_score"]]
    assert spool.channel("candidates/mean_test_score") == list(enumerate(means))
    ((_, table),) = spool.entries("candidates")
    assert table["columns"][:2] == ["candidate", "rank_test_score"]
    assert [row[-1] for row in table["rows"]] == [0.01, 1.0, 100.0]
    assert params_of(spool)["best_params"] == search.best_params_
    assert params_of(spool)["estimator__logisticregression"] == "LogisticRegression"


def test_a_copy_in_another_process_keeps_still(server: IngestServer, iris: Data) -> None:
    """A search with several processes sends its candidates there: only the original tells."""
    x, y, *_ = iris
    model = LogisticRegression()
    model.set_callbacks(pickle.loads(pickle.dumps(AgnezCallback(validation=(x, y)))))
    model.fit(x, y)

    assert not server.spools


def test_steps_of_a_loop_are_sent(server: IngestServer, iris: Data) -> None:
    """`partial_fit` scores after each step."""
    x, y, x_val, y_val = iris
    model = SGDClassifier(random_state=0)
    scores = []
    with AgnezCallback(validation=(x_val, y_val)) as callback:
        for _ in range(4):
            callback.partial_fit(model, x, y, classes=[0, 1, 2])
            scores.append(model.score(x_val, y_val))
        callback.report(model)

    assert server.only.channel("val_score")[:4] == list(enumerate(scores))


def test_a_regression_has_scores_and_no_confusion(server: IngestServer, iris: Data) -> None:
    """What is made for classes is left out."""
    x, y, x_val, y_val = iris
    model = AgnezCallback(validation=(x_val, y_val), scoring="r2").fit(LinearRegression(), x, y)

    spool = server.only
    assert spool.channel("val_r2")[0][1] == pytest.approx(model.score(x_val, y_val))
    assert not spool.entries("val confusion")


def test_a_fit_that_fails_ends_the_run_as_failed(server: IngestServer, iris: Data) -> None:
    """The error is the caller's, with the run's state."""
    x, y, *_ = iris
    with pytest.raises(ValueError, match="C"):
        AgnezCallback().fit(LogisticRegression(C=-1), x, y)

    assert [e["state"] for e in server.only.of_kind("state")] == ["failed"]


def test_a_search_that_fails_ends_the_run_as_failed(server: IngestServer, iris: Data) -> None:
    """So it is with scikit-learn's own protocol."""
    x, y, *_ = iris
    search = GridSearchCV(LogisticRegression(), {"C": [-1.0]}, cv=2, error_score="raise")
    search.set_callbacks(AgnezCallback())
    with pytest.raises(ValueError, match="C"):
        search.fit(x, y)

    assert [e["state"] for e in server.only.of_kind("state")] == ["failed"]


def test_what_can_not_be_shown_ends_no_training(
    server: IngestServer, iris: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A score that can't be computed is told in the log; the model is fitted."""
    monkeypatch.setenv("AGNEZ_STRICT", "0")
    x, y, *_ = iris
    callback = AgnezCallback(validation=(x[:, :1], y))
    model = callback.fit(GradientBoostingClassifier(n_estimators=2), x, y)

    assert model.n_estimators_ == 2
    assert len(server.only.channel("train_score")) == 2


def test_wrong_arguments_are_errors_at_once() -> None:
    """They are said before the fit."""
    with pytest.raises(TypeError, match="validation"):
        AgnezCallback(validation=[1, 2, 3])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="job is"):
        AgnezCallback("mine")  # type: ignore[arg-type]


def test_the_example_of_the_documentation_runs(server: IngestServer) -> None:
    """What docs/callbacks.md shows sends something."""
    run_example("scikit-learn")

    assert server.only.entries("val confusion")
