"""A batch in parts that are each taken in one turn of the loop, so that others have theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from agnez_client.protocol import Batch
from agnez_server.catalog.receipt import MAX_NAMED_REFUSALS, Receipt

MOST_WEIGHT: Final = 512 << 10
EVENT_WEIGHT: Final = 250
"""What an event weighs beside its bytes: an empty one takes time as well."""


def slices(batch: Batch) -> Iterator[Batch]:
    """
    *batch* in its order: its events in parts of at most `MOST_WEIGHT`, and one event at least,
    its points with the last of them. Most batches are one part.
    """
    first, weight = 0, 0
    for place, event in enumerate(batch.events):
        weight += EVENT_WEIGHT + len(event)
        if weight > MOST_WEIGHT and place > first:
            yield replace(
                batch,
                first_event=batch.first_event + first,
                events=batch.events[first:place],
                points=batch.points[:0],
            )
            first, weight = place, EVENT_WEIGHT + len(event)
    if not first:
        yield batch
        return
    yield replace(batch, first_event=batch.first_event + first, events=batch.events[first:])


def joined(receipts: list[Receipt]) -> Receipt:
    """One answer to all parts, oldest first."""
    last = receipts[-1]
    if len(receipts) == 1:
        return last
    refused = [one for receipt in receipts for one in receipt.refused]
    count = sum(receipt.refused_count for receipt in receipts)
    return Receipt(last.events, last.points, refused[:MAX_NAMED_REFUSALS], count)
