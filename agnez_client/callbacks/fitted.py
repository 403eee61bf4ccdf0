"""What an estimator of scikit-learn knows of itself, before and after its fit, as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

CURVES: Final = {
    "loss_curve_": ("loss", "loss"),
    "validation_scores_": ("val_score", "score"),
    "train_score_": ("train_score", "train_score"),
    "validation_score_": ("val_train_score", "train_score"),
    "oob_scores_": ("oob_score", "oob_score"),
}
"""Attribute to channel and chart: what estimators keep for each of their iterations."""
MAX_CLASSES: Final = 50


def settings_of(estimator: Any) -> dict[str, Any]:
    """Its class and its parameters, those of estimators within it too; these by their class."""
    params = estimator.get_params(deep=True)
    found = {name: _plain(value) for name, value in params.items() if name != "steps"}
    return {"estimator": type(estimator).__name__, **found}


def _plain(value: Any) -> Any:
    if hasattr(value, "get_params"):
        return type(value).__name__
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    return value


def last_step(estimator: Any) -> Any:
    """The model itself: the best one of a search, the last step of a pipeline."""
    found = getattr(estimator, "best_estimator_", estimator)
    return last_step(found[-1]) if isinstance(found, Pipeline) and len(found) else found


def curves_of(model: Any) -> Iterator[tuple[str, str, list[float]]]:
    """Channel, chart and a number an iteration, of each curve that *model* has kept."""
    for attribute, (channel, chart) in CURVES.items():
        values = getattr(model, attribute, None)
        if values is not None and np.ndim(values) == 1 and len(values):
            yield channel, chart, [float(v) for v in values]


def importance_of(model: Any) -> tuple[str, list[float]]:
    """What its features count, and what that is called; nothing where it does not tell."""
    found = getattr(model, "feature_importances_", None)
    if found is not None:
        return "importance", [float(v) for v in found]
    coefficients = getattr(model, "coef_", None)
    if coefficients is None or np.ndim(coefficients) not in (1, 2):
        return "", []
    dense = coefficients.toarray() if hasattr(coefficients, "toarray") else coefficients
    return "|coefficient|", [float(v) for v in np.abs(np.atleast_2d(dense)).mean(axis=0)]


def feature_names_of(estimator: Any, model: Any, count: int) -> list[str]:
    """The names of the model's *count* features, numbers where it was given none."""
    names = getattr(model, "feature_names_in_", None)
    if names is None and isinstance(estimator, Pipeline) and len(estimator) > 1:
        try:
            names = estimator[:-1].get_feature_names_out()
        except (AttributeError, ValueError):
            names = None
    if names is None or len(names) != count:
        return [f"feature {i}" for i in range(count)]
    return [str(name) for name in names]


def scores_of(estimator: Any, x: Any) -> Any:
    """
    How sure a classifier is, for PR and ROC curves: ``(N,)`` of the second of two classes, or
    ``(N, classes)``; None where it does not tell.
    """
    if not is_classifier(estimator):
        return None
    for name in ("predict_proba", "decision_function"):
        method = getattr(estimator, name, None)
        if method is None:
            continue
        found = np.asarray(method(x))
        return found[:, 1] if found.ndim == 2 and found.shape[1] == 2 else found
    return None


def candidates_of(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`cv_results_` of a search as a row a candidate: rank, scores, times, its parameters."""
    count = len(results["params"])
    names = [n for n in results if n.startswith(("rank_", "mean_", "std_"))]
    names.sort(key=lambda n: (not n.startswith("rank_"), "_time" in n, n))
    columns = {n: np.ma.filled(np.ma.asarray(results[n], float), np.nan).tolist() for n in names}
    return [
        {
            "candidate": i,
            **{n: int(v[i]) if n.startswith("rank_") else v[i] for n, v in columns.items()},
            **{name: _plain(value) for name, value in results["params"][i].items()},
        }
        for i in range(count)
    ]
