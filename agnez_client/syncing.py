"""Sending spools whose owners are dead, now and in the foreground: what `agnez sync` does."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from agnez_client.delivery import Delivery, Outcome, Verdict, batch_body
from agnez_client.errors import SpoolError, TransportError
from agnez_client.protocol import Batch
from agnez_client.spool.budget import Budget
from agnez_client.spool.cursor import Marks
from agnez_client.spool.spool import Spool
from agnez_client.transport import Transport
from agnez_client.upload import upload

ATTEMPTS: Final = 5
"""Failures in a row before a spool is given up for now."""
WAIT_S: Final = 0.25
"""The pause after the first failure; it doubles with each."""

Progress = Callable[[int], None]
_ENTRY: Final = b'{"kind":"entry",'


@dataclass(frozen=True, slots=True)
class Synced:
    """
    ``points``, ``events`` (``entries`` among them) and ``blobs`` were taken by the server;
    ``problem`` says why the rest was not.
    """

    points: int = 0
    events: int = 0
    entries: int = 0
    blobs: int = 0
    rejected: int = 0
    problem: str | None = None


def sync_spool(
    path: Path,
    transport: Transport,
    progress: Progress = lambda taken: None,
    *,
    is_last: bool = False,
) -> Synced:
    """
    Send all of the spool in the directory *path*; it is removed when the server has everything.

    Args:
        progress: Told how many points and events the server took, at each answer.
        is_last: If this is a copy, its owner is gone for good: see `Spool.adopt`.
    """
    budget = Budget(None, "", run_limit=1 << 62, user_limit=1 << 62)
    try:
        spool = Spool.adopt(path, budget, is_last=is_last)
    except SpoolError as error:
        return Synced(problem=str(error))
    if spool is None:
        return Synced(problem="its owner is alive and sends it itself")
    try:
        return _deliver(spool, transport, progress)
    finally:
        spool.close()


def _deliver(spool: Spool, transport: Transport, progress: Progress) -> Synced:
    delivery, done, failed = Delivery(spool), Synced(), 0
    while (batch := delivery.next_batch()) is not None or delivery.wants_blobs:
        before = delivery.position
        wait_s, problem = 0.0, ""
        try:
            verdict = _send(delivery, batch, transport)
        except TransportError as error:
            delivery.doubt()
            problem = str(error)
        else:
            wait_s, problem = verdict.wait_s, verdict.reason
            if verdict.outcome in (Outcome.STOPPED, Outcome.DENIED, Outcome.REFUSED):
                return _ended(delivery, done, problem)
            if verdict.outcome in (Outcome.ACCEPTED, Outcome.REWOUND):
                failed, problem = 0, ""
        if problem:
            failed += 1
            if failed >= ATTEMPTS:
                return _ended(delivery, done, problem)
            time.sleep(max(wait_s, WAIT_S * 2**failed * random.uniform(0.5, 1.0)))
        elif batch is not None and (len(batch.points) or batch.events):
            done = _more(done, batch, before, delivery.position, progress)
    return _ended(delivery, done, _doubt(spool))


def _more(done: Synced, batch: Batch, before: Marks, now: Marks, progress: Progress) -> Synced:
    """*done* and what a server took of *batch*, as its marks moved from *before* to *now*."""
    points, events = max(0, now.points - before.points), max(0, now.events - before.events)
    progress(points + events)
    taken = batch.events[:events]
    return replace(
        done,
        points=done.points + points,
        events=done.events + len(taken),
        entries=done.entries + sum(event.startswith(_ENTRY) for event in taken),
    )


def _ended(delivery: Delivery, done: Synced, problem: str | None) -> Synced:
    delivery.tell_lost(is_end=True)
    rejected = delivery.spool.rejected.count
    return replace(done, blobs=delivery.blobs_sent, rejected=rejected, problem=problem)


def _doubt(spool: Spool) -> str | None:
    """Why the end of a copy was not sent; None if it was."""
    if not spool.doubtful:
        return None
    return (
        f"this is a copy, and its last {spool.doubtful} points stay here: behind a slot that the "
        "process which writes the spool may have filled since. Sync the spool itself, or, when "
        "that is gone, this one with --last-copy"
    )


def _send(delivery: Delivery, batch: Batch | None, transport: Transport) -> Verdict:
    """Send *batch*, or without one a blob."""
    if batch is not None:
        return delivery.answered(batch, transport.ingest(batch_body(batch)))
    return upload(delivery, transport) or Verdict(Outcome.REWOUND)
