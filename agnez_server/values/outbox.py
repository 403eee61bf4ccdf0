"""
What happened to records, told once it is committed, in the order in which it happened.

A change may be committed, and its caller wake up, before one that came earlier is heard of here;
so each keeps its turn.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Literal

logger = logging.getLogger(__name__)

Event = Literal["created", "updated", "patched", "removed"]
Happening = tuple[Event, dict[str, Any]]
Listener = Callable[[Event, dict[str, Any]], None]


class Turn:
    """The place of one change in the order; ``happenings`` is what it did."""

    def __init__(self) -> None:
        self.happenings: list[Happening] = []
        self.is_over = False


class Outbox:
    """Turns that were taken, and who wants to hear of them. On the event loop only."""

    def __init__(self) -> None:
        self._turns: deque[Turn] = deque()
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call *listener* for each thing that happens; returns a function that ends it."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def take_turn(self) -> Turn:
        """A place after all that were taken before."""
        turn = Turn()
        self._turns.append(turn)
        return turn

    def end_turn(self, turn: Turn, *, committed: bool) -> None:
        """What *turn* did is on disk, or was undone."""
        if not committed:
            turn.happenings = []
        turn.is_over = True
        while self._turns and self._turns[0].is_over:
            for event, record in self._turns.popleft().happenings:
                self._tell(event, record)

    def _tell(self, event: Event, record: dict[str, Any]) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(event, record)
            except Exception:  # a listener's fault is not the service's
                logger.exception("a listener of /values failed")
