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

from agnez_client.adoption import Adoption
from agnez_client.delivery import Delivery, Outcome, Verdict, batch_body
from agnez_client.errors import TransportError
from agnez_client.protocol import Batch
from agnez_client.spool.pen import Pen
from agnez_client.spool.spool import Spool
from agnez_client.upload import UploadStopped, upload

if TYPE_CHECKING:
    from agnez_client.transport import Transport

POLL_S: Final = 0.02
"""How often the spool is looked at: `send()` wakes nobody."""
PACE_S: Final = 0.05
"""Least time between two batches that were not full: each costs training about a millisecond."""
HEARTBEAT_S: Final = 10.0
BACKOFF_S: Final = 0.25
MAX_BACKOFF_S: Final = 15.0
LAST_BACKOFF_S: Final = 1.0
"""Longest wait once the run has ended: a server that comes back in its last seconds is not missed.
"""
DENIED_BACKOFF_S: Final = 60.0
WARN_EVERY_S: Final = 600.0
"""How often the same trouble is told."""
FIND_EVERY_S: Final = 5.0
"""How often a server is looked for where there was none."""
_CURES: Final = {
    Outcome.DENIED: "{} does not let this training in ({}): set AGNEZ_TOKEN to a token with the "
    "scope write (`agnez token create --scope write`); points wait in {}",
    Outcome.REFUSED: "{} does not take batches ({}): is AGNEZ_URL the address of an Agnez server? "
    "Points wait in {}",
    Outcome.BUSY: "{} takes nothing at present ({}); points wait in {} and are sent later",
}

logger = logging.getLogger(__name__)


class Sender:
    """
    Ships the spool that *pen* writes to, and spools of the dead for the same destination.

    Args:
        spool: What is shipped first of all.
        server: Where to; or a function that looks for a server, as long as there is none.
        place: Where spools of this host lie; None in memory.
        tend: Called at each turn, with the sender's lock held, before the spool is read.
        now: A clock that only goes forward, s.

    Attributes:
        lock: Held by the thread while it works on spools, never while it waits for a server.
        failures: Errors of our own that the thread has survived.
    """

    def __init__(
        self,
        spool: Spool,
        pen: Pen,
        server: Transport | Callable[[], Transport | None],
        place: Path | None,
        tend: Callable[[], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lock = threading.Lock()
        self.failures = 0
        self._own = Delivery(spool)
        self._adoption = Adoption(place, spool, now)
        self._pen, self._tend, self._now = pen, tend, now
        self._find = server if callable(server) else None
        self._transport = None if callable(server) else server
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._find_at = now() + FIND_EVERY_S
        self._not_before = self._heard_at = 0.0
        self._meanwhile_at = 0.0
        self._failed_in_a_row = 0
        self._warned: dict[str, float] = {}
        self._deadline: float | None = None
        self._is_hopeless = False
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
        self._thread.join(timeout_s + 0.5)
        return not self._thread.is_alive() and self._own.spool.was_delivered

    def abandon_adopted(self) -> None:
        """In a forked child: let go of the locks of the spools that the parent has adopted."""
        self._adoption.abandon()

    # -- the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            try:
                if self._is_over():
                    break
                self._turn()
            except Exception:
                self.failures += 1
                logger.exception("the sender met an error and goes on (%d so far)", self.failures)
                self._back_off(0.0)
            self._rest()
        with self.lock:
            self._own.spool.seal()
            self._own.close()
            self._adoption.close()
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
        if self._transport is None or self._is_hopeless or self._now() > self._deadline:
            return True
        with self.lock:
            mine = self._own.spool
            return mine.is_sealed and mine.is_delivered() and not self._adoption.owes(mine)

    def _turn(self) -> None:
        self._send_batch()
        with self.lock:
            uploader = self._pick_uploader()
        if uploader is not None and self._transport is not None:
            self._send_blobs(uploader, self._transport)

    def _send_batch(self) -> None:
        with self.lock:
            self._keep_house()
            delivery, batch = self._pick()
        if batch is None or self._transport is None:
            return
        try:
            response = self._transport.ingest(batch_body(batch))
            with self.lock:
                verdict = delivery.answered(batch, response)
                self._obey(verdict, delivery, batch)
        except TransportError as error:
            with self.lock:
                self._lose_touch(error)

    def _send_blobs(self, delivery: Delivery, transport: Transport) -> None:
        """All that the server wants of one spool, as long as it takes them."""
        try:
            while (verdict := upload(delivery, transport, self._meanwhile)) is not None:
                with self.lock:
                    self._obey(verdict, delivery, delivery.heartbeat())
                if verdict.outcome is not Outcome.REWOUND:
                    return
        except TransportError as error:
            with self.lock:
                self._lose_touch(error)
        except UploadStopped as error:
            logger.info("%s", error)  # what is left is told at the end

    def _meanwhile(self) -> None:
        """A blob takes its time: points go on."""
        if self._deadline is not None and self._now() > self._deadline:
            raise UploadStopped("the time is up, and a blob is still on its way")
        if self._now() >= self._meanwhile_at:
            self._meanwhile_at = self._now() + PACE_S
            self._send_batch()

    def _pick_uploader(self) -> Delivery | None:
        if self._now() < self._not_before:
            return None
        return self._own if self._own.wants_blobs else self._adoption.next_uploader()

    def _keep_house(self) -> None:
        spool = self._own.spool
        self._tend()
        spool.events.write_pending()
        if self._deadline is None:
            self._pen.prepare()
            spool.sum_up()
        else:
            spool.seal()
        if self._transport is None and self._find is not None and self._now() >= self._find_at:
            self._find_at = self._now() + FIND_EVERY_S
            self._transport = self._find()
            if self._transport is not None:
                spool.address_to(self._transport.url)
                logger.info("run %s is sent to %s from now on", spool.header.run, self._url)

    def _pick(self) -> tuple[Delivery, Batch | None]:
        now = self._now()
        if self._transport is None or now < self._not_before:
            return self._own, None
        if self._heard_at and not self._failed_in_a_row:
            self._adoption.look()
        batch = self._own.next_batch()
        if batch is None and now - self._heard_at >= HEARTBEAT_S and not self._own.is_stopped:
            batch = self._own.heartbeat()
        return self._adoption.next_batch(after=batch is not None) or (self._own, batch)

    # -- answers --------------------------------------------------------------------------------

    def _obey(self, verdict: Verdict, delivery: Delivery, batch: Batch) -> None:
        outcome, mine = verdict.outcome, delivery is self._own
        if outcome in (Outcome.ACCEPTED, Outcome.REWOUND):
            self._heard(verdict, delivery, batch)
        elif outcome is Outcome.STOPPED or (outcome is Outcome.REFUSED and not mine):
            self._warn_once(f"spool {delivery.spool.header.spool}", verdict.reason)
            self._is_hopeless |= mine
        else:
            self._warn_once(
                outcome.name, _CURES[outcome].format(self._url, verdict.reason, self._where)
            )
            self._back_off(verdict.wait_s if outcome is Outcome.BUSY else DENIED_BACKOFF_S)
            self._is_hopeless |= outcome is not Outcome.BUSY and self._deadline is not None
        if not mine and outcome in (Outcome.STOPPED, Outcome.REFUSED):
            self._adoption.leave(delivery)

    def _heard(self, verdict: Verdict, delivery: Delivery, batch: Batch) -> None:
        now = self._now()
        if delivery is self._own:
            self._heard_at = now
        if self._failed_in_a_row:
            logger.log(
                logging.INFO if self._failed_in_a_row > 3 else logging.DEBUG,
                "%s takes points again",
                self._url,
            )
        self._failed_in_a_row = 0
        is_empty = not len(batch.points) and not batch.events
        hurry = verdict.outcome is Outcome.REWOUND or delivery.is_full(batch) or is_empty
        self._not_before = now + max(verdict.wait_s, 0.0 if hurry else PACE_S)
        if hurry:
            self.wake()

    def _lose_touch(self, error: TransportError) -> None:
        self._own.doubt()
        self._adoption.doubt()
        self._warn_once("touch", f"{error}; points wait in {self._where} and are sent later")
        self._back_off(0.0)
        self._is_hopeless |= error.refused and self._deadline is not None

    def _back_off(self, least_s: float) -> None:
        """Wait at least *least_s*, longer at each failure in a row, not in step with others."""
        self._failed_in_a_row += 1
        most = MAX_BACKOFF_S if self._deadline is None else LAST_BACKOFF_S
        growing = min(BACKOFF_S * 2 ** min(self._failed_in_a_row, 10), most)
        self._not_before = self._now() + max(least_s, growing * random.uniform(0.5, 1.0))

    def _warn_once(self, cause: str, message: str) -> None:
        now = self._now()
        if now >= self._warned.get(cause, now):
            self._warned[cause] = now + WARN_EVERY_S
            logger.warning("%s", message)

    @property
    def _where(self) -> str:
        return "the spool" if self._own.spool.folder.path is not None else "memory"

    @property
    def _url(self) -> str:
        return self._transport.url if self._transport is not None else "no server"
