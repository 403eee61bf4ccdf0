"""Small results of devices, read together: one copy a device, and nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from agnez_client.callbacks.run import CallbackRun
from agnez_client.kinds.arrays import Array

Take = Callable[[Array], None]


class Reading:
    """Collects tensors, each with what is to be done with its values once they are here."""

    def __init__(self) -> None:
        self._parts: dict[Any, list[tuple[Any, Take]]] = {}

    def add(self, values: Any, take: Take) -> None:
        """
        Read *values*, real ``(N,)``, with the next `send`.

        Args:
            take: Called with them as floats ``(N,)``, perhaps in another thread.
        """
        self._parts.setdefault(values.device, []).append((values.detach(), take))

    def send(self, run: CallbackRun) -> None:
        """Begin to read all that was added; on the host, read it."""
        parts, self._parts = self._parts, {}
        for of_device in parts.values():
            is_double = any(values.dtype is torch.float64 for values, _ in of_device)
            kind = torch.float64 if is_double else torch.float32
            together = torch.cat([values.to(kind) for values, _ in of_device])
            sizes = [(values.numel(), take) for values, take in of_device]
            if together.numel():
                run.job.read_later(together, _dealt(run, sizes))


def _dealt(run: CallbackRun, sizes: list[tuple[int, Take]]) -> Take:
    """What deals values that have come together to those who asked for them."""

    def deal(values: Array) -> None:
        begin = 0
        for size, take in sizes:
            with run.quietly():
                take(values[begin : begin + size])
            begin += size

    return deal
