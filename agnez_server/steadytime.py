"""A time to end things by, which does not leap when the system's clock does."""

from __future__ import annotations

import time
from collections.abc import Callable

from agnez_server.models import now_us


class SteadyTime:
    """
    µs UTC: what the clock says, but never later than its time at the start and what has gone by
    since. A clock that leaps ahead ends nothing early; one that goes back only puts off.

    Args:
        wall: The clock, µs UTC.
        monotonic: ns from any moment on.
    """

    def __init__(
        self,
        wall: Callable[[], int] = now_us,
        monotonic: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._start = wall() - monotonic() // 1000

    def __call__(self) -> int:
        return min(self._wall(), self._start + self._monotonic() // 1000)
