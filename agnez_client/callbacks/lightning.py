"""
Lightning: `AgnezLogger` for what a module logs, `AgnezCallback` for how the training fares.

    Trainer(logger=AgnezLogger(), callbacks=[AgnezCallback()])

Either works alone. x is the step that Lightning gives to loggers: 0 is the first batch after which
the optimizer made a step. Where only `pytorch_lightning` is installed or loaded, it is that one's.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import agnez_client.callbacks.torchvision_ops  # noqa: F401  (before lightning, which needs it)
from agnez_client.callbacks.plain import plain
from agnez_client.callbacks.run import CallbackRun
from agnez_client.context import Context
from agnez_client.job import Job
from agnez_client.shown import shown


def _home() -> Any:
    """The package of Lightning that this process uses."""
    loaded = [name for name in ("lightning.pytorch", "pytorch_lightning") if name in sys.modules]
    try:
        return importlib.import_module((loaded or ["lightning.pytorch"])[0])
    except ModuleNotFoundError as missing:
        if missing.name != "lightning":
            raise
        return importlib.import_module("pytorch_lightning")


_LIGHTNING: Final = _home()
_Logger: Any = importlib.import_module(f"{_LIGHTNING.__name__}.loggers").Logger
_Callback: Any = _LIGHTNING.Callback
_rank_zero: Any = importlib.import_module(f"{_LIGHTNING.__name__}.utilities").rank_zero_only
_SHARED: Final = ("AGNEZ_RUN", "TORCHELASTIC_RUN_ID")
_TRAINER: Final = (
    *("max_epochs", "max_steps", "precision", "accumulate_grad_batches", "gradient_clip_val"),
    *("num_devices", "num_nodes", "world_size", "check_val_every_n_epoch", "log_every_n_steps"),
)


def _is_silent(job: Any) -> bool:
    """Whether this process knows of no run that it has in common with rank 0."""
    return bool(_rank_zero.rank > 0 and job is None and not any(map(os.environ.get, _SHARED)))


class AgnezLogger(_Logger):
    """
    What `self.log` and `save_hyperparameters` tell, in a run of its own or a given one.

    All ranks log where they share a run: with torchrun, AGNEZ_RUN or *job*. Otherwise only rank 0.

    Attributes:
        run: The run that is written to.
        is_silent: Whether this process does not log.
    """

    def __init__(
        self,
        *,
        job: Job | Context | None = None,
        save_dir: str | Path | None = None,
        checkpoints: bool = False,
        prefix: str = "",
        **about: Any,
    ) -> None:
        """
        Args:
            job: The run to write to; without one it is made, with *about* as arguments of
                `Context`, and ended with the training.
            save_dir: Where Lightning puts checkpoints; its `default_root_dir` if not given.
            checkpoints: Keep each checkpoint that is written as an artefact of the run.
            prefix: Stands before the names of all channels.
        """
        super().__init__()
        self.run = CallbackRun("lightning", job, **about)
        self._save_dir = None if save_dir is None else str(save_dir)
        self._keeps, self._prefix = checkpoints, prefix
        self._experiment = str(about.get("experiment") or os.environ.get("AGNEZ_EXPERIMENT", ""))
        self.is_silent = _is_silent(job)
        self._kept: dict[str, float] = {}

    @property
    def name(self) -> str:
        """The experiment: a part of the path of checkpoints."""
        return self._experiment.strip() or "lightning"

    @property
    def version(self) -> str | None:
        """The id of the run; None where this process does not log."""
        return None if self.is_silent else self.run.job.run

    @property
    def save_dir(self) -> str | None:
        """See `__init__`."""
        return self._save_dir

    @property
    def experiment(self) -> Job | None:
        """The job of the run, for all that Lightning has no word for."""
        return None if self.is_silent else self.run.job

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """What was logged; without the `epoch` that Lightning adds, which is x in other words."""
        if not self.is_silent:
            told = {name: value for name, value in metrics.items() if name != "epoch"}
            named = {f"{self._prefix}{name}": value for name, value in told.items()}
            self.run.send_all(0 if step is None else step, named)

    def log_hyperparams(self, params: Any, *args: Any, **more: Any) -> None:
        """Parameters: a mapping, a Namespace, a dataclass, a configuration of OmegaConf."""
        if self.is_silent:
            return
        with self.run.quietly():
            found = plain(params)
            if found:
                self.run.job.set_params(found)

    def log_graph(self, model: Any, input_array: Any = None) -> None:
        """The model: its layers and numbers of parameters."""
        if not self.is_silent:
            with self.run.quietly():
                self.run.job.set_model(model)

    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        """Checkpoints were written; those that are new are kept, if that was asked for."""
        if not self._keeps or self.is_silent:
            return
        scores = dict(checkpoint_callback.best_k_models)
        last = checkpoint_callback.last_model_path, checkpoint_callback.best_model_path
        for path in filter(None, dict.fromkeys([*scores, *last])):
            with self.run.quietly():
                self._keep(Path(path), scores.get(path))

    def _keep(self, path: Path, score: Any) -> None:
        written = path.stat().st_mtime if path.exists() else 0.0
        if written and self._kept.get(str(path)) != written:
            self._kept[str(path)] = written
            metadata = {} if score is None else {"score": float(score)}
            self.run.job.save_artefact(path, "checkpoint", "checkpoint", metadata=metadata)

    def finalize(self, status: str) -> None:
        """The training has ended: so does the run, if it is the logger's; a test joins it again."""
        if self.is_silent:
            return
        error = sys.exc_info()[1]
        if status == "success":
            self.run.end()
        elif error is not None:
            self.run.end(error)
        else:
            self.run.end(state="failed", reason=status)


class AgnezCallback(_Callback):
    """
    How a training fares: the loss and learning rates of every step, progress, settings, its end.
    Where the trainer has no `AgnezLogger` one is lent to it, so that what is logged is told too.
    """

    def __init__(self, *, job: Job | Context | None = None, every: int = 1, **about: Any) -> None:
        """
        Args:
            job: The run to write to; without one that of the trainer's `AgnezLogger`, else one is
                made, with *about* as arguments of `Context`, and ended with the training.
            every: Steps from one loss to the next; what is logged follows the trainer's
                `log_every_n_steps`.

        Raises:
            ValueError: If *every* is less than 1.
        """
        super().__init__()
        if type(every) is not int or every < 1:
            raise ValueError(f"every is {shown(every)}, expected a whole number of steps, 1 up")
        self._lent = AgnezLogger(job=job, **about)
        self._has_own = job is not None or bool(about)
        self._every = every
        self._logger = self._lent
        self._losses: list[Any] = []
        self._steps = 0

    @property
    def run(self) -> CallbackRun:
        """The run that is written to."""
        return self._logger.run

    # -- hooks ----------------------------------------------------------------------------------

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """A call of the trainer begins: whose run is it?"""
        loggers = [one for one in trainer.loggers if isinstance(one, AgnezLogger)]
        self._logger = self._lent if self._has_own or not loggers else loggers[0]

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Settings, and the model."""
        self._join(trainer, "TRAIN")
        if not self._logger.is_silent:
            with self.run.quietly():
                self.run.job.set_params(_settings(trainer))
            if self._logger is self._lent:
                self._lent.log_graph(pl_module)
                self._lent.log_hyperparams(pl_module.hparams)

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """The number of batches is known by now."""
        self._losses, self._steps = [], int(trainer.global_step)
        steps = trainer.estimated_stepping_batches
        if 0 < steps < float("inf") and not self._logger.is_silent:
            with self.run.quietly():
                self.run.job.set_total_steps(int(steps))

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """A batch, and where gradients are accumulated perhaps no step yet."""
        if self._logger.is_silent:
            return
        with self.run.quietly():
            loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
            if loss is not None:
                parts = trainer.accumulate_grad_batches if pl_module.automatic_optimization else 1
                self._losses.append(loss.detach() * parts)  # it was divided by that
            step = int(trainer.global_step)
            if step != self._steps:
                self._steps = step
                self._tell_step(trainer, step)

    def _tell_step(self, trainer: Any, step: int) -> None:
        losses, self._losses = self._losses, []
        if step % self._every:
            return
        if losses:
            self.run.send("loss", step - 1, sum(losses) / len(losses))
        for name, rate in _rates(trainer):
            self.run.send(name, step - 1, rate, chart="learning rate")

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        """A validation, alone or within a training."""
        self._join(trainer, "VALIDATION" if trainer.state.fn == "validate" else None)

    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        """A test."""
        self._join(trainer, "TEST")

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """The training fails."""
        self._lent.run.end(exception)

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """The call of the trainer is through."""
        if self._lent in trainer.loggers:
            trainer.loggers = [one for one in trainer.loggers if one is not self._lent]
        self._lent.run.end()

    def _join(self, trainer: Any, stage: str | None) -> None:
        """Let what is logged reach the run, which is in *stage* now."""
        if self._logger.is_silent:
            return
        if self._logger not in trainer.loggers:  # not in `setup`, which would move checkpoints
            trainer.loggers = [*trainer.loggers, self._logger]
        if stage is not None:
            with self.run.quietly():
                self.run.job.set_stage(stage)


def _rates(trainer: Any) -> list[tuple[str, Any]]:
    """Channel and learning rate of each group of each optimizer."""
    groups = [group for optimizer in trainer.optimizers for group in optimizer.param_groups]
    named = ["learning rate"] if len(groups) == 1 else [f"learning rate/{i}" for i in range(99)]
    return [(name, group["lr"]) for name, group in zip(named, groups, strict=False)]


def _settings(trainer: Any) -> dict[str, Any]:
    """Parameters of the run: how the trainer and its optimizers are set."""
    found = {name: getattr(trainer, name, None) for name in _TRAINER}
    optimizers = [
        {"name": type(one).__name__, **{k: v for k, v in one.defaults.items() if v is not None}}
        for one in trainer.optimizers
    ]
    more = {"strategy": type(trainer.strategy).__name__}
    about: dict[str, Any] = {"trainer": {**found, **more}}
    if optimizers:
        about["optimizer"] = optimizers[0] if len(optimizers) == 1 else optimizers
    return about
