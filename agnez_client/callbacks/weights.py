"""The weights: their norm, how far a step has moved them, and histograms."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from agnez_client.callbacks.gradients import Named
from agnez_client.callbacks.layers import Layers
from agnez_client.callbacks.reading import Reading
from agnez_client.callbacks.run import CallbackRun
from agnez_client.callbacks.tensors import binned, local, norms, sample
from agnez_client.kinds.arrays import Array
from agnez_client.kinds.histogram import Histogram
from agnez_client.kinds.number import is_on_device

BINS: Final = 40


class Weights:
    """
    Args:
        prefix: Stands before the names of channels.
        per_layer: Whether each parameter has channels.
        compares: Whether copies are kept at all.
    """

    def __init__(self, run: CallbackRun, prefix: str, *, per_layer: bool, compares: bool) -> None:
        self._norms = Layers(run, f"{prefix}weight norm", per_layer=per_layer)
        self._ratios = Layers(run, f"{prefix}update ratio", per_layer=per_layer)
        self._compares = compares
        self._before: dict[str, Any] = {}

    def remember(self, named: Named) -> None:
        """Keep a copy of the weights as they are before a step."""
        if self._compares:
            self._before = {name: local(weight).clone() for name, weight in named}

    def tell(self, step: int, named: Named, reading: Reading) -> None:
        """Read the norms of the weights, and of what the step has changed where a copy is kept."""
        before, self._before = self._before, {}
        names = [name for name, _ in named]
        now = [local(weight) for _, weight in named]
        if not now:
            return
        is_compared = bool(before) and all(
            name in before and before[name].shape == weight.shape
            for name, weight in zip(names, now, strict=True)
        )
        moves = [before[name].sub_(w) for name, w in zip(names, now, strict=True) if is_compared]

        found = norms([*now, *moves])

        def take_norms(weights: Array) -> None:
            self._norms.send(step, total(weights), names, weights.tolist())

        def take_ratios(both: Array) -> None:
            weights, moved = np.split(both.astype(float), 2)
            with np.errstate(divide="ignore", invalid="ignore"):
                whole, each = np.divide(total(moved), total(weights)), moved / weights
            self._ratios.send(step, float(whole), names, each.tolist())

        self._norms.make(names)
        reading.add(found[: len(names)], take_norms)
        if is_compared:
            self._ratios.make(names)
            reading.add(found, take_ratios)


def total(norms: Array) -> float:
    """The norm of all together, of the norms ``(N,)`` of each."""
    return float(np.linalg.norm(norms.astype(float)))


class Histograms:
    """
    Histograms of tensors by name, `BINS` bins as `numpy.histogram` has them; on a device they are
    counted there. Of a tensor of more than 2^20 elements a part is looked at, evenly spread.
    """

    def __init__(self, run: CallbackRun, prefix: str) -> None:
        self._run, self._prefix = run, prefix

    def tell(self, what: str, step: int, named: Named, reading: Reading) -> None:
        """Send one of each, to channels below *what*."""
        for name, tensor in named:
            values = local(tensor)
            if not values.numel():
                continue
            channel = self._run.channel(f"{self._prefix}{what}/{name}", "HISTOGRAM", bins=BINS)
            if not is_on_device(values):
                channel.send(x=step, y=sample(values))
                continue

            def take(found: Array, channel: Any = channel) -> None:
                channel.send(x=step, y=unpacked(found))

            reading.add(binned(values, BINS), take)


def unpacked(found: Array) -> Histogram:
    """What `binned` has counted, as a histogram; see there."""
    counts, (low, high, nan, inf) = found[:-4], found[-4:].tolist()
    if low > high:  # nothing finite
        low, high = 0.0, 1.0
    if low == high:  # all in the middle, as numpy has it
        low, high = low - 0.5, high + 0.5
        counts = np.where(np.arange(len(counts)) == len(counts) // 2, counts.sum(), 0)
    edges = np.linspace(low, high, len(counts) + 1, dtype=found.dtype)
    return Histogram(counts.astype(int), edges, int(nan), int(inf))
