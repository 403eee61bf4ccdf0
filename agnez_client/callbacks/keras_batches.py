"""
Batches in their order again: Keras tells of them from several threads, so that it need not wait for
the device, and one may overtake another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

Logs = Mapping[str, Any]
Take = Callable[[int, Logs], None]

MOST_WAITING: Final = 64
"""More than Keras has threads: the batch that is waited for does not come."""


class BatchOrder:
    """
    Hands on what each batch of an epoch has logged, one after the other.

    Whoever takes them is told how many batches of the epoch are done, and their logs; of several at
    once where Keras runs several in one execution.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, Logs] = {}
        self._step, self._next = 1, 1
        self.done = 0
        """Batches of this epoch, those that wait among them."""

    def begin(self, steps_per_execution: int = 1) -> None:
        """An epoch begins."""
        with self._lock:
            self._waiting.clear()
            self._step = self._next = steps_per_execution
            self.done = 0

    def ended(self, batch: int, logs: Logs | None, take: Take) -> None:
        """The *batch*, counted from 0, has ended."""
        with self._lock:
            self._waiting[batch + 1] = logs or {}
            self.done = max(self.done, batch + 1)
            while self._next in self._waiting:
                self._hand_on(self._next, take)
            if len(self._waiting) > MOST_WAITING:
                self._hand_on_all(take)

    def end(self, take: Take) -> None:
        """The epoch has ended: what waits for another batch waits no more."""
        with self._lock:
            self._hand_on_all(take)

    def _hand_on_all(self, take: Take) -> None:
        for count in sorted(self._waiting):
            self._hand_on(count, take)

    def _hand_on(self, count: int, take: Take) -> None:
        self._next = count + self._step
        take(count, self._waiting.pop(count))
