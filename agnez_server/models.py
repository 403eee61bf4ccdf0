"""
The shapes of the documents that the catalog keeps, and the times and names in them.

Times are whole microseconds since 1970 UTC inside, ISO 8601 outside. Tables: `runs`, one document
a run, and `layouts`, one document a run with all its channel and chart definitions (documents are
few on purpose: thousands of channels are one document, their figures are rows of the store).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypedDict, cast

RUNS: Final = "runs"
LAYOUTS: Final = "layouts"
PROJECTS: Final = "projects"
"""What is decided about a project; one that nothing was decided about has no document."""
VALUES: Final = "values"
"""The records of `/values`, one document each: cells, and whatever else a client keeps there."""
ARRANGEMENTS: Final = "arrangements"
"""How the cells of a page are arranged; a page whose cells nobody arranged has no document."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SessionDoc(TypedDict):
    """One process that writes to a run; ``spool`` in hex, ``started`` in µs UTC."""

    spool: str
    rank: int
    started: int


class DatasetDoc(TypedDict):
    """A dataset that a run used; ``size`` in bytes, ``count`` of samples or files."""

    name: str
    hash: str | None
    size: int | None
    count: int | None
    source: str | None
    about: dict[str, Any]


class DroppedDoc(TypedDict):
    """How much of a channel (None: of several, or nobody knows) was dropped for one reason."""

    channel: str | None
    reason: str
    count: int


class EpochsDoc(TypedDict):
    """What a program without the SDK told of its epochs: the first, the last, their session."""

    session: int
    first: float
    last: float


class RunDoc(TypedDict):
    """A run as it is stored; ``dropped`` and ``gaps`` count points that never came."""

    id: str
    project: str
    experiment: str
    name: str
    state: str
    reason: str | None
    params: dict[str, Any]
    tags: list[str]
    notes: str
    created: int
    updated: int
    finished: int | None
    host: str | None
    pid: int | None
    python: str | None
    durable: bool
    dropped: int
    dropped_by: list[DroppedDoc]
    gaps: int
    sessions: list[SessionDoc]
    ownerless: bool
    """Known only from a process that joined: the owner's own event says the rest."""
    stage: str | None
    total_steps: int | None
    about: dict[str, Any]
    datasets: list[DatasetDoc]
    fell_silent: bool
    """Finished because nothing came any more, from whom no end was to be expected."""
    epochs: EpochsDoc | None
    deleted: int | None
    """Since when it is in the trash, µs UTC."""


class ChannelDoc(TypedDict):
    """A channel's definition; its number is its place in the layout's list."""

    name: str
    type: str
    options: dict[str, Any]


class ChartDoc(TypedDict):
    """Channels (by number) of one type, drawn together."""

    id: str
    title: str
    type: str
    x: str
    y: str
    channels: list[int]


class LayoutDoc(TypedDict):
    """All definitions of one run."""

    run: str
    channels: list[ChannelDoc]
    charts: list[ChartDoc]


def now_us() -> int:
    """Wall time in whole microseconds UTC."""
    return time.time_ns() // 1000


def iso(time_us: int | None) -> str | None:
    """*time_us* as ISO 8601 with a Z, six decimals; None stays None. Clamped to years 1 to 9999."""
    if time_us is None:
        return None
    bounded = min(max(time_us, -62_135_596_800_000_000), 253_402_300_799_999_999)
    moment = _EPOCH + timedelta(microseconds=bounded)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f").rjust(26, "0") + "Z"


def new_run(id: str, given: Mapping[str, Any], now: int) -> RunDoc:
    """A run document from checked fields; what is missing takes its default."""
    experiment = given.get("experiment") or "default"
    return RunDoc(
        id=id,
        project=given.get("project") or "default",
        experiment=experiment,
        name=given.get("name") or f"{experiment}-{id[-6:].lower()}",
        state="running",
        reason=None,
        params=dict(given.get("params") or {}),
        tags=list(given.get("tags") or []),
        notes=given.get("notes") or "",
        created=given.get("started") or now,
        updated=now,
        finished=None,
        host=given.get("host"),
        pid=given.get("pid"),
        python=given.get("python"),
        durable=True,
        dropped=0,
        dropped_by=[],
        gaps=0,
        sessions=[],
        ownerless=False,
        stage=None,
        total_steps=None,
        about={},
        datasets=[],
        fell_silent=False,
        epochs=None,
        deleted=None,
    )


def whole_run(doc: Mapping[str, Any]) -> RunDoc:
    """A run document as it lies in the store, with what older versions did not write."""
    if doc.keys() >= _LATER:
        return cast(RunDoc, doc)
    later: dict[str, Any] = {
        "stage": None,
        "total_steps": None,
        "about": {},
        "datasets": [],
        "fell_silent": False,
        "epochs": None,
        "deleted": None,
        "dropped_by": [],
    }
    return cast(RunDoc, {**later, **doc})


_LATER: Final = {
    "stage", "total_steps", "about", "datasets", "fell_silent", "epochs", "deleted", "dropped_by"
}  # fmt: skip


def channel_id(run: str, number: int) -> str:
    """The id of a channel in the API: its run's id, a point, its number."""
    return f"{run}.{number}"
