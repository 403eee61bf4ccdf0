"""
Values of tensors on a device, without waiting for the device.

`send()` has the value copied on the device's own queue, so that it can't change under us, and puts
a marker behind the copy. The point is written when the marker was passed: by the sender's thread,
or by the next `send()` of such a tensor. torch is never imported here, only found where the
training has it.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

MAX_PENDING: Final = 4096
"""Copies on their way at most; each holds a few bytes on the device and on the host."""
MAX_PENDING_BYTES: Final = 256 << 20
"""Bytes of whole tensors on their way at most."""

logger = logging.getLogger(__name__)
Deposit = Callable[[Any], None]


class Arrival(Protocol):
    """A value on its way from a device."""

    def is_here(self) -> bool:
        """Whether it has arrived; does not wait."""

    def value(self) -> Any:
        """The value, once it is here."""


class TorchCopy:
    """The copy of a torch tensor, queued behind the work that computes it."""

    def __init__(self, tensor: Any) -> None:
        """
        Raises:
            ValueError: If *tensor* has no values at all (the device "meta").
        """
        if tensor.device.type == "meta":
            raise ValueError("y is a tensor without values (device 'meta')")
        torch = sys.modules["torch"]
        module = torch.get_device_module(tensor.device)
        frozen = tensor.detach().clone()
        self._host = torch.empty_like(frozen, device="cpu", pin_memory=_can_pin(tensor))
        self._host.copy_(frozen, non_blocking=True)
        self._event = module.Event()
        self._event.record(module.current_stream(tensor.device))

    def is_here(self) -> bool:
        """See `Arrival`."""
        return bool(self._event.query())

    def value(self) -> Any:
        """The tensor, on the host."""
        return self._host


class TorchArrival(TorchCopy):
    """The same of a tensor of one element."""

    def __init__(self, tensor: Any) -> None:
        """
        Raises:
            ValueError: If *tensor* has not one element, or no values at all (the device "meta").
        """
        if tensor.numel() != 1:
            raise ValueError(f"y has the shape {tuple(tensor.shape)}, expected one number")
        super().__init__(tensor)

    def value(self) -> float:
        """See `Arrival`."""
        return float(self._host.item())


def _can_pin(tensor: Any) -> bool:
    return bool(tensor.device.type == "cuda")


class DeviceCopies:
    """
    The copies on their way, in the order sent; at most *limit*.

    Args:
        copy: Starts the copy of a tensor.

    Attributes:
        failed: Values that the device lost.
    """

    def __init__(
        self, copy: Callable[[Any], Arrival] = TorchArrival, limit: int = MAX_PENDING
    ) -> None:
        self.failed = 0
        self._copy, self._limit = copy, limit
        self._pending: deque[tuple[Arrival, Deposit, int]] = deque()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._pending)

    def take(self, tensor: Any, deposit: Deposit) -> bool:
        """
        Call *deposit* with the value of *tensor* at this moment, once it is here.

        Returns:
            False if too many are on their way already.

        Raises:
            Exception: Whatever the copy raises.
        """
        self.collect()
        if len(self._pending) >= self._limit:
            return False
        self._pending.append((self._copy(tensor), deposit, 0))
        return True

    def take_whole(
        self, tensor: Any, deposit: Deposit, copy: Callable[[Any], Arrival] = TorchCopy
    ) -> bool:
        """The same with all of *tensor*; *deposit* gets it on the host."""
        self.collect()
        size = tensor.numel() * tensor.element_size()
        waiting = sum(size for _, _, size in self._pending)
        if len(self._pending) >= self._limit or waiting + size > MAX_PENDING_BYTES:
            return False
        self._pending.append((copy(tensor), deposit, size))
        return True

    def collect(self) -> None:
        """Deposit what has arrived; leaves it to another thread which is at it."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            while self._pending and self._collect_one():
                pass
        finally:
            self._lock.release()

    def _collect_one(self) -> bool:
        arrival, deposit, _ = self._pending[0]
        try:
            if not arrival.is_here():
                return False
            value = arrival.value()
        except Exception as error:  # noqa: BLE001 (a failed device raises what it likes)
            self.failed += 1
            if self.failed == 1:
                logger.warning("values of a device did not arrive (said once): %s", error)
        else:
            deposit(value)
        self._pending.popleft()
        return True

    def drain(self, timeout_s: float) -> int:
        """Collect until nothing is on its way, at most *timeout_s*; how many did not arrive."""
        deadline = time.monotonic() + timeout_s
        self.collect()
        while self._pending and time.monotonic() < deadline:
            time.sleep(0.001)
            self.collect()
        return len(self._pending)

    def forget(self) -> None:
        """Drop all; in a forked child, which has no part in its parent's device."""
        self._pending = deque()
        self._lock = threading.Lock()
