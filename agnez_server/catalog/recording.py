"""Events that bring entries, and the record of a run: facts, fields, datasets, console output."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from agnez_client.protocol import MAX_CHANNELS_PER_SPOOL
from agnez_server import checks
from agnez_server.catalog import recordchecks
from agnez_server.catalog.bodies import checked_body
from agnez_server.catalog.intake import Intake
from agnez_server.errors import BadRequest
from agnez_server.store.base import BlobRef, Line

Event = Mapping[str, Any]


def _entry(intake: Intake, event: Event) -> None:
    number = checks.integer(event.get("n"), "n", 0, MAX_CHANNELS_PER_SPOOL)
    series, type = intake.numbering.series(number), intake.numbering.type(number)
    x = checks.position(event.get("x"))
    wall = checks.integer(event.get("wall"), "wall", -(2**62), 2**62)
    body, named = checked_body(type, event.get("body"))
    declared = recordchecks.blob_refs(event.get("blobs"))
    _check_declared(named, declared)
    intake.want(declared)
    intake.pile.add(series, x, wall, body, declared)


def _check_declared(named: Iterable[BlobRef], declared: Iterable[BlobRef]) -> None:
    sizes = {blob.sha256: blob.size for blob in declared}
    for blob in named:
        if sizes.get(blob.sha256) != blob.size:
            raise BadRequest(
                f"the body names the blob {blob.sha256} of {blob.size} bytes, blobs does not",
                field="blobs",
            )


def _about(intake: Intake, event: Event) -> None:
    told = checks.mapping(event.get("facts"), "facts")
    blobs = recordchecks.blob_refs(event.get("blobs"))
    merged = recordchecks.facts({**intake.draft.get("about"), **told})
    intake.keep(blobs)
    intake.draft.set("about", merged)


def _fields(intake: Intake, event: Event) -> None:
    given = {k: event[k] for k in ("notes", "stage", "total_steps", "name") if k in event}
    if not given:
        raise BadRequest("there is none of notes, stage, total_steps, name")
    for field, value in recordchecks.changed_fields(given).items():
        intake.draft.set(field, value)


def _dataset(intake: Intake, event: Event) -> None:
    intake.draft.put_dataset(recordchecks.dataset(event))


def _console(intake: Intake, event: Event) -> None:
    stream = event.get("stream")
    if stream not in ("stdout", "stderr"):
        raise BadRequest(f"stream must be stdout or stderr, found {checks.shown(stream)}")
    first = checks.integer(event.get("first"), "first", 0, 2**53)
    session, rank = intake.batch.session, intake.batch.rank
    intake.lines += [
        Line(session, rank, number, wall, stream, text)
        for number, (wall, text) in enumerate(recordchecks.lines(event), first)
    ]


RECORDING: Final[Mapping[str, Callable[[Intake, Event], None]]] = {
    "entry": _entry,
    "about": _about,
    "fields": _fields,
    "dataset": _dataset,
    "console": _console,
}
