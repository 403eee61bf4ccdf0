"""
Optuna: a callback for `study.optimize`.

    study.optimize(objective, n_trials=50, callbacks=[AgnezCallback()])

The study is a run, and x is the number of the trial: its values and the best so far, its numeric
parameters, its seconds, how many trials are complete, pruned and failed, the intermediate values of
some as curves over steps, and all trials as a table. With ``per="trial"`` each trial is a run as
well, so that trials are compared as runs are.

Optuna says nothing at the end of a study: the run ends when nobody has the callback any more, or
with its block: ``with AgnezCallback() as callback: …``.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any, Final, Literal

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from agnez_client.callbacks.lifespan import Lifespan
from agnez_client.callbacks.run import CallbackRun
from agnez_client.callbacks.trials import (
    STATES,
    best_of,
    is_number,
    objectives_of,
    seconds_of,
    settings_of,
    table_of,
)
from agnez_client.context import Context
from agnez_client.job import Job
from agnez_client.shown import shown

Per = Literal["study", "trial"]

FIRST_CURVES: Final = 10
MAX_CURVES: Final = 25
"""Trials whose intermediate values are curves: the first ones, then those that were the best."""
TABLE_GROWTH: Final = 0.1
"""The table is sent when there are this much more trials than in the last one."""


class AgnezCallback(Lifespan):
    """See the module. Safe with ``n_jobs`` above 1."""

    def __init__(
        self, job: Job | Context | None = None, *, per: Per = "study", **about: Any
    ) -> None:
        """
        Args:
            job: The run to write to; without it one is made, with *about* for `Context`.
            per: "trial" makes a run of each trial as well, in the same project.

        Raises:
            TypeError: If *job* is none.
            ValueError: If there is a *job*, and *about* too, or *per* is something else.
        """
        if per not in ("study", "trial"):
            raise ValueError(f"per is {shown(per)}, expected 'study' or 'trial'")
        run = CallbackRun("optuna", job, axis="trial", **about)
        trials = _TrialRuns(about) if per == "trial" else None
        self._study = _Study(run, trials)
        self.ends_by(self._study.conclude, run.end)

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        """What Optuna calls after each trial."""
        self._study.take(study, trial)
        self.begun()


class _Study:
    """One study as a run."""

    def __init__(self, run: CallbackRun, trials: _TrialRuns | None) -> None:
        self._run, self._trials = run, trials
        self._lock = threading.Lock()  # trials of several threads end at the same time
        self._states: Counter[str] = Counter()
        self._best: int | None = None
        self._rows = 0
        self._curves = 0
        self._seen: Study | None = None

    def take(self, study: Study, trial: FrozenTrial) -> None:
        """A trial is done."""
        with self._lock, self._run.quietly():
            if self._seen is not study:
                self._seen = study
                self._run.set_params(settings_of(study))
            objectives = objectives_of(study)
            self._send_trial(trial, objectives)
            self._send_best(study, trial, objectives)
            self._send_curve(trial, objectives[0])
            self._send_table(study, objectives, at_once=False)
        if self._trials is not None:
            with self._run.quietly():
                self._trials.send(study, trial)

    def _send_trial(self, trial: FrozenTrial, objectives: list[str]) -> None:
        x, state = trial.number, STATES.get(trial.state, "running")
        self._states[state] += 1
        if trial.state is TrialState.COMPLETE:
            for name, value in zip(objectives, trial.values or (), strict=False):
                self._run.send(name, x, value, chart=name)
        for name in STATES.values():
            self._run.send(f"trials/{name}", sum(self._states.values()), self._states[name],
                           chart="trials")  # fmt: skip
        for name, value in trial.params.items():
            if is_number(value):
                self._run.send(f"param/{name}", x, value, chart=f"param/{name}")
        seconds = seconds_of(trial)
        if seconds is not None:
            self._run.send("seconds", x, seconds, chart="seconds")
        if trial.state is TrialState.FAIL:
            reason = trial.system_attrs.get("fail_reason")  # of an exception Optuna keeps nothing
            words = f"trial {x} failed: {reason}" if reason else f"trial {x} failed"
            self._run.job.mark(words[:500], x=x, level="error")

    def _send_best(self, study: Study, trial: FrozenTrial, objectives: list[str]) -> None:
        if len(study.directions) > 1:
            front = len(study.best_trials)
            self._run.send("Pareto front", trial.number, front, chart="Pareto front")
            return
        best = best_of(study)
        if best is None or best.value is None:
            return
        done = sum(self._states.values()) - 1  # trials side by side do not end in their order
        self._run.send(f"best {objectives[0]}", max(done, trial.number), best.value,
                       chart=objectives[0])  # fmt: skip
        if best.number != self._best:
            self._best = best.number
            found = {"trial": best.number, objectives[0]: best.value, "params": best.params}
            self._run.set_params({"best": found})

    def _send_curve(self, trial: FrozenTrial, objective: str) -> None:
        """Of all trials would be no picture."""
        is_shown = self._curves < FIRST_CURVES or trial.number == self._best
        if not (trial.intermediate_values and is_shown) or self._curves == MAX_CURVES:
            return
        self._curves += 1
        job = self._run.job
        channel = job.create_channel(f"trial {trial.number}/{objective}")
        title = f"{objective} during trials"
        job.create_chart([channel], title, "step", objective, key=title)
        for step, value in sorted(trial.intermediate_values.items()):
            channel.send(x=step, y=value)

    def _send_table(self, study: Study, objectives: list[str], *, at_once: bool) -> None:
        done = sum(self._states.values())
        if done == self._rows or not (at_once or done >= self._rows * (1 + TABLE_GROWTH)):
            return
        self._rows = done
        rows = table_of(study.get_trials(deepcopy=False), objectives)
        self._run.channel("all trials", "TABLE").send(done, rows)

    def conclude(self) -> None:
        """No more trials come."""
        study, self._seen = self._seen, None
        if study is not None:
            with self._run.quietly():
                self._send_table(study, objectives_of(study), at_once=True)


class _TrialRuns:
    """A run for each trial, made when it is done."""

    def __init__(self, about: dict[str, Any]) -> None:
        kept = ("project", "url", "token", "strict", "spool")
        self._about = {k: v for k, v in about.items() if k in kept}

    def send(self, study: Study, trial: FrozenTrial) -> None:
        """*trial* as a run that has ended as the trial did."""
        state = STATES.get(trial.state, "running")
        ctx = Context(
            **self._about,
            experiment=study.study_name,
            name=f"{study.study_name} trial {trial.number}",
            params={**trial.params, **({"user": trial.user_attrs} if trial.user_attrs else {})},
            tags=["trial", state],
        )
        objectives = objectives_of(study)
        during = ctx.job.create_channel(f"{objectives[0]} during the trial")
        for step, value in sorted(trial.intermediate_values.items()):
            during.send(x=step, y=value)
        for name, value in zip(objectives, trial.values or (), strict=False):
            ctx.job.create_channel(name).send(x=trial.last_step or 0, y=value)
        reason = str(trial.system_attrs.get("fail_reason", "")) or None
        ended = {"failed": "failed", "pruned": "stopped"}.get(state, "finished")
        ctx.finish(ended, reason="pruned" if state == "pruned" else reason)
