"""A run that was exported elsewhere is made again: its document and its layout, as they were."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from agnez_client.protocol import MAX_CHANNELS_PER_SPOOL, RUN_STATES
from agnez_server import checks
from agnez_server.catalog import recordchecks
from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.drafts import MAX_CHARTS, MAX_SESSIONS, RunDraft
from agnez_server.catalog.dropped import MAX_DROPPED, dropped_from
from agnez_server.errors import BadRequest, BlobsMissing, Conflict
from agnez_server.models import SessionDoc, channel_id
from agnez_server.store.base import BlobRef, Change, Store

_RUN_FIELDS: Final = {
    "id", "project", "experiment", "name", "state", "reason", "params", "tags", "notes", "stage",
    "total_steps", "host", "pid", "python", "durable", "dropped", "dropped_by", "gaps",
    "datasets", "about",
    "created", "finished", "sessions",
}  # fmt: skip
_TIME: Final = 2**62


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """An exported run, checked; ``fields`` are those of its document."""

    id: str
    given: dict[str, Any]
    fields: dict[str, Any]
    channels: list[Mapping[str, Any]]
    charts: list[Mapping[str, Any]]
    blobs: list[BlobRef]


def parse_import(body: Mapping[str, Any]) -> ImportedRun:
    """
    The run in the body of an import.

    Raises:
        BadRequest: At the first thing that is wrong.
    """
    checks.known_fields(body, {"run", "channels", "charts"}, "an import")
    run = checks.mapping(body.get("run"), "run")
    checks.known_fields(run, _RUN_FIELDS, "a run")
    id = checks.run_id(run.get("id"))
    given = checks.run_fields({**run, "started": run.get("created")})
    about = recordchecks.facts(run.get("about") or {})
    return ImportedRun(
        id,
        given,
        {**_fields(run, id), "about": about},
        _list(body, "channels", MAX_CHANNELS_PER_SPOOL),
        _list(body, "charts", MAX_CHARTS),
        recordchecks.blob_refs(list(_blobs_in(about))),
    )


def _fields(run: Mapping[str, Any], id: str) -> dict[str, Any]:
    reason, finished = run.get("reason"), run.get("finished")
    state, durable = run.get("state"), run.get("durable", True)
    if state not in RUN_STATES:
        raise BadRequest(f"there is no state {checks.shown(state)}", field="state")
    if not isinstance(durable, bool):
        raise BadRequest(f"durable must be true or false, found {checks.shown(durable)}")
    datasets = [
        recordchecks.dataset(checks.mapping(d, "datasets")) for d in _list(run, "datasets", 1000)
    ]
    return {
        "state": state,
        "reason": None if reason is None else checks.text(reason, "reason", limit=2000, empty=True),
        "finished": None if finished is None else checks.integer(finished, "finished", 0, _TIME),
        "stage": recordchecks.stage(run.get("stage")),
        "total_steps": recordchecks.total_steps(run.get("total_steps")),
        "durable": durable,
        "dropped": checks.integer(run.get("dropped", 0), "dropped", 0, 2**53),
        "dropped_by": [dropped_from(d) for d in _list(run, "dropped_by", MAX_DROPPED)],
        "gaps": checks.integer(run.get("gaps", 0), "gaps", 0, 2**53),
        "datasets": datasets,
        "sessions": [_session(s, id) for s in _list(run, "sessions", MAX_SESSIONS)],
    }


def _session(value: object, id: str) -> SessionDoc:
    given = checks.mapping(value, "sessions")
    rank = checks.integer(given.get("rank"), "rank", 0, 2**32 - 1)
    started = checks.integer(given.get("started"), "started", 0, _TIME)
    spool = hashlib.sha256(f"imported session {id} {started} {rank}".encode()).hexdigest()[:32]
    return SessionDoc(spool=spool, rank=rank, started=started)


def _list(given: Mapping[str, Any], field: str, most: int) -> list[Any]:
    value = given.get(field, [])
    if not isinstance(value, list) or len(value) > most:
        raise BadRequest(f"{field} must be a list of at most {most}", field=field)
    return value


def _blobs_in(value: object) -> list[object]:
    if isinstance(value, dict):
        mine: list[object] = [value] if "sha256" in value and "size" in value else []
        return mine + [blob for inner in value.values() for blob in _blobs_in(inner)]
    if isinstance(value, list):
        return [blob for inner in value for blob in _blobs_in(inner)]
    return []


async def import_run(catalog: Catalog, run: ImportedRun, now: int) -> None:
    """
    Make *run* with its channels and charts; its points and entries come as batches afterwards.

    Raises:
        Conflict: If there is a run of this id.
        Gone: If there was one.
        BadRequest, Conflict, NotFound: If a channel or a chart is wrong.
        BlobsMissing: If a blob that it names is not here.
    """
    _check_blobs(catalog.store, run)

    def work(change: Change) -> None:
        draft = RunDraft(catalog, change, run.id)
        if draft.exists:
            raise Conflict(f"there is a run {run.id} already", hint="give it another id")
        draft.create(run.given, now)
        for field, value in run.fields.items():
            draft.set(field, value)
        _define(draft, run)
        change.keep_blobs(run.id, run.blobs)
        draft.save(now)

    await catalog.store.change(work)


def _check_blobs(store: Store, run: ImportedRun) -> None:
    wanted = {blob.sha256 for blob in run.blobs}
    missing = sorted(wanted - store.has_blobs(wanted))
    if missing:
        raise BlobsMissing("the run names blobs that are not here", sha256=missing)


def _define(draft: RunDraft, run: ImportedRun) -> None:
    for number, value in enumerate(run.channels):
        given = checks.mapping(value, "a channel")
        name, type = checks.name(given.get("name"), "name"), checks.channel_type(given.get("type"))
        options = checks.params(given.get("options") or {})
        if draft.layout.channel(name, type, options) != number:
            raise BadRequest(f"the channel {name!r} stands there twice", field="channels")
    for value in run.charts:
        given = dict(checks.mapping(value, "a chart"))
        numbers = _list(given, "channels", 1000)
        given["channels"] = [
            channel_id(run.id, checks.integer(n, "channels", 0, MAX_CHANNELS_PER_SPOOL))
            for n in numbers
        ]
        draft.layout.chart(given, given.get("id"))
