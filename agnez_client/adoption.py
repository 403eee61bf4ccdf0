"""The spools of dead processes that a run sends along with its own."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from agnez_client.delivery import Delivery
from agnez_client.orphans import adopt, sweep
from agnez_client.protocol import Batch
from agnez_client.spool.header import SpoolHeader
from agnez_client.spool.spool import Spool

LOOK_EVERY_S: Final = 5.0
MOST: Final = 8
"""Spools adopted at a time; the others wait for their turn."""

logger = logging.getLogger(__name__)


class Adoption:
    """
    Adopts spools on this host that were recorded for the same destination as *own*: children of
    the run that ended without a word, and runs of processes that were killed.

    Args:
        place: Where spools of this host lie; None in memory.
        own: The spool of this process.
        now: A clock that only goes forward, s.
    """

    def __init__(self, place: Path | None, own: Spool, now: Callable[[], float]) -> None:
        self._place, self._own, self._now = place, own, now
        self._look_at = 0.0
        self._adopted: list[Delivery] = []
        self._left: set[str] = set()
        self._was_theirs = True

    def look(self) -> None:
        """Adopt what has died since the last look, at most every few seconds."""
        if self._now() >= self._look_at:
            if self._place is not None and not self._look_at:
                sweep(self._place)
            self._look_at = self._now() + LOOK_EVERY_S
            self._adopt(lambda header: True, MOST - len(self._adopted))

    def owes(self, own: Spool) -> bool:
        """Whether something of *own*'s run, left by a dead child, is not delivered yet."""
        run = own.header.run
        for delivery in [d for d in self._adopted if d.spool.is_delivered()]:
            self.leave(delivery)
        self._adopt(lambda header: header.run == run, MOST)
        return any(delivery.spool.header.run == run for delivery in self._adopted)

    def _adopt(self, wanted: Callable[[SpoolHeader], bool], room: int) -> None:
        url = self._own.header.destination
        if self._place is None or url is None or room <= 0:
            return

        def is_ours(header: SpoolHeader) -> bool:
            return header.destination == url and header.spool not in self._left and wanted(header)

        for spool in adopt(self._place, is_ours, self._own.budget, room):
            if not spool.is_delivered():  # else only what the server refused is kept in it
                logger.info("what a dead process of run %s left is sent", spool.header.run)
            self._adopted.append(Delivery(spool))

    def next_batch(self, *, after: bool) -> tuple[Delivery, Batch] | None:
        """
        The next batch of an adopted spool; one that has none is let go.

        Args:
            after: The run itself has something to send, and both take turns.
        """
        if after and self._was_theirs:
            self._was_theirs = False
            return None
        self._was_theirs = True
        for delivery in list(self._adopted):
            batch = delivery.next_batch()
            if batch is not None:
                self._adopted.remove(delivery)
                self._adopted.append(delivery)
                return delivery, batch
            if not delivery.wants_blobs:
                self.leave(delivery)
        return None

    def next_uploader(self) -> Delivery | None:
        """An adopted spool whose blobs the server waits for."""
        return next((d for d in self._adopted if d.wants_blobs), None)

    def leave(self, delivery: Delivery) -> None:
        """Let *delivery* go, through or not, and don't adopt it again."""
        self._left.add(delivery.spool.header.spool)
        self._adopted.remove(delivery)
        delivery.close()

    def doubt(self) -> None:
        """Touch with the server was lost."""
        for delivery in self._adopted:
            delivery.doubt()

    def abandon(self) -> None:
        """In a forked child: close its copies of the descriptors; the parent goes on."""
        for delivery in self._adopted:
            with contextlib.suppress(OSError):
                delivery.spool.abandon()
        self._adopted = []

    def close(self) -> None:
        """Let all go; what is not through waits for others."""
        for delivery in self._adopted:
            delivery.close()
        self._adopted = []
