"""Events that define a run: itself, its channels and charts, parameters, tags, how it fares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from agnez_client.protocol import MAX_CHANNELS_PER_SPOOL
from agnez_server import checks
from agnez_server.catalog.dropped import as_reason, with_dropped
from agnez_server.catalog.intake import Intake
from agnez_server.errors import BadRequest
from agnez_server.models import DroppedDoc

Event = Mapping[str, Any]


def _run(intake: Intake, event: Event) -> None:
    if checks.run_id(event.get("id")) != intake.batch.run:
        raise BadRequest("the run's event names another run than the batch")
    joined = event.get("joined") is True
    if not intake.draft.exists:
        intake.draft.create(checks.run_fields(event), intake.now)
        intake.draft.set("ownerless", joined)
    elif not joined:
        intake.draft.take_owner(checks.run_fields(event), intake.now)
    started = checks.integer(event.get("started", intake.now), "started", 0, 2**62)
    if not intake.session_noted:
        intake.draft.add_session(intake.batch.spool.hex(), intake.batch.rank, started)
    intake.session_noted = True


def _channel(intake: Intake, event: Event) -> None:
    number = checks.integer(event.get("n"), "n", 0, MAX_CHANNELS_PER_SPOOL)
    options = checks.params({} if event.get("options") is None else event["options"])
    type = checks.channel_type(event.get("type"))
    name = checks.name(event.get("name"), "name")
    channel = intake.draft.layout.channel(name, type, options)
    batch = intake.batch
    series = intake.change.open_series(batch.run, channel, batch.session, batch.rank)
    intake.named[series.id] = name
    intake.numbering.define(number, series.id, type)


def _chart(intake: Intake, event: Event) -> None:
    intake.draft.layout.chart(event, event.get("id"))


def _params(intake: Intake, event: Event) -> None:
    intake.draft.merge_params(checks.params(event.get("params")))


def _tags(intake: Intake, event: Event) -> None:
    intake.draft.add_tags(checks.tags(event.get("tags")))


def _state(intake: Intake, event: Event) -> None:
    state = event.get("state")
    if state not in ("running", "finished", "failed", "stopped"):
        raise BadRequest(f"a run can't be set to the state {checks.shown(state)}")
    reason = event.get("reason")
    if reason is not None:
        reason = checks.text(reason, "reason", limit=2000, empty=True)
    at = checks.integer(event.get("at", intake.now), "at", 0, 2**62)
    intake.draft.set_state(state, reason, at)


def _dropped(intake: Intake, event: Event) -> None:
    count = checks.integer(event.get("count"), "count", 0, 2**53)
    number = event.get("n")
    intake.draft.count("dropped", count)
    known = list(intake.draft.get("dropped_by"))
    told = DroppedDoc(
        channel=intake.channel_name(number) if isinstance(number, int) else None,
        reason=as_reason(event.get("reason")),
        count=count,
    )
    intake.draft.set("dropped_by", with_dropped(known, told))


def _durable(intake: Intake, event: Event) -> None:
    value = event.get("value")
    if not isinstance(value, bool):
        raise BadRequest(f"value must be true or false, found {checks.shown(value)}")
    intake.draft.set("durable", value)


DEFINITIONS: Final[Mapping[str, Callable[[Intake, Event], None]]] = {
    "run": _run,
    "channel": _channel,
    "chart": _chart,
    "params": _params,
    "tags": _tags,
    "state": _state,
    "dropped": _dropped,
    "durable": _durable,
}
