"""
Dead units: those whose output was zero for all inputs of the last training passes.

A unit is a channel of a picture or a series of convolutions, a feature elsewhere. It is looked at
by hooks on the modules, in their last passes before each reading only, and on their device.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from agnez_client.callbacks.layers import Layers
from agnez_client.callbacks.reading import Reading
from agnez_client.callbacks.run import CallbackRun
from agnez_client.callbacks.tensors import bare
from agnez_client.kinds.arrays import Array

RECTIFIERS: Final = (nn.ReLU, nn.ReLU6, nn.Hardswish, nn.Hardsigmoid, nn.Softshrink, nn.Hardshrink)
"""Modules that answer exactly zero in a whole region."""
_CONVOLUTIONS: Final = (nn.Conv1d, nn.ConvTranspose1d)


class DeadUnits:
    """
    Args:
        modules: Names of the modules to look at; None are all rectifiers.

    Attributes:
        is_looking: Whether passes are looked at now.

    Raises:
        ValueError: If the model has no module of one of these names.
    """

    def __init__(
        self, run: CallbackRun, prefix: str, model: Any, modules: Sequence[str] | None
    ) -> None:
        self._run = run
        self._alive: dict[str, Any] = {}
        self.is_looking = False
        model = bare(model)
        self._has_series = any(isinstance(m, _CONVOLUTIONS) for m in model.modules())
        found = dict(model.named_modules())
        if modules is None:
            modules = [name for name, m in found.items() if isinstance(m, RECTIFIERS)]
        for name in modules:
            if name not in found:
                known = ", ".join(filter(None, found))
                raise ValueError(f"the model has no module {name!r}; there are: {known:.500}")
        several = len(modules) > 1  # of one the whole says it all
        self._layers = Layers(run, f"{prefix}dead units", per_layer=several, together=True)
        self._hooks = [
            found[name].register_forward_hook(Hook(lambda m, i, o, n=name: self._look(n, m, o)))
            for name in modules
        ]

    def close(self) -> None:
        """Leave the model as it was."""
        for hook in self._hooks:
            hook.remove()

    def _look(self, name: str, module: Any, output: Any) -> None:
        if torch.compiler.is_compiling() or not (self.is_looking and module.training):
            return
        with self._run.quietly(), torch.no_grad():
            if isinstance(output, torch.Tensor) and output.ndim:
                alive = self._units(output.detach() != 0)
                known = self._alive.get(name, alive)
                is_same = known.shape == alive.shape
                self._alive[name] = (known.to(alive.device) | alive) if is_same else alive

    def _units(self, active: Any) -> Any:
        """Whether a unit was active for any input: ``(N, C, …)`` or ``(…, C)`` to ``(C,)``."""
        n = active.ndim
        axis = 1 if n in (2, 4, 5) or (n == 3 and self._has_series) else n - 1
        others = [i for i in range(n) if i != axis]
        return active.amax(dim=others) if others else active

    def tell(self, step: int, reading: Reading) -> None:
        """Read which units were dead since the last time."""
        alive, self._alive = self._alive, {}
        if not alive:
            return
        sizes = {name: units.numel() for name, units in alive.items()}
        first = next(iter(alive.values())).device
        dead = [(~units).sum().to(first, torch.float32) for units in alive.values()]

        self._layers.make(sizes)

        def take(values: Array) -> None:
            shares = values / np.array([*sizes.values()])
            whole = float(values.sum()) / sum(sizes.values())
            self._layers.send(step, whole, list(sizes), shares.tolist())

        reading.add(torch.stack(dead), take)


class Hook:
    """Calls *call*; its copies, in a model that is saved or copied as a whole, do nothing."""

    def __init__(self, call: Callable[..., None] | None = None) -> None:
        self._call = call

    def __call__(self, *args: Any) -> None:
        if self._call is not None:
            self._call(*args)

    def __reduce__(self) -> tuple[type[Hook], tuple[()]]:
        """See the class."""
        return Hook, ()
