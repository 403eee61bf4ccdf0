"""
The delivery of one spool to one server: what to send next, and what an answer means.

Nothing here waits or opens a connection. The server's marks are trusted: after any doubt an empty
batch asks for them, and what they want is cut anew from the spool.
"""

from __future__ import annotations

import logging
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
from agnez_client.spool.cursor import Marks
from agnez_client.spool.spool import Spool

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


@dataclass(frozen=True, slots=True)
class Receipt:
    """The server's answer to a batch that it took."""

    store: str
    marks: Marks
    refused: tuple[tuple[str, int, str], ...] = ()
    next_in_s: float = 0.0


class Delivery:
    """
    Attributes:
        spool: What is delivered.
        is_stopped: The run was deleted on the server; nothing more is sent of it.
    """

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.is_stopped = False
        self._next = spool.marks
        self._store = UNKNOWN_STORE
        self._doubt = True
        self._limit, self._events_limit = MAX_POINTS, MAX_EVENTS_BYTES
        self._rewinds = 0

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
        events = spool.read_events(self._next.events, self._events_limit)
        if self._next.events + len(events) < len(spool.events):
            points = points[:0]
        if not events and not len(points):
            return None
        return self._batch(events=events, first_point=first, points=points)

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
            return self._accepted(_receipt(_mapping(response)))
        if status == 409:
            return self._conflict(_mapping(response))
        reason = _reason(response)
        if status == 410:
            self.is_stopped = True
            return Verdict(Outcome.STOPPED, reason=reason)
        if status in (401, 403):  # the hint is for callers by hand, the sender has its own
            return Verdict(Outcome.DENIED, reason=_reason(response, hints=False))
        if status == 413 and self._shrink(batch):
            return Verdict(Outcome.REWOUND, reason=reason)
        self._doubt = True
        if status < 500 and status not in (408, 413, 425, 429):
            return Verdict(Outcome.REFUSED, reason=reason)
        return Verdict(Outcome.BUSY, response.retry_after_s, reason)

    def _accepted(self, receipt: Receipt) -> Verdict:
        self._check(receipt.marks)
        self._store = bytes.fromhex(receipt.store)
        self._doubt = False
        self._rewinds = 0
        self._next = receipt.marks
        for kind, ordinal, reason in receipt.refused:
            self._park(kind, ordinal, reason)
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

    def _conflict(self, answer: Mapping[str, Any]) -> Verdict:
        error = answer.get("error")
        if not isinstance(error, Mapping) or error.get("code") not in ("store_changed", "gap"):
            raise TransportError(f"the answer 409 is not one of a server: {str(answer)[:200]}")
        receipt = _receipt(error)
        self._check(receipt.marks)
        if error["code"] == "store_changed":
            self._report_change(receipt)
        self._store = bytes.fromhex(receipt.store)
        self._next = receipt.marks
        self._doubt = False
        self._rewinds += 1
        for kind, ordinal, reason in receipt.refused:
            self._park(kind, ordinal, reason)
        if self._rewinds > MAX_REWINDS:
            return Verdict(Outcome.REFUSED, reason=str(error.get("message")))
        return Verdict(Outcome.REWOUND)

    def _report_change(self, receipt: Receipt) -> None:
        gone = self.spool.oldest_point - receipt.marks.points
        logger.warning(
            "another store answers for %s: the run is registered there again and what the spool "
            "holds is sent again%s",
            self.spool.header.destination,
            f"; its first {gone} points are gone" if gone > 0 else "",
        )

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
        held = self.spool.limits
        if marks.events > held.events or marks.points > held.points:
            raise TransportError(
                f"the server claims to have {marks.events} events and {marks.points} points of the "
                f"spool {self.spool.header.spool}, more than lie in it"
            )


def batch_body(batch: Batch) -> bytes:
    """*batch* as the body of a request."""
    return join_buffers(encode_batch(batch))


def _mapping(response: Response) -> Mapping[str, Any]:
    try:
        found = response.json()
    except ValueError as error:
        raise TransportError(f"the answer {response.status} is not JSON") from error
    if not isinstance(found, Mapping):
        raise TransportError(f"the answer {response.status} is not a JSON object")
    return found


def _receipt(found: Mapping[str, Any]) -> Receipt:
    try:
        store = found["store"]
        if len(bytes.fromhex(store)) != len(UNKNOWN_STORE):
            raise ValueError("store")
        marks = Marks(_ordinal(found["events"]), _ordinal(found["points"]))
        refused = tuple(_refusal(entry) for entry in found.get("refused") or ())
        next_in_s = min(max(0.0, float(found.get("next_in_ms") or 0) / 1000), 60.0)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TransportError(f"the answer is not a receipt: {str(found)[:200]}") from error
    return Receipt(store, marks, refused, next_in_s)


def _refusal(entry: Mapping[str, Any]) -> tuple[str, int, str]:
    kind = "event" if "event" in entry else "point"
    return kind, _ordinal(entry[kind]), str(entry.get("reason"))[:500]


def _ordinal(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("not an ordinal")
    return value


def _reason(response: Response, *, hints: bool = True) -> str:
    """What an error says about itself, for people."""
    try:
        error = response.json()["error"]
        hint = f" ({error['hint']})" if hints and error.get("hint") else ""
        return f"{response.status}: {error['message']}{hint}"[:500]
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{response.status}"
