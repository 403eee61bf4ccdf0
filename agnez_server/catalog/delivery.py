"""
Taking a batch: what of it is new, what it defines, which points go to which series.

A spool's channel numbers are its own. Its mark keeps ``{"run", "channels": {number: series id}}``,
so points find their series without a look at any document, and a spool stays with its run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from agnez_client.protocol import MAX_CHANNELS_PER_SPOOL, UNKNOWN_STORE, Batch, RecordArray
from agnez_server import checks
from agnez_server.catalog.arrivals import Arrivals, Ordinals
from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.drafts import RunDraft
from agnez_server.errors import AgnezServerError, BadRequest, Gap, StoreChanged
from agnez_server.store.base import Change, Mark

MAX_NAMED_REFUSALS: Final = 1000


@dataclass(slots=True)
class Receipt:
    """The answer to a batch: the marks after it, and what was refused alone."""

    events: int
    points: int
    refused: list[dict[str, Any]] = field(default_factory=list)
    refused_count: int = 0

    def refuse(self, kind: str, ordinals: Sequence[int] | Ordinals, reason: str) -> None:
        """Name refused events or points; beyond a thousand in all they are only counted."""
        room = MAX_NAMED_REFUSALS - len(self.refused)
        self.refused += [{kind: int(ordinal), "reason": reason} for ordinal in ordinals[:room]]
        self.refused_count += len(ordinals)


def take_batch(catalog: Catalog, change: Change, batch: Batch, now: int) -> Receipt:
    """
    Apply what is new of *batch*.

    Raises:
        Conflict: ``store_changed`` if the batch is for another store; ``gap`` if it begins after
            the mark although the spool still holds what is between. Both carry the marks.
        Gone: If the run was deleted.
    """
    if catalog.is_deleted(batch.run):
        raise catalog.missing(batch.run)
    mark = change.mark(batch.spool)
    _check_run(batch, mark)
    _check_place(catalog.store.id, batch, mark)
    receipt = Receipt(mark.events, mark.points)
    if not batch.events and not len(batch.points):
        _note_alive(catalog, change, batch, now)
        return receipt
    return _Delivery(catalog, change, batch, mark, receipt, now).take()


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
        self, catalog: Catalog, change: Change, batch: Batch, mark: Mark, receipt: Receipt, now: int
    ) -> None:
        self.change, self.batch, self.mark = change, batch, mark
        self.receipt, self.now = receipt, now
        self.store_id = catalog.store.id
        self.draft = RunDraft(catalog, change, batch.run)
        self.channels: Mapping[str, int] = mark.state.get("channels", {})
        self.new_channels: dict[str, int] = {}
        self.params_events: list[int] = []
        self.noted = False

    def take(self) -> Receipt:
        batch = self.batch
        first = max(batch.first_event, self.mark.events)
        for ordinal, raw in enumerate(batch.events[first - batch.first_event :], first):
            self._take_event(ordinal, raw)
            self.receipt.events = ordinal + 1
        if not self.draft.exists:
            raise self._unknown_run()
        self._check_params()
        self.draft.heard()
        self._take_points()
        self.draft.save(self.now)
        self._move_mark()
        return self.receipt

    def _move_mark(self) -> None:
        state = self.mark.state
        if self.new_channels or "run" not in state:
            channels = {**self.channels, **self.new_channels}
            state = {"run": self.batch.run, "channels": channels}
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
            store=self.store_id,
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
            handler(self, event)
            if kind == "params":
                self.params_events.append(ordinal)
        except orjson.JSONDecodeError as error:
            self.receipt.refuse("event", [ordinal], f"not JSON: {error}")
        except AgnezServerError as error:
            self.receipt.refuse("event", [ordinal], error.message)

    def _run(self, event: Mapping[str, Any]) -> None:
        if checks.run_id(event.get("id")) != self.batch.run:
            raise BadRequest("the run's event names another run than the batch")
        joined = event.get("joined") is True
        if not self.draft.exists:
            self.draft.create(checks.run_fields(event), self.now)
            self.draft.set("ownerless", joined)
        elif not joined:
            self.draft.take_owner(checks.run_fields(event), self.now)
        started = checks.integer(event.get("started", self.now), "started", 0, 2**62)
        if not self.noted:
            self.draft.add_session(self.batch.spool.hex(), self.batch.rank, started)
        self.noted = True

    def _channel(self, event: Mapping[str, Any]) -> None:
        number = checks.integer(event.get("n"), "n", 0, MAX_CHANNELS_PER_SPOOL)
        options = checks.params({} if event.get("options") is None else event["options"])
        type = checks.channel_type(event.get("type"))
        channel = self.draft.layout.channel(checks.name(event.get("name"), "name"), type, options)
        series = self.change.open_series(
            self.batch.run, channel, self.batch.session, self.batch.rank
        )
        if self._series_of(number) not in (None, series.id):
            raise BadRequest(f"n {number} is another channel of this spool already")
        self.new_channels[str(number)] = series.id

    def _series_of(self, number: int) -> int | None:
        key = str(number)
        return self.channels.get(key, self.new_channels.get(key))

    def _chart(self, event: Mapping[str, Any]) -> None:
        self.draft.layout.chart(event, event.get("id"))

    def _params(self, event: Mapping[str, Any]) -> None:
        self.draft.merge_params(checks.params(event.get("params")))

    def _check_params(self) -> None:
        """Once for all, as a batch may hold thousands: if they are too many together, none is."""
        try:
            self.draft.check_params()
        except BadRequest as error:
            self.draft.forget_params()
            self.receipt.refuse("event", self.params_events, error.message)

    def _tags(self, event: Mapping[str, Any]) -> None:
        self.draft.add_tags(checks.tags(event.get("tags")))

    def _state(self, event: Mapping[str, Any]) -> None:
        state = event.get("state")
        if state not in ("running", "finished", "failed", "stopped"):
            raise BadRequest(f"a run can't be set to the state {checks.shown(state)}")
        reason = event.get("reason")
        if reason is not None:
            reason = checks.text(reason, "reason", limit=2000, empty=True)
        at = checks.integer(event.get("at", self.now), "at", 0, 2**62)
        self.draft.set_state(state, reason, at)

    def _dropped(self, event: Mapping[str, Any]) -> None:
        self.draft.count("dropped", checks.integer(event.get("count"), "count", 0, 2**53))

    def _durable(self, event: Mapping[str, Any]) -> None:
        value = event.get("value")
        if not isinstance(value, bool):
            raise BadRequest(f"value must be true or false, found {checks.shown(value)}")
        self.draft.set("durable", value)

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
        series = self.channels if not self.new_channels else {**self.channels, **self.new_channels}
        arrivals = Arrivals(points, first, {int(number) for number in series})
        for ordinals, reason in arrivals.odd():
            self.receipt.refuse("point", ordinals, reason)
        for number, part in arrivals.by_channel():
            self.change.append(series[str(number)], part.x, part.y, part.wall)


_HANDLERS: Final = {
    "run": _Delivery._run,
    "channel": _Delivery._channel,
    "chart": _Delivery._chart,
    "params": _Delivery._params,
    "tags": _Delivery._tags,
    "state": _Delivery._state,
    "dropped": _Delivery._dropped,
    "durable": _Delivery._durable,
}
