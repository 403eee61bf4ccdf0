"""What is new in the runs that one viewer follows, apart from numbers: entries, console output."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

NEWS_INTERVAL_S: Final = 0.5


class News:
    """
    News, gathered by run until it is time to tell.

    At most one message a run and interval; the first one goes at once.
    """

    def __init__(self) -> None:
        self._channels: dict[str, set[int]] = {}
        self._consoles: set[str] = set()
        self._told_at = float("-inf")

    def note(self, run: str, channels: Iterable[int] = (), *, console: bool = False) -> None:
        """*channels* of *run* have new entries; with *console* there is new output."""
        self._channels.setdefault(run, set()).update(channels)
        if console:
            self._consoles.add(run)

    def forget(self, run: str) -> None:
        """Nothing of *run* is told any more."""
        self._channels.pop(run, None)
        self._consoles.discard(run)

    def wait_s(self, now: float) -> float | None:
        """Seconds until something may be told, None when there is nothing to tell."""
        return max(0.0, self._told_at + NEWS_INTERVAL_S - now) if self._channels else None

    def take(self, now: float) -> list[dict[str, Any]]:
        """The messages that are to be sent *now*; nothing remains."""
        told = [
            {"run": run, "channels": sorted(channels), "console": run in self._consoles}
            for run, channels in self._channels.items()
        ]
        self._channels.clear()
        self._consoles.clear()
        self._told_at = now
        return told
