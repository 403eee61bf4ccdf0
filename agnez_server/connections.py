"""
How many connections there may be, whose they are, and who makes room when all are taken.

A connection costs some kilobytes and a file descriptor whether it says something or not. So they
are counted, in all and for each caller; and the one that has been idle longest makes room for a
new one, who is thus let in unless every single connection is at work.
"""

from __future__ import annotations

import resource
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from agnez_server.callers import is_loopback, network_of

KEPT: Final = 32
"""Connections that only this machine may take; of few in all an eighth."""
FILES_KEPT: Final = 320
"""Descriptors for everything else: the store, blobs, and what is accepted before it is counted."""
_SEARCH_AGAIN_S: Final = 0.25
_MADE_ROOM: Final = 64


class Guest(Protocol):
    """What is counted here: one connection."""

    def idle_since(self) -> float | None:
        """Since when it has said nothing, in seconds of the loop; None while it is at work."""

    def leave(self) -> None:
        """Close it now."""

    def look(self, now: float) -> None:
        """Cut it off if it takes too long."""


class Connections:
    """
    Who is connected.

    Args:
        most: How many there may be at a time.
        most_of_one: How many of one caller, as `network_of` counts them.
        clock: Seconds.
    """

    def __init__(self, most: int, most_of_one: int, clock: Callable[[], float]) -> None:
        self.most, self._most_of_one, self._clock = most, most_of_one, clock
        self._guests: dict[Guest, str] = {}
        self._of_one = Counter[str]()
        self._leaving = set[Guest]()
        self._idle, self._searched_at = deque[Guest](), -_SEARCH_AGAIN_S
        self.refused = 0
        """How many found no room."""

    def __len__(self) -> int:
        return len(self._guests)

    def __iter__(self) -> Iterator[Guest]:
        return iter(list(self._guests))

    def enter(self, guest: Guest, address: str) -> bool:
        """Count *guest*, who calls from *address*; False if there is no room for him."""
        network = network_of(address)
        most = self.most - (0 if is_loopback(address) else min(KEPT, self.most // 8))
        full = len(self._guests) - len(self._leaving) >= most
        if self._of_one[network] >= self._most_of_one or (full and not self.make_room(1)):
            self.refused += 1
            return False
        self._guests[guest] = network
        self._of_one[network] += 1
        return True

    def gone(self, guest: Guest) -> None:
        """*guest* is not connected any more; also for one who never was let in."""
        network = self._guests.pop(guest, None)
        if network is not None:
            self._of_one[network] -= 1
            if not self._of_one[network]:
                del self._of_one[network]
        self._leaving.discard(guest)

    def make_room(self, count: int = _MADE_ROOM) -> int:
        """Close at most *count* connections that are idle, the longest first; how many it were."""
        closed = 0
        while closed < count and (guest := self._next_idle()) is not None:
            self._leaving.add(guest)
            guest.leave()
            closed += 1
        return closed

    def _next_idle(self) -> Guest | None:
        while True:
            while self._idle:
                guest = self._idle.popleft()
                is_here = guest in self._guests and guest not in self._leaving
                if is_here and guest.idle_since() is not None:
                    return guest
            if self._clock() < self._searched_at + _SEARCH_AGAIN_S:
                return None
            self._search()

    def _search(self) -> None:
        """Look through all of them: not for each one who knocks, that would be theirs to cause."""
        self._searched_at = self._clock()
        found = [(since, g) for g in self._guests if (since := g.idle_since()) is not None]
        found.sort(key=lambda pair: pair[0])
        self._idle = deque(guest for _, guest in found)


def room_for(wanted: int) -> int:
    """How many of *wanted* connections this process has file descriptors for; at least 16."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, max(16, soft - FILES_KEPT if soft > 2 * FILES_KEPT else soft // 2))


def raise_limit_of_files() -> None:
    """Let this process open as many files as it is allowed to allow itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
