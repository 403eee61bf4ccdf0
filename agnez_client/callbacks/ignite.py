"""
Ignite: the output of a trainer, the metrics of evaluators.

    callback = AgnezCallback()
    callback.follow(trainer, {"train": train_evaluator, "val": evaluator}, optimizer=optimizer)
    trainer.run(loader, max_epochs=5)

x is the iteration of the trainer, for evaluators too, so that their metrics stand on the curve of
its loss. It is a logger of Ignite as well: `attach_output_handler` and `attach_opt_params_handler`
do what they do there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from ignite.engine import Engine, Events
from ignite.handlers.base_logger import BaseLogger, BaseOptimizerParamsHandler, BaseOutputHandler

from agnez_client.callbacks.run import CallbackRun
from agnez_client.context import Context
from agnez_client.job import Job
from agnez_client.shown import shown


class AgnezCallback(BaseLogger):
    """
    Use it in a ``with`` block where Ctrl-C should end the run at once; otherwise it ends with the
    trainer, or with the process.

    Attributes:
        run: The run that is written to.
    """

    def __init__(self, *, job: Job | Context | None = None, **about: Any) -> None:
        """
        Args:
            job: The run to write to; without one it is made, with *about* as arguments of
                `Context`, and ended with the trainer. An evaluation after it joins it again.
        """
        self.run = CallbackRun("ignite", job, axis="iteration", **about)
        self._is_training = False

    def follow(
        self,
        trainer: Engine,
        evaluators: Mapping[str, Engine] | None = None,
        *,
        optimizer: Any = None,
        model: Any = None,
        every: int = 1,
        output_transform: Callable[[Any], Any] = lambda output: output,
    ) -> None:
        """
        Tell how *trainer* fares, from its start to its end.

        Args:
            evaluators: By name, as "val": their metric m becomes the channel ``val_m``. The
                trainer's own metrics become ``training_m``, once an epoch.
            optimizer: Its learning rates and settings are told, too.
            every: Iterations from one output to the next.
            output_transform: Makes of the trainer's output a number, the loss, or a mapping of
                numbers by name; whatever else comes of it is left out.

        Raises:
            TypeError: If the trainer or an evaluator is no engine.
            ValueError: If *every* is less than 1.
        """
        engines = {"trainer": trainer, **(evaluators or {})}
        for name, engine in engines.items():
            if not isinstance(engine, Engine):
                raise TypeError(f"{name} is {shown(engine)}, expected an engine of Ignite")
        if type(every) is not int or every < 1:
            raise ValueError(
                f"every is {shown(every)}, expected a whole number of iterations, 1 up"
            )
        optimizer = getattr(optimizer, "optimizer", optimizer)

        def iterated() -> None:
            x = trainer.state.iteration
            self._tell(x, output_transform(trainer.state.output))
            for name, rate in _rates(optimizer):
                self.run.send(name, x, rate, chart="learning rate")

        trainer.add_event_handler(Events.STARTED, self._begin, model, optimizer)
        trainer.add_event_handler(Events.ITERATION_COMPLETED(every=every), iterated)
        trainer.add_event_handler(Events.EPOCH_COMPLETED, self._evaluated, trainer, "training")
        for name, engine in (evaluators or {}).items():
            engine.add_event_handler(Events.COMPLETED, self._evaluated, trainer, name)
        trainer.add_event_handler(Events.COMPLETED, self._end)
        trainer.add_event_handler(Events.EXCEPTION_RAISED, self._fail)

    def close(self) -> None:
        """End the run, if it is ours."""
        self.run.end()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.run.end(error)

    # -- events ---------------------------------------------------------------------------------

    def _begin(self, trainer: Engine, model: Any, optimizer: Any) -> None:
        self._is_training = True
        epochs, length = trainer.state.max_epochs, trainer.state.epoch_length
        settings: dict[str, Any] = {"max_epochs": epochs, "epoch_length": length}
        about: dict[str, Any] = {"trainer": settings}
        if optimizer is not None:
            about["optimizer"] = {"name": type(optimizer).__name__, **optimizer.defaults}
        with self.run.quietly():
            self.run.job.set_stage("TRAIN")
            self.run.job.set_params(about)
            if epochs and length:
                self.run.job.set_total_steps(epochs * length)
            if model is not None:
                self.run.job.set_model(model)

    def _tell(self, x: int, output: Any) -> None:
        numbers = output if isinstance(output, Mapping) else {"loss": output}
        self.run.send_all(x, numbers)

    def _evaluated(self, engine: Engine, trainer: Engine, name: str) -> None:
        metrics = {f"{name}_{metric}": value for metric, value in engine.state.metrics.items()}
        self.run.send_all(trainer.state.iteration, metrics)
        if not self._is_training and metrics:
            self.run.end()

    def _end(self, trainer: Engine) -> None:
        self._is_training = False
        self.run.end()

    def _fail(self, trainer: Engine, error: BaseException) -> None:
        """Where nobody else handles the error it goes on: a handler alone would swallow it."""
        self._is_training = False
        self.run.end(error)
        if len(trainer._event_handlers[Events.EXCEPTION_RAISED]) == 1:
            raise error

    # -- as a logger of Ignite ------------------------------------------------------------------

    def _create_output_handler(self, *args: Any, **kwargs: Any) -> OutputHandler:
        return OutputHandler(*args, **kwargs)

    def _create_opt_params_handler(self, *args: Any, **kwargs: Any) -> OptimizerParamsHandler:
        return OptimizerParamsHandler(*args, **kwargs)


class OutputHandler(BaseOutputHandler):
    """
    Sends output and metrics to channels ``tag/name``; those of one name share a chart. What x is
    follows the event, or `global_step_transform`.
    """

    def __call__(self, engine: Engine, logger: AgnezCallback, event_name: Any) -> None:
        """Called by the engine."""
        found = self._setup_output_metrics_state_attrs(engine, key_tuple=False)
        x = self.global_step_transform(engine, event_name)
        for name, value in found.items():
            logger.run.send(name, x, value, chart=name.removeprefix(f"{self.tag}/"))


class OptimizerParamsHandler(BaseOptimizerParamsHandler):
    """Sends a setting of the optimizer, its learning rate if no other, for each group."""

    def __call__(self, engine: Engine, logger: AgnezCallback, event_name: Any) -> None:
        """Called by the engine."""
        x = engine.state.get_event_attrib_value(event_name)
        tag = f"{self.tag}/" if self.tag else ""
        for number, group in enumerate(self.optimizer.param_groups):
            name = f"{tag}{self.param_name}/group_{number}"
            logger.run.send(name, x, group[self.param_name], chart=f"{tag}{self.param_name}")


def _rates(optimizer: Any) -> list[tuple[str, Any]]:
    """Channel and learning rate of each group."""
    groups = [] if optimizer is None else optimizer.param_groups
    alone = len(groups) == 1
    return [
        ("learning rate" if alone else f"learning rate/{i}", group["lr"])
        for i, group in enumerate(groups)
    ]
