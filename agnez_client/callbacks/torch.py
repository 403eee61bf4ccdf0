"""
Plain torch: how a model learns, told by hooks on its optimizer and its modules.

    with watch(model, optimizer, criterion=criterion):
        for images, labels in loader:
            optimizer.zero_grad()
            criterion(model(images), labels).backward()
            optimizer.step()

x is the step of the optimizer, 1 the first. Nobody waits for the device: what is computed at each
step stays there, and many steps are read together.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final

import torch

from agnez_client.callbacks.deadunits import DeadUnits, Hook
from agnez_client.callbacks.gradients import Gradients
from agnez_client.callbacks.reading import Reading
from agnez_client.callbacks.run import CallbackRun
from agnez_client.callbacks.tensors import bare, is_compiled, trained
from agnez_client.callbacks.weights import Histograms, Weights
from agnez_client.context import Context
from agnez_client.job import Job
from agnez_client.kinds.number import is_on_device
from agnez_client.record.model import summarise
from agnez_client.shown import shown

WAIT_S: Final = 2.0
"""What was computed on a device is read at the latest after this, however slow steps are."""
HOST_WAIT_S: Final = 0.1
"""The same on the host, where reading is free."""
PASSES: Final = 10
"""Units are looked at in so many steps before a reading, at most."""


def watch(
    model: Any,
    optimizer: Any = None,
    *,
    criterion: Any = None,
    every: int = 100,
    norms_every: int = 1,
    histograms: bool = True,
    per_layer: bool = False,
    updates: bool = True,
    dead_units: bool | Sequence[str] = True,
    steps: int = 0,
    prefix: str = "",
    job: Job | Context | None = None,
    **about: Any,
) -> Watch:
    """
    Watch how *model* learns, until the handle is closed; use it in a ``with`` block.

    At each step of the optimizer: the loss, learning rates, the norm of the gradient as the
    optimizer gets it (unscaled, clipped), and a marker where a gradient is NaN or infinite. At the
    first step and at each multiple of *every*: the norm of the weights, how far the step moved them
    relative to it, histograms of weights and gradients, the share of dead units.

    Args:
        model: A module, also compiled or wrapped in DistributedDataParallel.
        optimizer: Its steps are counted. Without one call `Watch.step` at each, before gradients
            are set to zero.
        criterion: The module whose output in training is the loss; the mean of what it gave since
            the step before counts. Without one, hand losses to `Watch.step`.
        norms_every: Steps from one look at the gradients to the next. Each step is dear where a
            step takes few milliseconds: `benchmarks/callbacks.py` measures it.
        per_layer: The norms of each parameter as well.
        updates: Compare the weights with a copy, which is kept during one step of *every*.
        dead_units: Whether the outputs of rectifier modules are looked at; or names of modules.
        steps: How many were made before, where a training goes on.
        prefix: Stands before the names of all channels, as "generator/".
        job: The run to write to; without one it is made, with *about* as arguments of `Context`,
            and ended with the handle.

    Raises:
        TypeError: If one of them is not what it should be.
        ValueError: If *every* or *norms_every* is less than 1, or the model has no module of a name
            in *dead_units*.
    """
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"model is {shown(model)}, expected a module of torch")
    if criterion is not None and not isinstance(criterion, torch.nn.Module):
        raise TypeError(f"criterion is {shown(criterion)}, expected a module of torch")
    for name, given in (("every", every), ("norms_every", norms_every)):
        if type(given) is not int or given < 1:
            raise ValueError(f"{name} is {shown(given)}, expected a whole number of steps, 1 up")
    optimizer = _bare_optimizer(optimizer)
    run = CallbackRun("torch", job, **about)
    units = None
    if not isinstance(dead_units, bool):
        units = DeadUnits(run, prefix, model, list(dead_units))
    elif dead_units and not is_compiled(model):
        units = DeadUnits(run, prefix, model, None)
    return Watch(
        run,
        model,
        optimizer,
        criterion,
        gradients=Gradients(run, prefix, per_layer=per_layer),
        weights=Weights(run, prefix, per_layer=per_layer, compares=updates),
        histograms=Histograms(run, prefix) if histograms else None,
        units=units,
        every=every,
        norms_every=norms_every,
        steps=steps,
        prefix=prefix,
    )


class Watch:
    """
    What `watch` returns.

    Attributes:
        steps: Steps that the optimizer has made.
    """

    def __init__(
        self,
        run: CallbackRun,
        model: Any,
        optimizer: Any,
        criterion: Any,
        *,
        gradients: Gradients,
        weights: Weights,
        histograms: Histograms | None,
        units: DeadUnits | None,
        every: int,
        norms_every: int,
        steps: int,
        prefix: str,
    ) -> None:
        self.steps = steps
        self._run, self._model, self._optimizer, self._prefix = run, model, optimizer, prefix
        self._gradients, self._weights = gradients, weights
        self._histograms, self._units = histograms, units
        self._every, self._norms_every = every, norms_every
        self._reading, self._read_at = Reading(), time.monotonic()
        self._heard: list[Any] = []
        self._losses: list[Any] = []
        self._told = self._begun = steps
        self._trained: list[tuple[str, Any]] = []
        self._hooks: list[Any] = []
        if optimizer is not None:
            self._hooks.append(optimizer.register_step_pre_hook(Hook(self._before_step)))
            self._hooks.append(optimizer.register_step_post_hook(Hook(self._after_step)))
        if criterion is not None:
            self._hooks.append(criterion.register_forward_hook(Hook(self._hear)))
        with run.quietly():
            run.job.set_params(_settings(model, optimizer, prefix))
            run.job.set_model(bare(model), prefix.rstrip("/") or None)
        # The loss is told last, and stands first.
        run.hold_charts()
        self._holds = True
        self._prepare()

    @property
    def job(self) -> Job:
        """The job of the run that is written to."""
        return self._run.job

    def step(self, loss: Any = None, **numbers: Any) -> None:
        """
        Tell the loss of the step that the optimizer has just made, and whatever else is a number.

        Without an optimizer this is the step. Where one step takes several calls (gradients are
        accumulated) the loss is the mean of theirs.

        Args:
            loss: A number or a tensor of one element, on any device; its graph is not kept.
        """
        if self._optimizer is None:
            self._before_step()
            self._after_step()
        with self._run.quietly():
            if loss is not None:
                self._losses.append(_number(loss))
            if self.steps > self._told:
                self._told = self.steps
                self._tell_loss(self._losses)
            for name, value in numbers.items():
                self._run.send(self._prefix + name, self.steps, _number(value))
        if self.steps > self._begun:
            self._release(*numbers)

    def close(self) -> None:
        """Remove all hooks, and tell what is left; the run goes on."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []
        if self._units is not None:
            self._units.close()
        with self._run.quietly(), torch.no_grad():
            self._gradients.tell(self._reading)
            self._reading.send(self._run)
        self._release()

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        self._run.end(error)

    # -- hooks ----------------------------------------------------------------------------------

    def _hear(self, module: Any, inputs: Any, output: Any) -> None:
        """The criterion has a result."""
        if torch.is_grad_enabled() and getattr(output, "requires_grad", False):
            with self._run.quietly():
                self._heard.append(_number(output))

    def _before_step(self, *args: Any) -> None:
        """The gradients are there, the weights are still those of the step before."""
        step = self.steps + 1
        if self.steps > self._begun:
            self._release()
        with self._run.quietly(), torch.no_grad():
            self._tell_rates(step)
            if step % self._norms_every and not self._is_due(step):
                return
            if self._is_due(step) or not self._trained:  # unfrozen by now, perhaps
                self._trained = list(trained(self._model))
            gradients = [(name, p.grad) for name, p in self._trained if p.grad is not None]
            scale = getattr(self._optimizer, "grad_scale", None)
            self._gradients.observe(step, gradients, scale)
            if self._is_due(step):
                if self._histograms is not None and self._run.job.leads:
                    self._histograms.tell("gradients", step, gradients, self._reading)
                if self._optimizer is not None:
                    self._weights.remember(self._trained)

    @property
    def _patience(self) -> float:
        return HOST_WAIT_S if self._gradients.is_on_host else WAIT_S

    def _after_step(self, *args: Any) -> None:
        self.steps += 1
        with self._run.quietly(), torch.no_grad():
            self._tell_loss(self._heard)
            is_due, now = self._is_due(self.steps), time.monotonic()
            if is_due:
                self._tell_weights()
            if is_due or now - self._read_at > self._patience:
                self._gradients.tell(self._reading)
                self._reading.send(self._run)
                self._read_at = now
            self._prepare()

    def _prepare(self) -> None:
        """What has to be there before the next step, where it is one of those that are read."""
        next_due = self._every * (self.steps // self._every + 1)
        if self._units is not None:
            self._units.is_looking = next_due - self.steps <= PASSES
        if self._optimizer is None and self._is_due(self.steps + 1):
            with self._run.quietly(), torch.no_grad():
                self._trained = list(trained(self._model))
                self._weights.remember(self._trained)

    def _is_due(self, step: int) -> bool:
        return step == 1 or step % self._every == 0

    def _release(self, *names: str) -> None:
        """One step is through: all that it has to tell is known."""
        if self._holds:
            self._holds = False
            with self._run.quietly():
                self._run.release_charts(*(self._prefix + name for name in ("loss", *names)))

    # -- telling --------------------------------------------------------------------------------

    def _tell_loss(self, losses: list[Any]) -> None:
        if losses:
            mean = losses[0] if len(losses) == 1 else sum(losses) / len(losses)
            self._run.send(f"{self._prefix}loss", self.steps, mean)
            losses.clear()

    def _tell_rates(self, step: int) -> None:
        groups = [] if self._optimizer is None else self._optimizer.param_groups
        for number, group in enumerate(groups):
            name = f"{self._prefix}learning rate"
            channel = name if len(groups) == 1 else f"{name}/{group.get('name', number)}"
            if "lr" in group:
                self._run.send(channel, step, group["lr"], chart=name)

    def _tell_weights(self) -> None:
        self._weights.tell(self.steps, self._trained, self._reading)
        if self._histograms is not None and self._run.job.leads:
            self._histograms.tell("weights", self.steps, self._trained, self._reading)
        if self._units is not None:
            self._units.tell(self.steps, self._reading)


def _number(value: Any) -> Any:
    """*value* as it is now, without its graph."""
    if not isinstance(value, torch.Tensor):
        return value
    return value.detach().clone() if is_on_device(value) else value.item()


def _bare_optimizer(optimizer: Any) -> Any:
    """*optimizer* without what wraps it, as Accelerate and Lightning do."""
    while isinstance(getattr(optimizer, "optimizer", None), torch.optim.Optimizer):
        optimizer = optimizer.optimizer
    if optimizer is not None and not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(f"optimizer is {shown(optimizer)}, expected an optimizer of torch")
    return optimizer


def _settings(model: Any, optimizer: Any, prefix: str) -> Mapping[str, Any]:
    """Parameters of the run: how large the model is, and how the optimizer is set."""
    of_model = summarise(bare(model))
    about: dict[str, Any] = {
        "model": {
            "name": of_model.name,
            "parameters": of_model.parameters,
            "trainable": of_model.trainable,
        }
    }
    if optimizer is not None:
        groups = [{k: v for k, v in g.items() if k != "params"} for g in optimizer.param_groups]
        more = {"groups": groups} if len(groups) > 1 else groups[0]
        about["optimizer"] = {"name": type(optimizer).__name__, **more}
    return {prefix.rstrip("/"): about} if prefix else about
