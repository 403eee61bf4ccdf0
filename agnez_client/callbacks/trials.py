"""What is known of a trial of Optuna, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

STATES: Final = {
    TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed",
}  # fmt: skip


def objectives_of(study: Study) -> list[str]:
    """The names of what is optimized: those that were set, "value", or "value 0" and so on."""
    if study.metric_names:
        return list(study.metric_names)
    several = len(study.directions)
    return ["value"] if several == 1 else [f"value {i}" for i in range(several)]


def best_of(study: Study) -> FrozenTrial | None:
    """The best trial so far; None where there is none, or several objectives."""
    if len(study.directions) > 1:
        return None
    try:
        return study.best_trial
    except ValueError:
        return None


def is_number(value: Any) -> bool:
    """Whether a parameter's value can be drawn."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def seconds_of(trial: FrozenTrial) -> float | None:
    """How long it took; None of one that was only added."""
    return None if trial.duration is None else trial.duration.total_seconds()


def settings_of(study: Study) -> dict[str, Any]:
    """What a study is run with."""
    return {
        "study": study.study_name,
        "directions": [d.name.lower() for d in study.directions],
        "sampler": type(study.sampler).__name__,
        "pruner": type(study.pruner).__name__,
        **({"user_attrs": study.user_attrs} if study.user_attrs else {}),
    }


def table_of(trials: Sequence[FrozenTrial], objectives: Sequence[str]) -> list[dict[str, Any]]:
    """A row a trial that is done: number, state, values, seconds, parameters, what users noted."""
    rows = []
    for trial in trials:
        if trial.state not in STATES:
            continue
        values = trial.values or [None] * len(objectives)
        rows.append(
            {
                "trial": trial.number,
                "state": STATES[trial.state],
                **dict(zip(objectives, values, strict=False)),
                "seconds": seconds_of(trial),
                **trial.params,
                **{f"user {name}": value for name, value in trial.user_attrs.items()},
            }
        )
    return rows
