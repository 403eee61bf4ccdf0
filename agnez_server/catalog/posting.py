"""
Points that come as JSON: from curl, from any language, one, many or columns at a time.

They belong to session 0, rank 0 of their run: there is no process to be named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnez_client.protocol import is_ulid, new_ulid
from agnez_server import checks
from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.drafts import RunDraft
from agnez_server.catalog.pile import blobs_missing, missing, unique
from agnez_server.catalog.posted import Gaps, Posted, Target
from agnez_server.errors import BadRequest, TooLarge
from agnez_server.models import channel_id
from agnez_server.store.base import Change

HTTP_SESSION: Final = 0
MAX_CHANNELS: Final = 2_000
"""Of one body; nobody else is answered while they are made."""
MAX_RUNS: Final = 200
"""The same for runs, each of which takes ten times as long."""
MAX_ENTRIES: Final = 50_000
"""Of one body; each takes much more memory on its way than it does as JSON."""


class Poster:
    """
    Takes posted points, and counts steps on where x is missing.

    The last x of a series is that of its committed points, unless some are on their way: what
    these will make of it is kept here until nothing is on its way any more.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._ahead: dict[int, int | float] = {}
        self._on_their_way = 0

    async def post(self, points: Mapping[Target, Posted], now: int) -> dict[str, Any]:
        """
        Append *points*, making runs and channels that are missing; all of them or none.

        Raises:
            NotFound, Gone: If a target's run is an id that there is not, or not any more.
            Conflict: If a channel is there with another type; ``blobs_missing`` if a body names
                blobs that are not here.
            BadRequest: If x has to be counted on from the largest there is.
            TooLarge: If they are of more than 2,000 channels, 200 runs or 50,000 entries.
        """
        self._on_their_way += 1
        try:
            return await self._catalog.store.change(
                lambda change: _Posting(self._catalog, change, now, self._ahead).take(points)
            )
        finally:
            self._on_their_way -= 1
            if not self._on_their_way:
                self._ahead.clear()


class _Posting:
    """One body of points inside one change."""

    def __init__(
        self, catalog: Catalog, change: Change, now: int, ahead: dict[int, int | float]
    ) -> None:
        self._catalog, self._change, self._now = catalog, change, now
        self._ahead = ahead
        self._last_x: dict[int, int | float] = {}
        self._drafts: dict[str, RunDraft] = {}
        self._called: dict[tuple[str, str], str] = {}

    def take(self, points: Mapping[Target, Posted]) -> dict[str, Any]:
        _check_size(points)
        named = [blob for posted in points.values() for blob in posted.blobs]
        if absent := missing(self._catalog.store, named):
            raise blobs_missing(absent)
        channels = [self._take_channel(target, posted) for target, posted in points.items()]
        for draft in self._drafts.values():
            draft.heard()
            draft.save(self._now)
        self._ahead.update(self._last_x)  # last: what raised before has left no trace
        return {
            "accepted": sum(len(p.x) for p in points.values()),
            "runs": list(dict.fromkeys(d.id for d in self._drafts.values())),
            "channels": list(dict.fromkeys(channels)),
        }

    def _take_channel(self, target: Target, posted: Posted) -> str:
        draft = self._draft(target)
        number = draft.layout.channel(target.channel, target.type)
        series = self._change.open_series(draft.id, number, HTTP_SESSION, 0)
        self._append(series.id, posted)
        return channel_id(draft.id, number)

    def _draft(self, target: Target) -> RunDraft:
        """The one draft of the target's run, whether it is named by id or by name."""
        id, name = target.run, (target.project, target.run)
        if not is_ulid(id):  # looked for once: thousands of channels may be of one run
            id = self._called[name] = self._called.get(name) or self._run_called(target)
        if id not in self._drafts:
            draft = self._drafts[id] = RunDraft(self._catalog, self._change, id)
            if not draft.exists:
                raise self._catalog.missing(id)
        return self._drafts[id]

    def _run_called(self, target: Target) -> str:
        """The id of the run with the target's name, which is made if it is missing."""
        id = self._catalog.newest_run(self._change.docs, target.project, target.run)
        if id is not None:
            return id
        draft = RunDraft(self._catalog, self._change, new_ulid())
        given = {"project": target.project, "name": target.run}
        if target.experiment:
            given["experiment"] = target.experiment
        draft.create(given, self._now)
        draft.save(self._now)
        return draft.id

    def _append(self, series: int, posted: Posted) -> None:
        if not posted.x:
            return
        packed = posted.packed()
        xs = self._count_on(series, packed.x)
        walls = np.where(packed.wall.known, packed.wall.values, self._now)
        if posted.bodies:
            self._change.append_entries(
                series, xs.tolist(), walls.tolist(), posted.bodies, unique(posted.blobs)
            )
            return
        self._change.append(series, xs, packed.y, walls)

    def _count_on(self, series: int, given: Gaps) -> npt.NDArray[Any]:
        """x of each point: the one given, else one more than that of the point before it."""
        xs = given.values
        if not given.known.all():
            last = self._last_x.get(series, self._ahead.get(series))
            if last is None:
                last = self._catalog.store.stats(series).last_x
            xs = counted_on(given, last)
        self._last_x[series] = xs[-1].item()
        return xs


def counted_on(given: Gaps, last: int | float | None) -> npt.NDArray[Any]:
    """
    *given* with its gaps filled: one more than the value before, 0 or ``last + 1`` at the begin.

    Raises:
        BadRequest: If that is beyond 64 bits.
    """
    places = np.arange(len(given.known))
    before = np.maximum.accumulate(np.where(given.known, places, -1))
    lead = before < 0
    type = np.float64 if isinstance(last, float) and lead.any() else given.values.dtype
    values = given.values.astype(type)
    first = 0 if last is None else last + 1
    if values.dtype == np.int64 and lead.any() and first not in checks.INT64:
        raise _no_step_after()
    base = np.where(lead, np.array(first if lead.any() else 0, type), values[before])
    steps = np.where(lead, places, places - before)
    found = base + steps
    if values.dtype == np.int64 and (found < base).any():
        raise _no_step_after()
    return found


def _no_step_after() -> BadRequest:
    return BadRequest("x is missing, and there is no step after 2^63 - 1", field="x")


def _check_size(points: Mapping[Target, Posted]) -> None:
    entries = sum(len(posted.bodies) for posted in points.values())
    for count, limit, what in (
        (len(points), MAX_CHANNELS, "channels"),
        (len({(t.project, t.run) for t in points}), MAX_RUNS, "runs"),
        (entries, MAX_ENTRIES, "entries"),
    ):
        if count > limit:
            message = f"more than {limit} {what} in one body"
            raise TooLarge(message, hint="send several", limit=limit)
