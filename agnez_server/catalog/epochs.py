"""
Epochs that a program without the SDK tells, one at a time: which run and session they belong to.

Such a program names no run but by a word, and begins anew without a word. Its epochs say it: one
that is not larger than the last is of another life of the program. If it is the first epoch again,
a new training has begun, and that is a run of its own; else the training was taken up again at a
checkpoint, and that is a session.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from agnez_client.protocol import is_ulid, new_ulid
from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.drafts import LayoutDraft, RunDraft
from agnez_server.catalog.epochbody import EpochEnd
from agnez_server.catalog.posting import HTTP_SESSION
from agnez_server.models import EpochsDoc, channel_id
from agnez_server.store.base import Change

VALIDATION: Final = "val_"
"""What Keras puts before the name of a measure on validation data."""


@dataclass(frozen=True, slots=True)
class Training:
    """Whose epoch it is; ``run`` is an id or a name of *project*."""

    run: str
    project: str
    experiment: str | None


class EpochPoster:
    """Takes epochs; a training that begins anew never continues the curves of the one before."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def post(self, training: Training, epoch: EpochEnd, now: int) -> dict[str, Any]:
        """
        Append the numbers of *epoch* at its x, with a chart a measure.

        Raises:
            NotFound, Gone: If the training's run is an id that there is not, or not any more.
            Conflict: If a channel is there with another type.
        """
        return await self._catalog.store.change(
            lambda change: self._take(change, training, epoch, now)
        )

    def _take(
        self, change: Change, training: Training, epoch: EpochEnd, now: int
    ) -> dict[str, Any]:
        draft = self._draft(change, training, epoch, now)
        numbers = {name: draft.layout.channel(name, "NUMERIC") for name in epoch.numbers}
        draw_measures(draft.layout, epoch.numbers)
        session = _go_on(draft, epoch.x, now)
        for name, number in numbers.items():
            series = change.open_series(draft.id, number, session, 0)
            x, y, wall = np.array([epoch.x]), np.array([epoch.numbers[name]]), np.array([now])
            change.append(series.id, x, y, wall.astype(np.int64))
        draft.heard()
        draft.save(now)
        return {
            "accepted": len(numbers),
            "ignored": epoch.ignored,
            "reasons": epoch.reasons,
            "run": draft.id,
            "session": session,
            "epoch": epoch.x,
            "channels": [channel_id(draft.id, number) for number in numbers.values()],
        }

    def _draft(self, change: Change, training: Training, epoch: EpochEnd, now: int) -> RunDraft:
        """The run of the id; else the newest of the name, unless its training is over."""
        if is_ulid(training.run):
            return self._known(change, training.run)
        newest = self._catalog.newest_run(change.docs, training.project, training.run)
        if newest is None:
            return self._new(change, training, now)
        draft = self._known(change, newest)
        told: EpochsDoc | None = draft.get("epochs")
        if told is None or epoch.x > told["first"]:
            return draft
        if draft.get("state") == "running" and not draft.get("sessions"):
            draft.set_state("finished", "a new training began", now)
            draft.save(now)
        return self._new(change, training, now)

    def _known(self, change: Change, id: str) -> RunDraft:
        draft = RunDraft(self._catalog, change, id)
        if not draft.exists:
            raise self._catalog.missing(id)
        return draft

    def _new(self, change: Change, training: Training, now: int) -> RunDraft:
        draft = RunDraft(self._catalog, change, new_ulid())
        given = {"project": training.project, "name": training.run}
        if training.experiment:
            given["experiment"] = training.experiment
        draft.create(given, now)
        return draft


def _go_on(draft: RunDraft, x: int | float, now: int) -> int:
    """The session that the epoch *x* belongs to: a new one where epochs do not grow."""
    told: EpochsDoc | None = draft.get("epochs")
    if told is None:
        told = EpochsDoc(session=HTTP_SESSION, first=x, last=x)
    elif x > told["last"]:
        told = EpochsDoc(session=told["session"], first=told["first"], last=x)
    else:
        told = EpochsDoc(session=max(now, told["session"] + 1), first=told["first"], last=x)
    draft.set("epochs", told)
    return told["session"]


def draw_measures(layout: LayoutDraft, names: Iterable[str]) -> None:
    """
    A chart for each measure among *names*, its values on training and on validation data together.

    The chart's id comes from the oldest of its channels: one that comes later is added to it.
    """
    for measure in dict.fromkeys(name.removeprefix(VALIDATION) or name for name in names):
        both = [n for n in (measure, VALIDATION + measure) if layout.type_of(n) == "NUMERIC"]
        oldest = min(layout.channel(name, "NUMERIC") for name in both)
        layout.chart({"title": measure, "channels": both, "x": "epoch", "y": measure},
                     f"epoch-{oldest}")  # fmt: skip
