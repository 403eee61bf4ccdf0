"""
Taking a batch: what of it is new, what it defines, which points go to which series.

A spool's channel numbers are its own: see `numbering`. Points find their series without a look at
any document, and a spool stays with its run.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Final

import orjson

from agnez_client.protocol import UNKNOWN_STORE, Batch, RecordArray
from agnez_server import checks
from agnez_server.catalog.arrivals import Arrivals
from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.definitions import DEFINITIONS, Event
from agnez_server.catalog.drafts import RunDraft
from agnez_server.catalog.intake import Intake
from agnez_server.catalog.numbering import Numbering
from agnez_server.catalog.receipt import Receipt
from agnez_server.catalog.recording import RECORDING
from agnez_server.errors import AgnezServerError, BadRequest, Gap, StoreChanged
from agnez_server.store.base import Change, Mark

_HANDLERS: Final[Mapping[str, Callable[[Intake, Event], None]]] = {**DEFINITIONS, **RECORDING}


def take_batch(
    catalog: Catalog, change: Change, batch: Batch, now: int, *, wait_for_blobs: bool = True
) -> Receipt:
    """
    Apply what is new of *batch*.

    Args:
        wait_for_blobs: Whether an event that names a blob which is not here holds the batch up;
            otherwise that event is refused alone.

    Raises:
        Conflict: ``store_changed`` if the batch is for another store; ``gap`` if it begins after
            the mark although the spool still holds what is between; ``blobs_missing`` if events
            name blobs that are not here. All carry the marks.
        Gone: If the run was deleted.
    """
    if catalog.is_deleted(batch.run):
        raise catalog.missing(batch.run)
    mark = change.mark(batch.spool)
    _check_run(batch, mark)
    _check_place(catalog.store.id, batch, mark)
    if not batch.events and not len(batch.points):
        _note_alive(catalog, change, batch, now)
        return Receipt(mark.events, mark.points)
    return _Delivery(catalog, change, batch, mark, now, wait_for_blobs).take()


def _check_run(batch: Batch, mark: Mark) -> None:
    owner = mark.state.get("run", batch.run)
    if owner != batch.run:
        raise BadRequest(
            f"the spool belongs to the run {owner}, the batch names {batch.run}", field="run"
        )


def _check_place(store_id: str, batch: Batch, mark: Mark) -> None:
    if batch.store not in (UNKNOWN_STORE, bytes.fromhex(store_id)):
        raise StoreChanged(
            "this is another store than the one the batch is for",
            store=store_id,
            events=mark.events,
            points=mark.points,
        )
    late_event = bool(batch.events) and batch.first_event > mark.events
    late_point = len(batch.points) and batch.first_point > max(mark.points, batch.oldest_point)
    if late_event or late_point:
        raise Gap(
            "the batch begins after what was stored",
            store=store_id,
            events=mark.events,
            points=mark.points,
        )


def _note_alive(catalog: Catalog, change: Change, batch: Batch, now: int) -> None:
    draft = RunDraft(catalog, change, batch.run)
    if draft.exists:
        draft.heard()
        draft.save(now)


class _Delivery:
    """One batch that has something new."""

    def __init__(
        self,
        catalog: Catalog,
        change: Change,
        batch: Batch,
        mark: Mark,
        now: int,
        wait_for_blobs: bool,
    ) -> None:
        self.change, self.batch, self.mark, self.now = change, batch, mark, now
        self.receipt = Receipt(mark.events, mark.points)
        self.draft = RunDraft(catalog, change, batch.run)
        self.numbering = Numbering(mark.state)
        self.store, self.wait_for_blobs = catalog.store, wait_for_blobs
        self.params_events: list[int] = []

    @functools.cached_property
    def intake(self) -> Intake:
        """What the events work on; most batches have points alone."""
        return Intake(
            self.store, self.change, self.batch, self.draft, self.numbering, self.now,
            self.wait_for_blobs,
        )  # fmt: skip

    def take(self) -> Receipt:
        batch, mark = self.batch, self.mark
        first = max(batch.first_event, mark.events)
        for ordinal, raw in enumerate(batch.events[first - batch.first_event :], first):
            self._take_event(ordinal, raw)
            self.receipt.events = ordinal + 1
        if not self.draft.exists:
            raise self._unknown_run()
        if batch.events:
            self.intake.check_blobs(store=self.store.id, events=mark.events, points=mark.points)
            self._check_params()
        self.draft.heard()
        self._take_points()
        if batch.events:
            self.intake.hand_over()
        self.draft.save(self.now)
        self._move_mark()
        return self.receipt

    def _move_mark(self) -> None:
        state = self.numbering.state(self.batch.run)
        mark = Mark(self.receipt.events, self.receipt.points, state)
        self.change.set_mark(self.batch.spool, self.batch.run, mark)

    def _unknown_run(self) -> AgnezServerError:
        """Nothing can be taken: the run's own event was refused, or did not come at all."""
        if self.receipt.refused:
            first = self.receipt.refused[0]
            return BadRequest(
                f"the run {self.batch.run} can't be made: {first['reason']}",
                refused=self.receipt.refused,
            )
        return Gap(
            f"the run {self.batch.run} is not known here and the batch does not define it",
            hint="begin at the spool's first event",
            store=self.store.id,
            events=0,
            points=self.mark.points,
        )

    # -- events ------------------------------------------------------------------------------

    def _take_event(self, ordinal: int, raw: bytes) -> None:
        try:
            event = checks.mapping(orjson.loads(raw), "event")
            kind = event.get("kind")
            handler = _HANDLERS.get(kind) if isinstance(kind, str) else None
            if handler is None:
                raise BadRequest(
                    f"there is no event kind {checks.shown(kind)}", hint="upgrade the server"
                )
            if kind != "run" and not self.draft.exists:
                raise BadRequest("the first event of a spool must be its run")
            handler(self.intake, event)
            if kind == "params":
                self.params_events.append(ordinal)
        except orjson.JSONDecodeError as error:
            self.receipt.refuse("event", [ordinal], f"not JSON: {error}")
        except AgnezServerError as error:
            self.receipt.refuse("event", [ordinal], error.message)

    def _check_params(self) -> None:
        """Once for all, as a batch may hold thousands: if they are too many together, none is."""
        try:
            self.draft.check_params()
        except BadRequest as error:
            self.draft.forget_params()
            self.receipt.refuse("event", self.params_events, error.message)

    # -- points ------------------------------------------------------------------------------

    def _take_points(self) -> None:
        batch, mark = self.batch, self.mark
        if not len(batch.points):
            return
        if batch.first_point > mark.points:
            self.draft.count("gaps", batch.first_point - mark.points)
        first, end = max(batch.first_point, mark.points), batch.first_point + len(batch.points)
        if end > first:
            self._append(batch.points[first - batch.first_point :], first)
            self.receipt.points = end

    def _append(self, points: RecordArray, first: int) -> None:
        series = self.numbering.numeric()
        arrivals = Arrivals(points, first, series, self.numbering.others())
        for ordinals, reason in arrivals.odd():
            self.receipt.refuse("point", ordinals, reason)
        for part in arrivals.by_channel():
            ids = [series[channel] for channel in part.channels]
            self.change.append_block(ids, part.ends, part.x, part.y, part.wall)
