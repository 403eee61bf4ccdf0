"""
Taking a batch: what of it is new, what it defines, which points go to which series.

A spool's channel numbers are its own. Its mark keeps ``{"channels": {number: series id}}``, so a
batch of points finds its series without a look at any document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from agnez_client.protocol import (
    MARK_FLOAT,
    MARK_INT,
    MARK_VOID,
    MAX_CHANNELS_PER_SPOOL,
    UNKNOWN_STORE,
    Batch,
    RecordArray,
)
from agnez_server import checks
from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.drafts import RunDraft
from agnez_server.errors import AgnezServerError, BadRequest, Gap, Gone, StoreChanged
from agnez_server.store.base import Change, Mark

MAX_NAMED_REFUSALS: Final = 1000


@dataclass(slots=True)
class Receipt:
    """The answer to a batch: the marks after it, and what was refused alone."""

    events: int
    points: int
    refused: list[dict[str, Any]] = field(default_factory=list)
    refused_count: int = 0

    def refuse(self, kind: str, ordinal: int, reason: str) -> None:
        """Name one refused event or point; beyond a thousand they are only counted."""
        self.refused_count += 1
        if len(self.refused) < MAX_NAMED_REFUSALS:
            self.refused.append({kind: ordinal, "reason": reason})


def take_batch(catalog: Catalog, change: Change, batch: Batch, now: int) -> Receipt:
    """
    Apply what is new of *batch*.

    Raises:
        Conflict: ``store_changed`` if the batch is for another store; ``gap`` if it begins after
            the mark although the spool still holds what is between. Both carry the marks.
        Gone: If the run was deleted.
    """
    if catalog.store.is_deleted(batch.run):
        raise Gone(f"the run {batch.run} was deleted", hint="start a new run")
    mark = change.mark(batch.spool)
    _check_place(catalog.store.id, batch, mark)
    receipt = Receipt(mark.events, mark.points)
    if not batch.events and not len(batch.points):
        _note_alive(catalog, change, batch, now)
        return receipt
    return _Delivery(catalog, change, batch, mark, receipt, now).take()


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
        self.state = mark.state
        self.new_series: dict[str, int] = {}

    def take(self) -> Receipt:
        batch = self.batch
        first = max(batch.first_event, self.mark.events)
        for i, raw in enumerate(batch.events[first - batch.first_event :]):
            self._take_event(first + i, raw)
            self.receipt.events = first + i + 1
        if not self.draft.exists:
            raise self._unknown_run()
        self.draft.heard()
        self._take_points()
        self.draft.save(self.now)
        if self.new_series:
            self.state = {"channels": {**self.state.get("channels", {}), **self.new_series}}
        mark = Mark(self.receipt.events, self.receipt.points, self.state)
        self.change.set_mark(batch.spool, batch.run, mark)
        return self.receipt

    def _unknown_run(self) -> Gap:
        """The run's own event did not come (or was refused): begin at the first event."""
        return Gap(
            f"the run {self.batch.run} is not known here and the batch does not define it",
            store=self.store_id,
            events=0,
            points=self.mark.points,
            refused=self.receipt.refused,
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
        except orjson.JSONDecodeError as error:
            self.receipt.refuse("event", ordinal, f"not JSON: {error}")
        except AgnezServerError as error:
            self.receipt.refuse("event", ordinal, error.message)

    def _run(self, event: Mapping[str, Any]) -> None:
        if checks.run_id(event.get("id")) != self.batch.run:
            raise BadRequest("the run's event names another run than the batch")
        if not self.draft.exists:
            self.draft.create(checks.run_fields(event), self.now)
        elif self.draft.get("state") == "lost":
            self.draft.heard()
        started = checks.integer(event.get("started", self.now), "started", 0, 2**62)
        self.draft.add_session(self.batch.spool.hex(), self.batch.rank, started)

    def _channel(self, event: Mapping[str, Any]) -> None:
        number = checks.integer(event.get("n"), "n", 0, MAX_CHANNELS_PER_SPOOL)
        options = checks.params(event.get("options") or {})
        type = checks.channel_type(event.get("type"))
        channel = self.draft.layout.channel(checks.name(event.get("name"), "name"), type, options)
        series = self.change.open_series(
            self.batch.run, channel, self.batch.session, self.batch.rank
        )
        self.new_series[str(number)] = series.id

    def _chart(self, event: Mapping[str, Any]) -> None:
        self.draft.layout.chart(event, str(event.get("id")))

    def _params(self, event: Mapping[str, Any]) -> None:
        self.draft.merge_params(checks.params(event.get("params")))

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
        count = checks.integer(event.get("count"), "count", 0, 2**53)
        self.draft.set("dropped", self.draft.get("dropped") + count)

    def _durable(self, event: Mapping[str, Any]) -> None:
        self.draft.set("durable", bool(event.get("value")))

    # -- points ------------------------------------------------------------------------------

    def _take_points(self) -> None:
        batch, mark = self.batch, self.mark
        points = batch.points
        if not len(points):
            return
        end = batch.first_point + len(points)
        if batch.first_point > mark.points:
            lost = batch.first_point - mark.points
            self.draft.set("gaps", self.draft.get("gaps") + lost)
        first = max(batch.first_point, mark.points)
        if end > first:
            self._append(points[first - batch.first_point :], first)
            self.receipt.points = end

    def _append(self, points: RecordArray, first: int) -> None:
        numbers = np.ascontiguousarray(points["channel"])
        marks = np.ascontiguousarray(points["mark"])
        whole = marks == MARK_INT
        if not whole.all():
            whole |= marks == MARK_FLOAT
            self._refuse(np.flatnonzero(~whole & (marks != MARK_VOID)) + first, "no valid mark")
        known = self.state.get("channels", {})
        for number, places in _by_channel(numbers, whole):
            series = known.get(str(number))
            if series is None:
                series = self.new_series.get(str(number))
            if series is None:
                self._refuse(_ordinals(places, len(points), first), f"unknown channel {number}")
            else:
                self._append_series(series, points[places], places, first)

    def _append_series(self, series: int, points: RecordArray, places: _Places, first: int) -> None:
        x, fine = _x_column(points)
        if not fine.all():
            ordinals = _ordinals(places, len(points), first)
            self._refuse(ordinals[~fine], "x is not finite")
            points, x = points[fine], x[fine]
        y = np.ascontiguousarray(points["y"])
        wall = points["wall_ns"] // 1000
        if len(x):
            self.change.append(series, x, y, wall)

    def _refuse(self, ordinals: npt.NDArray[np.int64], reason: str) -> None:
        for ordinal in ordinals[:MAX_NAMED_REFUSALS]:
            self.receipt.refuse("point", int(ordinal), reason)
        self.receipt.refused_count += max(0, len(ordinals) - MAX_NAMED_REFUSALS)


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

_Places = slice | npt.NDArray[np.int64]


def _by_channel(
    numbers: npt.NDArray[np.uint32], whole: npt.NDArray[np.bool_]
) -> list[tuple[int, _Places]]:
    """Where each channel's whole points stand, in the order sent."""
    if whole.all() and len(numbers) and (numbers == numbers[0]).all():
        return [(int(numbers[0]), slice(None))]
    places = np.flatnonzero(whole)
    order = places[np.argsort(numbers[places], kind="stable")]
    ranked = numbers[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if len(order) else order
    return [(int(numbers[part[0]]), part) for part in np.split(order, starts[1:]) if len(part)]


def _ordinals(places: _Places, size: int, first: int) -> npt.NDArray[np.int64]:
    return (
        np.arange(size, dtype=np.int64)[places] + first
        if isinstance(places, slice)
        else (places + first)
    )


def _x_column(points: RecordArray) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """x as int64 where every point has an int64, else as float64; and where it is finite."""
    bits = np.ascontiguousarray(points["x"])
    is_float = points["mark"] == MARK_FLOAT
    if not is_float.any():
        return bits, np.ones(len(bits), np.bool_)
    floats = bits.view(np.float64)
    x = floats if is_float.all() else np.where(is_float, floats, bits.astype(np.float64))
    return x, np.isfinite(x)
