"""
The thread that ships a run: one batch in flight, the next one grows meanwhile.

It never dies and never stops training: whatever a server does, or does not, leaves the points in
the spool and costs a pause.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agnez_client.delivery import Delivery, Outcome, Verdict, batch_body
from agnez_client.errors import TransportError
from agnez_client.orphans import adopt
from agnez_client.protocol import Batch
from agnez_client.spool.header import SpoolHeader
from agnez_client.spool.pen import Pen
from agnez_client.spool.spool import Spool

if TYPE_CHECKING:
    from agnez_client.transport import Transport

POLL_S: Final = 0.02
"""How often the spool is looked at: `send()` wakes nobody."""
PACE_S: Final = 0.05
"""Least time between two batches that were not full: each costs training about a millisecond."""
HEARTBEAT_S: Final = 10.0
BACKOFF_S: Final = 0.25
MAX_BACKOFF_S: Final = 15.0
DENIED_BACKOFF_S: Final = 60.0
ADOPT_EVERY_S: Final = 5.0
MAX_ADOPTED: Final = 8

_PASSING: Final = {"touch", "busy", Outcome.DENIED.name, Outcome.REFUSED.name}
_CURES: Final = {
    Outcome.DENIED: "{} refuses this token ({}): set AGNEZ_TOKEN to one with the scope write "
    "(`agnez token create --scope write`); points wait in the spool",
    Outcome.REFUSED: "{} does not take batches ({}): is AGNEZ_URL the address of an Agnez server? "
    "Points wait in the spool",
}

logger = logging.getLogger(__name__)


class Sender:
    """
    Ships the spool that *pen* writes to, and spools of the dead for the same destination.

    Args:
        spool: What is shipped first of all.
        transport: The server; None if there is none, then only segments are made.
        place: Where spools of this host lie; None in memory.
        tend: Called at each turn, with the sender's lock held, before the spool is read.
        now: A clock that only goes forward, s.
    """

    def __init__(
        self,
        spool: Spool,
        pen: Pen,
        transport: Transport | None,
        place: Path | None,
        tend: Callable[[], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lock = threading.Lock()
        self.failures = 0
        self._own = Delivery(spool)
        self._pen, self._transport, self._place = pen, transport, place
        self._tend, self._now = tend, now
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._adopted: list[Delivery] = []
        self._left: set[str] = set()
        self._adopt_at = 0.0
        self._not_before = self._spoke_at = 0.0
        self._attempts_failed = 0
        self._warned: set[str] = set()
        self._deadline: float | None = None
        self._failed_since_end = 0
        self._turn_of_adopted = 0
        self._thread = threading.Thread(target=self._run, name="agnez-sender", daemon=True)

    def start(self) -> None:
        """Begin; call once."""
        self._thread.start()

    def wake(self) -> None:
        """Look now and not at the next turn; may be called anywhere, in a signal's handler too."""
        self._bell.put(None)

    def finish(self, timeout_s: float) -> bool:
        """
        Ship what is left and leave the spool, within *timeout_s*; whether a server has all.

        Gives up early when there is no server, or when it can't be reached.
        """
        self._deadline = self._now() + timeout_s
        self._not_before = 0.0
        self.wake()
        self._thread.join(timeout_s + 1.0)
        return not self._thread.is_alive() and self._own.spool.was_delivered

    # -- the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._is_over():
            try:
                self._turn()
            except Exception:
                self.failures += 1
                logger.exception("the sender met an error and goes on (%d so far)", self.failures)
                self._back_off(0.0)
            self._rest()
        with self.lock:
            for delivery in (self._own, *self._adopted):
                delivery.spool.close()
        if self._transport is not None:
            self._transport.close()

    def _rest(self) -> None:
        try:
            self._bell.get(timeout=POLL_S)
            while True:
                self._bell.get_nowait()
        except queue.Empty:
            return

    def _is_over(self) -> bool:
        if self._deadline is None:
            return False
        hopeless = self._transport is None or self._failed_since_end > 0 or self._own.is_stopped
        if hopeless or self._now() > self._deadline:
            with self.lock:
                self._own.spool.seal()
            return True
        with self.lock:
            return self._own.spool.is_sealed and self._is_all_delivered()

    def _is_all_delivered(self) -> bool:
        if not self._own.spool.is_delivered():
            return False
        self._adopt_dead(own_run_only=True)
        return not any(
            d.spool.header.run == self._own.spool.header.run and not d.spool.is_delivered()
            for d in self._adopted
            if not d.is_stopped
        )

    def _turn(self) -> None:
        with self.lock:
            self._keep_house()
            delivery, batch = self._pick()
        if batch is None or self._transport is None:
            return
        try:
            response = self._transport.ingest(batch_body(batch))
            with self.lock:
                verdict = delivery.answered(batch, response)
        except TransportError as error:
            self._lost_touch(error)
            return
        self._obey(verdict, delivery, batch)

    def _keep_house(self) -> None:
        spool = self._own.spool
        self._tend()
        spool.events.write_pending()
        if self._deadline is not None:
            if not spool.is_sealed:
                spool.seal()
        else:
            self._pen.prepare()

    def _pick(self) -> tuple[Delivery, Batch | None]:
        now = self._now()
        if self._transport is None or now < self._not_before:
            return self._own, None
        if not self._attempts_failed and self._spoke_at:
            self._adopt_dead()
        batch = self._own.next_batch()
        self._turn_of_adopted += 1
        if self._adopted and (batch is None or self._turn_of_adopted % 2):
            adopted = self._adopted[self._turn_of_adopted // 2 % len(self._adopted)]
            theirs = adopted.next_batch()
            if theirs is not None:
                return adopted, theirs
            self._let_go(adopted)
        if batch is None and not self._own.is_stopped and now - self._spoke_at >= HEARTBEAT_S:
            batch = self._own.heartbeat()
        return self._own, batch

    # -- answers --------------------------------------------------------------------------------

    def _obey(self, verdict: Verdict, delivery: Delivery, batch: Batch) -> None:
        outcome, now = verdict.outcome, self._now()
        if outcome in (Outcome.ACCEPTED, Outcome.REWOUND):
            self._spoke_at = now
            self._recover()
            quick = outcome is Outcome.REWOUND or delivery.is_full(batch) or not len(batch.points)
            self._not_before = now + max(verdict.wait_s, 0.0 if quick else PACE_S)
            if quick:
                self.wake()
        elif outcome is Outcome.STOPPED:
            self._warn_once(f"stopped {delivery.spool.header.spool}", verdict.reason)
        elif outcome is Outcome.REFUSED and delivery is not self._own:
            self._warn_once(f"refused {delivery.spool.header.spool}", verdict.reason)
            self._let_go(delivery)
        elif outcome is Outcome.BUSY:
            self._warn_once("busy", f"{self._url} takes nothing at present ({verdict.reason})")
            self._back_off(verdict.wait_s)
        else:
            self._warn_once(outcome.name, _CURES[outcome].format(self._url, verdict.reason))
            self._back_off(DENIED_BACKOFF_S)
            self._failed_since_end += self._deadline is not None

    def _lost_touch(self, error: TransportError) -> None:
        with self.lock:
            for delivery in (self._own, *self._adopted):
                delivery.doubt()
        self._warn_once("touch", f"{error}; points wait in the spool and are sent later")
        self._back_off(0.0)
        self._failed_since_end += self._deadline is not None

    def _back_off(self, least_s: float) -> None:
        """Wait at least *least_s*, longer at each failure in a row, not in step with others."""
        self._attempts_failed += 1
        growing = min(BACKOFF_S * 2 ** min(self._attempts_failed, 10), MAX_BACKOFF_S)
        self._not_before = self._now() + max(least_s, growing * random.uniform(0.5, 1.0))

    def _recover(self) -> None:
        if self._attempts_failed:
            self._attempts_failed = 0
            if self._warned & _PASSING:
                logger.info("%s takes points again", self._url)
            self._warned -= _PASSING

    def _warn_once(self, cause: str, message: str) -> None:
        if cause not in self._warned:
            self._warned.add(cause)
            logger.warning("%s", message)

    @property
    def _url(self) -> str:
        return self._transport.url if self._transport is not None else "no server"

    # -- the dead -------------------------------------------------------------------------------

    def _adopt_dead(self, *, own_run_only: bool = False) -> None:
        room = MAX_ADOPTED - len(self._adopted)
        if self._place is None or room <= 0 or self._transport is None:
            return
        if self._now() < self._adopt_at and not own_run_only:
            return
        self._adopt_at = self._now() + ADOPT_EVERY_S
        run, url = self._own.spool.header.run, self._transport.url

        def wanted(header: SpoolHeader) -> bool:
            mine = header.destination == url and header.spool not in self._left
            return mine and (not own_run_only or header.run == run)

        for spool in adopt(self._place, wanted, self._own.spool.budget, room):
            logger.info("the spool %s of a dead process is sent", spool.header.spool)
            self._adopted.append(Delivery(spool))

    def _let_go(self, adopted: Delivery) -> None:
        self._adopted.remove(adopted)
        self._left.add(adopted.spool.header.spool)
        adopted.spool.close()
