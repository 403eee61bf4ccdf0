"""What of a run was dropped, and why: by channel and reason, as far as a document may grow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agnez_client.protocol import MAX_REASON
from agnez_server import checks
from agnez_server.models import DroppedDoc

MAX_DROPPED: Final = 50
OTHERS: Final = "other reasons"
_MOST: Final = 2**53


def with_dropped(known: Sequence[DroppedDoc], more: DroppedDoc) -> list[DroppedDoc]:
    """
    *known* with *more*, counted to the same channel and reason if there are such.

    What would be the fiftieth, and all that follow, are counted together, as of no channel.
    """
    channel, reason = more["channel"], more["reason"]
    if _place(known, channel, reason) is None and len(known) >= MAX_DROPPED - 1:
        channel, reason = None, OTHERS
    place = _place(known, channel, reason)
    if place is None:
        return [*known, DroppedDoc(channel=channel, reason=reason, count=more["count"])]
    found = known[place]
    count = min(found["count"] + more["count"], _MOST)
    both = DroppedDoc(channel=channel, reason=reason, count=count)
    return [*known[:place], both, *known[place + 1 :]]


def as_reason(value: object) -> str:
    """What a process gives for a reason, short and without control characters; "" if no text."""
    text = value[:MAX_REASON] if isinstance(value, str) else ""
    return "".join("?" if ord(c) < 32 and c not in "\n\t" else c for c in text)


def dropped_from(value: object) -> DroppedDoc:
    """One of them as another server showed it. Raises BadRequest."""
    given = checks.mapping(value, "dropped_by")
    channel = given.get("channel")
    return DroppedDoc(
        channel=None if channel is None else checks.name(channel, "channel"),
        reason=checks.text(given.get("reason"), "reason", limit=MAX_REASON, empty=True),
        count=checks.integer(given.get("count"), "count", 0, _MOST),
    )


def _place(known: Sequence[DroppedDoc], channel: str | None, reason: str) -> int | None:
    same = (i for i, d in enumerate(known) if (d["channel"], d["reason"]) == (channel, reason))
    return next(same, None)
