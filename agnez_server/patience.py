"""
How long a connection may take for what it does: the one who waits on purpose is told, or cut off.

Five things a connection may be at, each with a limit of its own: nothing, the head of a request, a
body, taking an answer, a web socket. While the server itself works, or holds the caller back, no
time counts against him.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from agnez_server.settings import ServerSettings

Phase = Literal["idle", "head", "body", "answer", "socket", "ours"]

SOCKET_SILENCE_S: Final = 60.0
"""A live client answers a ping each 25 s; it has 20 s for it."""
SWEEP_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits in seconds, and the least bytes in a second of `silence_s`."""

    idle_s: float
    header_s: float
    silence_s: float
    least_bytes_per_s: float

    @classmethod
    def of(cls, settings: ServerSettings) -> Patience:
        """That of *settings*."""
        return cls(
            settings.idle_s,
            settings.header_timeout_s,
            settings.silence_s,
            settings.least_bytes_per_s,
        )

    @property
    def sweep_s(self) -> float:
        """How often to look: often enough for the smallest limit."""
        return min(SWEEP_S, self.idle_s / 4, self.header_s / 4, self.silence_s / 4)


class Pace:
    """What one connection is at, since when, and how much it has moved of late."""

    __slots__ = ("_moved_at", "_phase", "_request", "_seen", "_since", "moved", "since")

    def __init__(self, now: float) -> None:
        self._phase, self._request = "idle", 0
        self.since = self._since = self._moved_at = now
        self.moved = self._seen = 0

    def is_over(self, patience: Patience, phase: Phase, request: int, now: float) -> bool:
        """
        Whether it has taken too long.

        Args:
            patience: The limits.
            phase: What it is at.
            request: The number of its request: a new one begins anew.
            now: Seconds.
        """
        if (phase, request) != (self._phase, self._request) or phase == "ours":
            self._phase, self._request = phase, request
            self.since = now
            self._begin(now)
            return False
        if self.moved != self._seen:
            self._seen, self._moved_at = self.moved, now
        if phase == "idle":
            return now - self.since >= patience.idle_s
        if phase == "head":
            return now - self.since >= patience.header_s
        if phase == "socket":
            return now - self._moved_at >= SOCKET_SILENCE_S
        return self._is_slow(patience, now)

    def _is_slow(self, patience: Patience, now: float) -> bool:
        """Silent for too long, or slower than allowed over that time."""
        if now - self._moved_at >= patience.silence_s:
            return True
        past_s = now - self._since
        if past_s < patience.silence_s:
            return False
        if self.moved < patience.least_bytes_per_s * past_s:
            return True
        self._begin(now)
        return False

    def _begin(self, now: float) -> None:
        self._since = self._moved_at = now
        self.moved = self._seen = 0
