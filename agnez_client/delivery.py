"""
The delivery of one spool to one server: what to send next, and what an answer means.

Nothing here waits or opens a connection. The server's marks are trusted: after any doubt an empty
batch asks for them, and what they want is cut anew from the spool.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

from agnez_client.errors import TransportError
from agnez_client.protocol import (
    MAX_EVENT_BYTES,
    UNKNOWN_STORE,
    Batch,
    encode_batch,
    join_buffers,
)
from agnez_client.receipt import Receipt, mapping_of, reason_of, receipt_of
from agnez_client.spool.blobs import blob_refs
from agnez_client.spool.cursor import Marks
from agnez_client.spool.events import BLANK, DAMAGED
from agnez_client.spool.spool import Spool
from agnez_client.standin import FORGOTTEN, LOST, run_of, without_blobs

if TYPE_CHECKING:
    from agnez_client.transport import Response

MAX_POINTS: Final = 65_536
"""Points of one batch: 2 MiB."""
MAX_EVENTS_BYTES: Final = 2 * MAX_EVENT_BYTES
MAX_REWINDS: Final = 3

logger = logging.getLogger(__name__)


class Outcome(Enum):
    """What an answer means for what comes next."""

    ACCEPTED = auto()
    REWOUND = auto()
    BUSY = auto()
    DENIED = auto()
    REFUSED = auto()
    STOPPED = auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """``wait_s`` is what the server asks for, 0 if it does not; ``reason`` is for people."""

    outcome: Outcome
    wait_s: float = 0.0
    reason: str = ""


class Delivery:
    """
    Attributes:
        spool: What is delivered.
        is_stopped: The run was deleted on the server; nothing more is sent of it.
        blobs_sent: How many blobs a server took.
    """

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.is_stopped = False
        self.blobs_sent = 0
        self._next = spool.marks
        self._shipped = spool.oldest_point
        """The ordinal behind the last point that went into a batch."""
        self._store = UNKNOWN_STORE
        self._doubt = True
        self._limit, self._events_limit = MAX_POINTS, MAX_EVENTS_BYTES
        self._rewinds = 0
        self._wanted: dict[str, int] = {}
        """Blobs that the server lacks, by the first event that names them, in this order."""
        self._uploaded: set[str] = set()
        self._asked_again = 0
        self._lost: dict[str, str] = {}
        self._untold: Counter[str] = Counter()
        self._said: set[str] = set()

    @property
    def position(self) -> Marks:
        """What the server wants next, as far as is known."""
        return self._next

    def doubt(self) -> None:
        """An answer is missing or strange: ask for the marks before anything else."""
        self._doubt = True

    def next_batch(self) -> Batch | None:
        """What the server lacks; an empty batch in doubt; None if it has everything."""
        if self.is_stopped:
            return None
        if self._doubt:
            return self.heartbeat()
        spool, first = self.spool, self.spool.held_from(self._next.points)
        # Points before events: then the definitions of all these points are among the events.
        points = spool.read_points(first, self._limit)
        events = self._sendable(spool.read_events(self._next.events, self._events_limit))
        if self._next.events + len(events) < spool.events.defined:
            points = points[:0]
        if not events and not len(points):
            self.tell_lost()
            return None
        self._shipped = max(self._shipped, first + len(points))
        return self._batch(events=events, first_point=first, points=points)

    def _sendable(self, events: list[bytes]) -> list[bytes]:
        """*events* up to the first that waits for a blob; others where a blob is lost."""
        if self._wanted:
            events = events[: max(0, next(iter(self._wanted.values())) - self._next.events)]
        first = self._next.events
        events = [self._stand_in(event, n) for n, event in enumerate(events, first)]
        return [without_blobs(event, self._lost) for event in events] if self._lost else events

    def _stand_in(self, event: bytes, ordinal: int) -> bytes:
        """*event*, or what is said in its place."""
        if event == DAMAGED:
            return run_of(self.spool.header) if ordinal == 0 else LOST
        return FORGOTTEN if event == BLANK else event

    def heartbeat(self) -> Batch:
        """An empty batch: says that the run lives, asks for the marks."""
        return self._batch(first_point=self._next.points)

    def _batch(self, **parts: Any) -> Batch:
        header = self.spool.header
        return Batch(
            spool=self.spool.id,
            run=header.run,
            session=header.session,
            rank=header.rank,
            store=self._store,
            first_event=self._next.events,
            oldest_point=self._oldest_point(),
            **parts,
        )

    def _oldest_point(self) -> int:
        """The first ordinal of the spool; behind a damaged segment, the first after that."""
        wanted = self._next.points
        held = self.spool.held_from(wanted)
        return held if held > wanted else self.spool.oldest_point

    def is_full(self, batch: Batch) -> bool:
        """Whether *batch* was cut because there is more than one batch may hold."""
        return len(batch.points) >= self._limit

    def answered(self, batch: Batch, response: Response) -> Verdict:
        """
        Take the answer to *batch*.

        Raises:
            TransportError: If it is not the answer of an Agnez server.
        """
        status = response.status
        if status == 200:
            return self._accepted(batch, receipt_of(mapping_of(response)))
        if status == 409:
            return self._conflict(batch, mapping_of(response))
        reason = reason_of(response)
        if status == 410:
            self.is_stopped = True
            return Verdict(Outcome.STOPPED, reason=reason)
        if status in (401, 403):
            return _denied(response)
        if status == 413 and self._shrink(batch):
            return Verdict(Outcome.REWOUND, reason=reason)
        self._doubt = True
        if status < 500 and status not in (408, 413, 425, 429):
            return Verdict(Outcome.REFUSED, reason=reason)
        return Verdict(Outcome.BUSY, response.retry_after_s, reason)

    def _accepted(self, batch: Batch, receipt: Receipt) -> Verdict:
        self._check(receipt.marks)
        if batch.store not in (UNKNOWN_STORE, bytes.fromhex(receipt.store)):
            raise TransportError(f"another store took a batch for {batch.store.hex()}")
        self._store = bytes.fromhex(receipt.store)
        self._doubt = False
        self._rewinds = 0
        if receipt.marks.events > self._next.events:
            self._asked_again = 0
            self._uploaded.clear()
        self._next = receipt.marks
        self._park_refused(batch, receipt)
        self.spool.taken(receipt.store, receipt.marks)
        return Verdict(Outcome.ACCEPTED, receipt.next_in_s)

    def _shrink(self, batch: Batch) -> bool:
        """Let batches be half as large as *batch* from now on; False if it can't be divided."""
        if len(batch.points) > 1:
            self._limit = len(batch.points) // 2
        elif len(batch.events) > 1:
            self._events_limit = sum(map(len, batch.events)) // 2
        else:
            return False
        return True

    def _conflict(self, batch: Batch, answer: Mapping[str, Any]) -> Verdict:
        error = answer.get("error")
        if isinstance(error, Mapping) and error.get("code") == "blobs_missing":
            return self._want(batch, error)
        if not isinstance(error, Mapping) or error.get("code") not in ("store_changed", "gap"):
            raise TransportError(f"the answer 409 is not one of a server: {str(answer)[:200]}")
        receipt = receipt_of(error)
        self._check(receipt.marks)
        if error["code"] == "store_changed":
            self._report_change(receipt)
        self._store = bytes.fromhex(receipt.store)
        self._next = receipt.marks
        self._wanted.clear()
        self._doubt = False
        self._rewinds += 1
        self._park_refused(batch, receipt)
        if self._rewinds > MAX_REWINDS:
            return Verdict(Outcome.REFUSED, reason=str(error.get("message")))
        return Verdict(Outcome.REWOUND)

    # -- blobs ----------------------------------------------------------------------------------

    def next_blob(self) -> tuple[str, str, int] | None:
        """Hash, type and size of the first blob that the server wants; None if it wants none."""
        while not self.is_stopped and self._wanted:
            sha256 = next(iter(self._wanted))
            found = self.spool.blobs.whole(sha256)
            if found is not None:
                return sha256, *found
            self.lose(sha256, "its blob is gone from the spool, an earlier server had it")
        return None

    @property
    def wants_blobs(self) -> bool:
        """Whether the server waits for blobs, and with them events."""
        return bool(self._wanted) and not self.is_stopped

    def _want(self, batch: Batch, error: Mapping[str, Any]) -> Verdict:
        missing = error.get("sha256")
        self._wanted.clear()
        for ordinal, event in enumerate(batch.events, batch.first_event):
            for ref in blob_refs(event):
                if isinstance(missing, list) and ref["sha256"] in missing:
                    self._wanted.setdefault(ref["sha256"], ordinal)
        if not self._wanted:
            raise TransportError(f"the answer 409 names no blob of the batch: {str(error)[:200]}")
        self._asked_again += not self._uploaded.isdisjoint(self._wanted)
        if self._asked_again > MAX_REWINDS:
            self._doubt, self._asked_again = True, 0
            return Verdict(Outcome.REFUSED, reason=str(error.get("message")))
        return Verdict(Outcome.REWOUND)

    def uploaded(self, sha256: str, response: Response, *, is_damaged: bool) -> Verdict:
        """Take the answer to a blob; *is_damaged*: what was sent has another hash."""
        status = response.status
        if status in (401, 403):
            return _denied(response)
        if is_damaged and status < 500:
            return self.lose(sha256, "its blob is damaged in the spool")
        if status in (200, 201):
            self._uploaded.add(sha256)
            self.blobs_sent += 1
            self._wanted.pop(sha256, None)
            return Verdict(Outcome.REWOUND)
        reason = reason_of(response)
        if status in (400, 413, 415):
            self._park_naming(sha256, reason)
            return self.lose(sha256, reason)
        if status < 500 and status not in (408, 425, 429):
            return Verdict(Outcome.REFUSED, reason=reason)
        return Verdict(Outcome.BUSY, response.retry_after_s, reason)

    def lose(self, sha256: str, reason: str) -> Verdict:
        """The blob *sha256* can't be sent: what names it is sent without it."""
        self._wanted.pop(sha256, None)
        self._untold[reason] += sha256 not in self._lost
        self._lost[sha256] = reason
        self.spool.blobs.keep(sha256)
        return Verdict(Outcome.REWOUND)

    def tell_lost(self, *, is_end: bool = False) -> None:
        """Say how many blobs were not sent, and why: when all else was, and the rest at the end."""
        for reason, number in list(self._untold.items()):
            if number and (is_end or reason not in self._said):
                self._said.add(reason)
                del self._untold[reason]
                what = "a blob is" if number == 1 else f"{number} blobs are"
                logger.warning("run %s: %s not sent (%s)", self.spool.header.run, what, reason)

    def close(self) -> None:
        """Leave the spool, delivered or not."""
        self.tell_lost(is_end=True)
        self.spool.close()

    def _park_naming(self, sha256: str, reason: str) -> None:
        events = self.spool.read_events(self._next.events, self._events_limit)
        for ordinal, event in enumerate(events, self._next.events):
            if any(ref["sha256"] == sha256 for ref in blob_refs(event)):
                self._park("event", ordinal, reason)

    def _report_change(self, receipt: Receipt) -> None:
        gone = self.spool.oldest_point - receipt.marks.points
        logger.warning(
            "another store answers for %s: the run is registered there again and what the spool "
            "holds is sent again%s",
            self.spool.header.destination,
            f"; its first {gone} points are gone" if gone > 0 else "",
        )

    def _park_refused(self, batch: Batch, receipt: Receipt) -> None:
        """Park what the server did not take of *batch*; of anything else it can't speak."""
        sent = {
            "event": range(batch.first_event, batch.first_event + len(batch.events)),
            "point": range(batch.first_point, batch.first_point + len(batch.points)),
        }
        for kind, ordinal, reason in receipt.refused:
            if ordinal in sent[kind]:
                self._park(kind, ordinal, reason)

    def _park(self, kind: str, ordinal: int, reason: str) -> None:
        if self.spool.park(kind, ordinal, reason):
            logger.warning(
                "the server refused %s %d of run %s: %s",
                kind,
                ordinal,
                self.spool.header.run,
                reason,
            )

    def _check(self, marks: Marks) -> None:
        """A server may have more than this process sent (a copy was synced), never more than is."""
        is_beyond = marks.events > len(self.spool.events)
        if not is_beyond and marks.points > self._shipped:
            is_beyond = marks.points > self.spool.limits.points
        if is_beyond:
            raise TransportError(
                f"the server claims to have {marks.events} events and {marks.points} points of the "
                f"spool {self.spool.header.spool}, more than lie in it"
            )


def batch_body(batch: Batch) -> bytes:
    """*batch* as the body of a request."""
    return join_buffers(encode_batch(batch))


def _denied(response: Response) -> Verdict:
    """The hint is for callers by hand, the sender has its own."""
    return Verdict(Outcome.DENIED, reason=reason_of(response, hints=False))
