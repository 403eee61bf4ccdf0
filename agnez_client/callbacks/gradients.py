"""The norms of gradients at every step, and the steps at which one was no number."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np

from agnez_client.callbacks.layers import Layers
from agnez_client.callbacks.reading import Reading
from agnez_client.callbacks.run import CallbackRun
from agnez_client.callbacks.tensors import local, norms
from agnez_client.kinds.arrays import Array
from agnez_client.kinds.number import is_on_device
from agnez_client.record.recorded import MARKERS

MAX_MARKS: Final = 50
"""Markers of one training at most: what fails at every other step is known by then."""
MAX_NAMED: Final = 5

Named = list[tuple[str, Any]]


class Gradients:
    """
    Args:
        prefix: Stands before the names of channels.
        per_layer: Whether each parameter has a channel.
    """

    def __init__(self, run: CallbackRun, prefix: str, *, per_layer: bool) -> None:
        self._run = run
        self._layers = Layers(run, f"{prefix}gradient norm", per_layer=per_layer)
        self._steps: list[tuple[int, list[str], Any, bool]] = []
        self._failing: set[str] = set()
        self._marked = 0

    @property
    def is_on_host(self) -> bool:
        """Whether nobody would wait for what was observed last."""
        return bool(self._steps) and not is_on_device(self._steps[-1][2])

    def observe(self, step: int, named: Named, scale: Any = None) -> None:
        """
        Compute the norms at *step*, where the gradients are.

        Args:
            named: Gradients by the name of their parameter.
            scale: What a gradient scaler has multiplied them with, and will itself look for
                gradients that are no numbers: such a step is its search for a scale.
        """
        if not named:
            return
        found = norms([local(gradient) for _, gradient in named])
        if scale is not None:
            found = found / scale.to(found.device, non_blocking=True)
        self._steps.append((step, [name for name, _ in named], found, scale is None))

    def tell(self, reading: Reading) -> None:
        """Read what was observed since the last time; of layers, the last step."""
        steps, self._steps = self._steps, []
        if steps:
            self._run.channel(MARKERS, "MARKER")
            self._layers.make(steps[-1][1])
        for step, names, found, marks in steps:
            is_last = step == steps[-1][0]
            take = partial(self._take, step=step, names=names, marks=marks, is_last=is_last)
            reading.add(found, take)

    def _take(
        self, values: Array, *, step: int, names: list[str], marks: bool, is_last: bool
    ) -> None:
        wide = values.astype(float)
        layers = (names, values.tolist()) if is_last else ((), ())
        with np.errstate(invalid="ignore", over="ignore"):
            square = float(np.dot(wide, wide))
        self._layers.send(step, square**0.5, *layers)
        if marks and (self._failing or not np.isfinite(square)):
            self._mark(step, dict(zip(names, values.tolist(), strict=True)))

    def _mark(self, step: int, values: dict[str, float]) -> None:
        """Mark what fails now and did not at the step before."""
        failing = [name for name, value in values.items() if not np.isfinite(value)]
        new = [name for name in failing if name not in self._failing]
        self._failing = set(failing)
        if not new or self._marked >= MAX_MARKS:
            return
        self._marked += 1
        what = "NaN" if any(np.isnan(values[name]) for name in new) else "infinity"
        more = f" and {len(new) - MAX_NAMED} more" if len(new) > MAX_NAMED else ""
        named = ", ".join(new[:MAX_NAMED])
        self._run.job.mark(f"{what} in the gradient of {named}{more}", x=step, level="error")
