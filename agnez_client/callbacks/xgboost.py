"""
XGBoost: a callback for `train`, `cv` and the estimators.

    xgboost.train(params, data, 100, evals=[(data, "train"), (held, "val")],
                  callbacks=[AgnezCallback()])

x is the boosting round. A channel is named by data and metric ("val/logloss"), a metric is a chart;
`cv` sends means and standard deviations.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import xgboost

from agnez_client.callbacks.importance import show_importance
from agnez_client.callbacks.run import CallbackRun
from agnez_client.context import Context
from agnez_client.job import Job

KINDS: Final = ("gain", "cover", "weight")
"""What XGBoost knows of the importance of a feature; linear models have "weight" alone."""
_SETS_OTHERS: Final = ("booster", "objective", "num_class")
"""What the defaults of other settings depend on."""
_ALWAYS_FIRST: Final[tuple[str, ...]] = ("objective", "num_class", "eval_metric")
_FOUND: Final = frozenset({"num_feature", "num_trees", "num_target", "base_score", "updater"})
"""What is found in the data, not set."""
_TEDIOUS: Final = frozenset(
    {"updater_seq", "max_cached_hist_node", "debug_synchronize", "fail_on_invalid_gpu_id", "name"}
)


class AgnezCallback(xgboost.callback.TrainingCallback):  # type: ignore[misc]
    """
    See the module. The run that it makes ends with the training; XGBoost tells no callback that it
    has failed: the ``with`` block of the callback does, or the end of the process.
    """

    def __init__(
        self, job: Job | Context | None = None, *, importance: bool = True, **about: Any
    ) -> None:
        """
        Args:
            job: The run to write to; without it one is made, with *about* for `Context`.
            importance: Send the importance of features at the end, as a table and a figure.

        Raises:
            TypeError: If *job* is none.
            ValueError: If there is a *job*, and *about* too.
        """
        super().__init__()
        self._run = CallbackRun("xgboost", job, axis="round", **about)
        self._importance = importance
        self._round = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._run.end(error)

    def before_training(self, model: Any) -> Any:
        """See XGBoost."""
        self._round = 0
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Any]) -> bool:
        """See XGBoost; never asks to stop."""
        if self._round == 0:
            with self._run.quietly():
                self._run.set_params(settings_of(_booster(model)))
        self._round = epoch + 1
        for data, metrics in evals_log.items():
            for metric, history in metrics.items():
                self._send(f"{data}/{metric}", metric, epoch, history[-1])
        return False

    def _send(self, name: str, metric: str, x: int, value: Any) -> None:
        if isinstance(value, tuple):
            mean, deviation = value
            self._run.send(name, x, mean, chart=metric)
            self._run.send(f"{name} std", x, deviation, chart=f"{metric} std")
        else:
            self._run.send(name, x, value, chart=metric)

    def after_training(self, model: Any) -> Any:
        """See XGBoost."""
        booster = _booster(model)
        with self._run.quietly():
            best = booster.attr("best_iteration")
            if best is not None:
                score = float(booster.attr("best_score"))
                self._run.set_params({"best_iteration": int(best), "best_score": score})
                self._run.job.mark(f"best round: {score:.6g}", x=int(best))
        if self._importance and booster is model:  # of cv there is no one model
            with self._run.quietly():
                self._show_importance(booster)
        self._run.end()
        return model

    def _show_importance(self, booster: Any) -> None:
        found = {}
        for kind in KINDS:
            try:
                found[kind] = booster.get_score(importance_type=kind)
            except ValueError:  # a linear model has no trees
                continue
        names = sorted({name for scores in found.values() for name in scores})
        columns = {k: [_number(s.get(name, 0.0)) for name in names] for k, s in found.items()}
        show_importance(self._run, self._round, names, columns)


def settings_of(booster: Any) -> dict[str, Any]:
    """
    What a booster is trained with by name, numbers as numbers: what differs from the defaults of
    XGBoost (it does not tell what was given), and then the defaults.
    """
    found = _config(booster)
    usual = _defaults(found)
    first = {k: v for k, v in found.items() if k not in _FOUND and v != usual.get(k, v)}
    chosen = {k: found[k] for k in _ALWAYS_FIRST if found.get(k)}
    return {**chosen, **first, **found}


def _defaults(found: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a booster of the kind of *found* for which nothing else was given."""
    kind = {name: found[name] for name in _SETS_OTHERS if found.get(name)}
    try:
        one = xgboost.DMatrix(np.zeros((1, 1)), label=[0.0], nthread=1)
        return _config(xgboost.Booster(kind, [one]))
    except xgboost.core.XGBoostError:  # an objective that asks for more
        return {}


def _config(booster: Any) -> dict[str, Any]:
    learner = json.loads(booster.save_config())["learner"]
    found = dict(_settings(learner))
    metrics = [metric["name"] for metric in learner.get("metrics", [])]
    return {**found, "eval_metric": metrics} if metrics else found


def _settings(part: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The leaves of the configuration; the same name at two places has the same value."""
    for name, value in part.items():
        if isinstance(value, Mapping):
            yield from _settings(value)
        elif isinstance(value, str) and name not in _TEDIOUS and value not in ("", "()"):
            yield name, _value(value)


def _value(text: str) -> Any:
    """XGBoost writes its floats with the digits of 32 bits."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(str(np.float32(text)))
    except ValueError:
        return text


def _number(score: Any) -> float:
    """A score; of a linear model with several classes the largest by amount."""
    return float(np.max(np.abs(score))) if isinstance(score, list) else float(score)


def _booster(model: Any) -> Any:
    """The model itself, or that of the first fold where there are several."""
    return model.cvfolds[0].bst if hasattr(model, "cvfolds") else model
