"""A figure of a whole model and, where asked for, of each of its layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agnez_client.callbacks.run import CallbackRun


class Layers:
    """
    Args:
        name: The channel of the whole; those of layers are ``name/layer``, in one chart.
        per_layer: Whether layers have channels.
        together: Whether the whole stands in their chart.
    """

    def __init__(
        self, run: CallbackRun, name: str, *, per_layer: bool, together: bool = False
    ) -> None:
        self._run, self._name, self._per_layer = run, name, per_layer
        self._chart = name if together else f"{name} of each"

    def make(self, names: Iterable[str]) -> None:
        """Make the channels: what is read at the very end finds them, when none can be made."""
        self._run.line(self._name)
        for name in names if self._per_layer else ():
            self._run.line(f"{self._name}/{name}", self._chart)

    def send(self, step: int, whole: float, names: Sequence[str], each: Sequence[float]) -> None:
        """Send the figure of the whole, and those of layers as far as there are *names*."""
        self._run.send(self._name, step, float(whole))
        if self._per_layer:
            for name, value in zip(names, each, strict=True):
                self._run.send(f"{self._name}/{name}", step, float(value), chart=self._chart)
