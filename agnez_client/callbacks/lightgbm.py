"""
LightGBM: a callback for `train`, `cv` and the estimators.

    lightgbm.train(params, data, 100, valid_sets=[data, held], valid_names=["train", "val"],
                   callbacks=[AgnezCallback(), lightgbm.early_stopping(10)])

x is the boosting round. A channel is named by data and metric ("val/auc"), a metric is a chart;
`cv` sends means and standard deviations. LightGBM says nothing at an early stop: the run ends when
nobody has the callback any more, or with its block: ``with AgnezCallback() as callback: …``.
"""

from __future__ import annotations

from typing import Any, Final

import lightgbm

from agnez_client.callbacks.importance import show_importance
from agnez_client.callbacks.lifespan import Lifespan
from agnez_client.callbacks.run import CallbackRun
from agnez_client.context import Context
from agnez_client.job import Job

KINDS: Final = ("gain", "split")
"""What LightGBM knows of the importance of a feature."""


class AgnezCallback(Lifespan):
    """See the module."""

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
        # LightGBM reads these two from the instance itself.
        self.order = 20  # before early stopping (30), which ends a round for those behind it
        self.before_iteration = False
        run = CallbackRun("lightgbm", job, axis="round", **about)
        self._training = _Training(run, importance)
        self.ends_by(self._training.conclude, run.end)

    def __call__(self, env: Any) -> None:
        """What LightGBM calls after each round."""
        self._training.take(env)
        self.begun()


class _Training:
    """One training after the other; the model is kept until the end of its own."""

    def __init__(self, run: CallbackRun, importance: bool) -> None:
        self._run, self._importance = run, importance
        self._model: Any = None
        self._round = 0

    def take(self, env: Any) -> None:
        """A round is done."""
        if env.model is not self._model:
            self.conclude()
            self._model = env.model
            with self._run.quietly():
                self._run.set_params(_settings_of(env))
                self._run.job.set_total_steps(env.end_iteration)
        self._round = env.iteration + 1
        for result in env.evaluation_result_list or ():
            data, metric, value = result[:3]
            self._run.send(f"{data}/{metric}", env.iteration, value, chart=metric)
            deviation = result[4] if len(result) > 4 else None
            if deviation is not None:
                name, title = f"{data}/{metric} std", f"{metric} std"
                self._run.send(name, env.iteration, deviation, chart=title)

    def conclude(self) -> None:
        """No more rounds come of this model."""
        model, self._model = self._model, None
        if model is None:
            return
        with self._run.quietly():
            if model.best_iteration > 0:
                self._run.set_params({"best_iteration": model.best_iteration})
                self._run.job.mark("best round", x=model.best_iteration - 1)
            if self._importance and isinstance(model, lightgbm.Booster):
                columns = {kind: model.feature_importance(kind) for kind in KINDS}
                show_importance(self._run, self._round, model.feature_name(), columns)


def _settings_of(env: Any) -> dict[str, Any]:
    """What was given to the training; LightGBM tells its own defaults nowhere."""
    plain = (str, int, float, bool, list, tuple, type(None))
    found = {k: v for k, v in env.params.items() if isinstance(v, plain)}
    return {**found, "num_boost_round": env.end_iteration - env.begin_iteration}
