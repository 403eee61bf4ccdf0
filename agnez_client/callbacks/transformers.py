"""
Hugging Face transformers: everything that a `Trainer` logs.

    with AgnezCallback() as callback:
        args = TrainingArguments(..., report_to="none")
        Trainer(model, args, callbacks=[callback], ...).train()

x is the step of the optimizer; `logging_steps` and `eval_strategy` say how often. The trainer tells
no callback that it has failed: the ``with`` block does, or the end of the process.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import agnez_client.callbacks.torchvision_ops  # noqa: F401  (before transformers, which needs it)

# isort: split
from transformers import TrainerCallback

from agnez_client.callbacks.measures import measure_of
from agnez_client.callbacks.plain import plain
from agnez_client.callbacks.run import CallbackRun
from agnez_client.context import Context
from agnez_client.job import Job

SPEEDS: Final = ("runtime", "samples_per_second", "steps_per_second", "total_flos")
"""Measures of how fast it went: of a training they are told once, at its end."""
MAX_LABELS: Final = 50
"""Names of classes in a model's configuration, of which more are left out."""


class AgnezCallback(TrainerCallback):
    """
    Numbers to channels, arguments and the model's configuration to parameters; by the first process
    alone, since the trainer hands it what all have found.
    """

    def __init__(
        self, *, job: Job | Context | None = None, checkpoints: bool = False, **about: Any
    ) -> None:
        """
        Args:
            job: The run to write to; without one it is made, with *about* as arguments of
                `Context`, and ended with the training. A test after it joins it again. In a search
                for hyperparameters each trial is a run.
            checkpoints: Keep each checkpoint that is written as an artefact of the run, with the
                state of its optimizer.
        """
        super().__init__()
        self.run = CallbackRun("transformers", job, **about)
        self._about, self._keeps = about, checkpoints
        self._is_training = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.run.end(error)

    # -- hooks ----------------------------------------------------------------------------------

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Settings, the model, how far it goes."""
        self._is_training = True
        if not state.is_world_process_zero:
            return
        if state.is_hyper_param_search and self.run.owns:
            self._next_trial(state)
        model = kwargs.get("model")
        with self.run.quietly():
            job = self.run.job
            job.set_stage("TRAIN")
            job.set_params(_settings(args, state, model))
            if state.max_steps > 0:
                job.set_total_steps(int(state.max_steps))
            if model is not None:
                job.set_model(model)

    def _next_trial(self, state: Any) -> None:
        self.run.end()
        name = {"name": state.trial_name} if state.trial_name else {}
        self.run = CallbackRun("transformers", **{**self._about, **name})

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Something was logged: losses, rates, what an evaluation has found."""
        if state.is_world_process_zero:
            self._tell(state.global_step, logs)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """A checkpoint was written."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        if self._keeps and state.is_world_process_zero and folder.is_dir():
            with self.run.quietly():
                self.run.job.save_artefact(folder, "checkpoint", "checkpoint", x=state.global_step)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The training is through."""
        self._is_training = False
        self.run.end()

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """An evaluation is through; what it has found was logged."""
        if not self._is_training:
            self.run.end()

    def on_predict(
        self, args: Any, state: Any, control: Any, metrics: Any = None, **kwargs: Any
    ) -> None:
        """A test is through; nobody logs what it has found."""
        if state.is_world_process_zero:
            self._tell(state.global_step, metrics)
        if not self._is_training:
            self.run.end()

    def _tell(self, step: int, logs: Mapping[str, Any] | None) -> None:
        found = {k: v for k, v in (logs or {}).items() if isinstance(v, int | float)}
        found.pop("epoch", None)  # x in other words
        at_end = {k: v for k, v in found.items() if measure_of(k) in SPEEDS and _is_of_training(k)}
        for name, value in found.items():
            if name not in at_end:
                measure = measure_of(name)
                chart = f"speed/{measure}" if measure in SPEEDS else None
                self.run.send(name, step, value, chart=chart)
        if at_end:
            with self.run.quietly():
                self.run.job.set_params({"speed": at_end})


def _is_of_training(name: str) -> bool:
    return name.startswith("train_") or name == "total_flos"


def _settings(args: Any, state: Any, model: Any) -> dict[str, Any]:
    """Parameters of the run; tokens are left out by `to_dict`."""
    found: dict[str, Any] = {"training": plain(args.to_dict())}
    config: Any = getattr(model, "config", None)
    if config is not None and hasattr(config, "to_dict"):
        of_model = plain(config.to_dict())
        for name in ("id2label", "label2id"):
            if len(of_model.get(name) or ()) > MAX_LABELS:
                del of_model[name]
        found["model"] = of_model
    if state.trial_params:
        found["trial"] = plain(state.trial_params)
    return found
