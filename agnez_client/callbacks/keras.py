"""
Keras 3: the figures of `fit` and `evaluate` as channels, what was set as parameters.

>>> model.fit(x, y, epochs=10, callbacks=[AgnezCallback()])               # doctest: +SKIP
"""

from __future__ import annotations

import atexit
import sys
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import keras

from agnez_client.callbacks.keras_batches import BatchOrder
from agnez_client.callbacks.keras_settings import LearningRate, mean_measures, model_params
from agnez_client.callbacks.measures import measure_of
from agnez_client.callbacks.run import CallbackRun
from agnez_client.context import Context
from agnez_client.job import Job

RATE: Final = "learning_rate"
_LEFT: Final = "fit was left by an exception"


class AgnezCallback(keras.callbacks.Callback):
    """
    The figures of an epoch have the names that Keras gives them: `loss`, `val_loss`, `accuracy` …;
    `batch_loss` and so on are those of batches. A measure has one chart. x counts the batches that
    were trained with (the axis says "step"), or with ``every=0`` the epochs.

    What Keras tells after a batch is the mean since the epoch began, in which a spike is lost. Here
    it is the mean since the point before, worked out from two of Keras' (as if all batches were
    equally large); of measures that are no means it is what Keras tells.

    Without *job* each `fit` is a run of its own, which it ends; an `evaluate` that follows is
    written to that run as `test_loss` and so on. To have several in one run, or to see the state
    `failed` with its reason where the program goes on after an error, use a ``with`` block:

    >>> with AgnezCallback() as callback:                                 # doctest: +SKIP
    ...     model.fit(x, y, callbacks=[callback])
    ...     model.evaluate(x_test, y_test, callbacks=[callback])
    """

    async_safe = True
    """Keras need not wait for the device after each batch to let us see its figures."""

    def __init__(
        self,
        job: Job | Context | None = None,
        *,
        every: int = 1,
        histograms: int = 0,
        summary: bool = True,
        **about: Any,
    ) -> None:
        """
        Args:
            job: The run to write to; it stays yours to end.
            every: Batches between two points; 0 sends the figures of epochs only.
            histograms: Epochs between two histograms of each trainable weight; 0 sends none.
            summary: Record the layers of the model, and what it is built from as an artefact.
            about: Arguments of `Context` for a run that is made here: name, params, tags …

        Raises:
            ValueError: If *every* or *histograms* is no whole number from 0 up.
            TypeError, SettingsError, ParamsError: As `CallbackRun`.
        """
        super().__init__()
        for name, number in (("every", every), ("histograms", histograms)):
            if type(number) is not int or number < 0:
                raise ValueError(f"{name} is {number!r:.60}, expected a whole number, 0 up")
        self._every, self._histograms, self._summary = every, histograms, summary
        self._job, self._about = job, about
        self._run = self._new_run()
        self._batches = BatchOrder()
        self._is_held = self._is_fitting = self._has_fitted = self._is_first = self._is_new = False
        self._watches_exit = False
        self._done = self._epochs = self._evaluations = 0
        self._start = self._sent = self._fit_start = 0
        self._metrics: list[Any] = []
        self._means: frozenset[str] = frozenset()
        self._before: dict[str, tuple[int, float]] = {}
        self._rate: LearningRate | None = None
        self._epoch_rate: float | None = None

    def _new_run(self) -> CallbackRun:
        axis = "step" if self._every else "epoch"
        return CallbackRun("keras", self._job, axis=axis, **self._about)

    @property
    def job(self) -> Job:
        """The job of the run that is written to at present; made if there is none."""
        return self._run.job

    # -- fit -----------------------------------------------------------------------------------

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """A run, and what it was set to."""
        self._left_behind()
        if self._has_fitted and self._run.owns and not self._is_held:
            self._run = self._new_run()
            self._done = self._epochs = 0
        self._is_fitting = self._has_fitted = self._is_first = True
        with self._run.quietly():
            self._watch_exit()
            self._rate, self._metrics = LearningRate(self.model), self.model.metrics
            given = {k: self.params.get(k) for k in ("epochs", "steps")}
            self._run.set_params({**model_params(self.model), "fit": given})
            if self._summary and self.model.built:
                self._tell_model()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Where x goes on: at what was done before, or where a training is resumed."""
        with self._run.quietly():
            steps = self.params.get("steps")
            self._start, self._epoch_rate, self._is_new = self._done, None, True
            self._before.clear()
            self._batches.begin(getattr(self.model, "steps_per_execution", 1))
            if self._is_first:
                self._is_first = False
                if epoch:
                    self._epochs, self._start = epoch, epoch * steps if steps else self._done
                self._sent = self._fit_start = self._start
                self._tell_total(epoch, steps)

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Its figures, where they are due."""
        self._batches.ended(batch, logs, self._take_batch)

    def _take_batch(self, count: int, logs: Mapping[str, Any]) -> None:
        with self._run.quietly():
            x = self._start + count
            is_first, self._is_new = self._is_new, False
            is_due = bool(self._every) and x - self._sent >= self._every
            rate = self._rate_at(x) if is_first or (is_due and self._has_schedule) else None
            if is_first:
                self._epoch_rate, self._means = rate, mean_measures(self._metrics, logs)
            if is_due:
                self._sent = x
                self._send_batch(x, count, logs, rate)

    def _send_batch(self, x: int, count: int, logs: Mapping[str, Any], rate: float | None) -> None:
        for name in ordered(logs):
            y = self._since(name, count, logs[name])
            self._run.send(f"batch_{name}", x, y, chart=measure_of(name))
        if self._has_schedule:
            self._run.send(RATE, x, rate)

    def _since(self, name: str, count: int, y: Any) -> Any:
        """*y*, the mean over *count* batches, as that of those since the point before."""
        if name not in self._means:
            return y
        before, mean = self._before.get(name, (0, 0.0))
        self._before[name] = count, y
        return (y * count - mean * before) / (count - before)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """The figures of the epoch, those on validation data among them."""
        self._batches.end(self._take_batch)
        with self._run.quietly():
            seen = self._batches.done
            if self._every and not self.params.get("steps"):
                self._tell_total(epoch, seen)
            self._done, self._epochs = self._start + seen, self._epochs + 1
            figures = {k: (logs or {})[k] for k in ordered(logs or {}) if k != RATE}
            self._run.send_all(self._x, figures)
            if not (self._every and self._sent == self._done and self._has_schedule):
                self._send_rate(logs or {})
            if self._histograms and self._epochs % self._histograms == 0:
                self._send_weights()

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """The end of a run of our own, unless a block holds it."""
        self._is_fitting = False
        with self._run.quietly():
            planned = self.params.get("epochs") or 0
            if self._epochs < planned:
                self._run.job.mark(f"fit stopped after epoch {self._epochs} of {planned}", self._x)
        if not self._is_held:
            self._run.end()

    @property
    def _x(self) -> int:
        return self._done if self._every else self._epochs

    @property
    def _has_schedule(self) -> bool:
        return self._rate is not None and self._rate.is_schedule

    def _rate_at(self, x: int) -> float | None:
        """The rate that the batch which ended at *x* was trained with; None if it can't be read."""
        if self._rate is None or not (self._rate.is_schedule or self._rate.is_readable):
            return None
        return self._rate.at(x - self._fit_start - 1)

    def _send_rate(self, logs: Mapping[str, Any]) -> None:
        rate = self._rate_at(self._done) if self._has_schedule else self._epoch_rate
        if rate is None and self._rate is not None:
            rate = self._rate.at(0)
        rate = logs.get(RATE) if rate is None else rate
        if rate is not None:
            self._run.send(RATE, self._x, rate)

    # -- what is told of the model -------------------------------------------------------------

    def _tell_total(self, epoch: int, steps: int | None) -> None:
        left = (self.params.get("epochs") or 0) - epoch
        total = self._start + left * (steps or 0) if self._every else self._epochs + left
        if left > 0 and (steps or not self._every):
            self._run.job.set_total_steps(total)

    def _tell_model(self) -> None:
        self._run.job.set_model(self.model)
        try:
            config = self.model.to_json(indent=1)
        except NotImplementedError:  # a class of the user's that tells nothing of itself
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.json"
            path.write_text(config, encoding="utf-8")
            self._run.job.save_artefact(path, kind="model", x=self._x)

    def _send_weights(self) -> None:
        for weight in self.model.trainable_weights:
            name = weight.path.removeprefix(f"{self.model.name}/")
            array = keras.ops.convert_to_numpy(weight)
            self._run.channel(f"weights/{name}", "HISTOGRAM", bins=40).send(self._x, array)

    # -- evaluate ------------------------------------------------------------------------------

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """The figures of an `evaluate` of its own; those within `fit` come with its epoch."""
        if self._is_fitting:
            return
        self._evaluations += 1
        with self._run.quietly():
            x = self._x or self._evaluations
            self._run.send_all(
                x, {f"test_{name}": (logs or {})[name] for name in ordered(logs or {})}
            )
        if not self._is_held:
            self._run.end()

    # -- the end -------------------------------------------------------------------------------

    def __enter__(self) -> AgnezCallback:
        self._is_held = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_held = self._is_fitting = False
        self._run.end(error)

    def _left_behind(self) -> None:
        """Keras tells nobody that `fit` was left: the next that is heard of us says it."""
        if self._is_fitting:
            self._is_fitting = False
            error = sys.exc_info()[1] or getattr(sys, "last_value", None)
            if error is not None:
                self._run.end(error)
            else:
                self._run.end(state="failed", reason=_LEFT)

    def _watch_exit(self) -> None:
        """Before the SDK ends all runs of the process as finished."""
        if self._run.owns and not self._watches_exit:
            self._watches_exit = True
            self._run.job  # noqa: B018 (its hook has to be there before ours)
            atexit.register(_exiting, weakref.ref(self))

    def __del__(self) -> None:
        if getattr(self, "_is_fitting", False):
            self._left_behind()


def _exiting(callback: weakref.ref[AgnezCallback]) -> None:
    found = callback()
    if found is not None:
        found._left_behind()


def ordered(logs: Mapping[str, Any]) -> list[str]:
    """The names in *logs*, which Keras sorts, what matters most before the others."""
    return sorted(logs, key=lambda name: measure_of(name) != "loss")
