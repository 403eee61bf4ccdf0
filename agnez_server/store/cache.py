"""What was decoded last, within a number of bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """A value that knows how much memory it takes."""

    @property
    def nbytes(self) -> int:
        """Bytes."""


K = TypeVar("K")
V = TypeVar("V", bound=Sized)


class Cache(Generic[K, V]):
    """Values by key; the least recently used go when ``limit`` bytes are passed. Thread-safe."""

    def __init__(self, limit: int) -> None:
        self._limit, self._size = limit, 0
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of *key*, made now if it is not here; two threads may make the same one."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self._put(key, value)
        return value

    def _put(self, key: K, value: V) -> None:
        if key in self._values:
            return
        self._values[key] = value
        self._size += value.nbytes
        while self._size > self._limit and self._values:
            self._size -= self._values.popitem(last=False)[1].nbytes
