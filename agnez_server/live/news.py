"""What is new in the runs that one viewer follows, told as such: not what it is, but that it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

NEWS_INTERVAL_S: Final = 0.5
BAND_INTERVAL_S: Final = 0.25


class News:
    """
    News, gathered by run until it is time to tell.

    At most one message a run and interval; the first one goes at once.
    """

    def __init__(self, interval_s: float = NEWS_INTERVAL_S) -> None:
        self._interval_s = interval_s
        self._channels: dict[str, set[int]] = {}
        self._consoles: set[str] = set()
        self._told_at = float("-inf")

    def note(self, run: str, channels: Iterable[int] = (), *, console: bool = False) -> None:
        """*channels* of *run* have something new; with *console* there is new output."""
        self._channels.setdefault(run, set()).update(channels)
        if console:
            self._consoles.add(run)

    def forget(self, run: str) -> None:
        """Nothing of *run* is told any more."""
        self._channels.pop(run, None)
        self._consoles.discard(run)

    def forget_channel(self, run: str, channel: int) -> None:
        """This channel is not told any more."""
        self._channels.get(run, set()).discard(channel)
        if not self._channels.get(run) and run not in self._consoles:
            self._channels.pop(run, None)

    def wait_s(self, now: float) -> float | None:
        """Seconds until something may be told, None when there is nothing to tell."""
        return max(0.0, self._told_at + self._interval_s - now) if self._channels else None

    def take(self, now: float) -> list[tuple[str, list[int], bool]]:
        """What is to be told *now*: run, channels, whether its console; nothing remains."""
        told = [
            (run, sorted(channels), run in self._consoles)
            for run, channels in self._channels.items()
        ]
        self._channels.clear()
        self._consoles.clear()
        self._told_at = now
        return told
