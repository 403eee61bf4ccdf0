"""
Points that come as JSON: from curl, from any language, one, many or columns at a time.

They belong to session 0, rank 0 of their run: there is no process to be named.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import numpy as np

from agnez_client.protocol import is_ulid, new_ulid
from agnez_server import checks
from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.drafts import RunDraft
from agnez_server.errors import BadRequest, TooLarge
from agnez_server.models import channel_id
from agnez_server.store.base import Change

T = TypeVar("T")
HTTP_SESSION: Final = 0
_FIELDS: Final = {"run", "project", "experiment", "channel", "type", "x", "y", "wall"}
_NAMED_NUMBERS: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@dataclass(frozen=True, slots=True)
class Target:
    """Where points go; ``run`` is an id or a name."""

    run: str
    project: str
    experiment: str | None
    channel: str
    type: str


@dataclass(slots=True)
class Posted:
    """Points for one target in the order given; None is the default of x and of wall."""

    x: list[int | float | None] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    wall: list[int | None] = field(default_factory=list)


def parse_points(body: object, limit: int) -> dict[Target, Posted]:
    """
    The points of a JSON body by target.

    Raises:
        BadRequest: At the first thing that is wrong. ``index`` says in which object of a list, or
            in which place of the columns; ``row`` is that place where columns stand in a list.
        TooLarge: If there are more than *limit* points.
    """
    if not isinstance(body, list):
        return _parse_one(body, limit)
    found: dict[Target, Posted] = {}
    count = 0
    for index, item in enumerate(body):
        try:
            count += _parse_into(found, item)
        except BadRequest as error:
            error.details["index"] = index
            raise
        _check_count(count, limit)
    return found


def _parse_one(body: object, limit: int) -> dict[Target, Posted]:
    found: dict[Target, Posted] = {}
    try:
        count = _parse_into(found, body)
    except BadRequest as error:
        error.details["index"] = error.details.pop("row", 0)
        raise
    _check_count(count, limit)
    return found


def _parse_into(found: dict[Target, Posted], item: object) -> int:
    given = checks.mapping(item, "a point")
    return _add(found.setdefault(_target(given), Posted()), given)


def _check_count(count: int, limit: int) -> None:
    if count > limit:
        raise TooLarge(f"more than {limit} points in one body", hint="send several", limit=limit)


def _target(given: Mapping[str, Any]) -> Target:
    checks.known_fields(given, _FIELDS, "a point")
    for required in ("run", "channel", "y"):
        if required not in given:
            raise BadRequest(
                f"a point needs {required!r}",
                hint='like {"run": "my-run", "channel": "loss", "x": 1, "y": 0.5}',
                field=required,
            )
    experiment = given.get("experiment")
    return Target(
        run=checks.name(given["run"], "run"),
        project=checks.name(given.get("project", "default"), "project"),
        experiment=None if experiment is None else checks.name(experiment, "experiment"),
        channel=checks.name(given["channel"], "channel"),
        type=checks.channel_type(given.get("type", "NUMERIC")),
    )


def _add(posted: Posted, given: Mapping[str, Any]) -> int:
    y = given["y"]
    if not isinstance(y, list):
        posted.x.append(_x(given.get("x")))
        posted.y.append(_y(y))
        posted.wall.append(_wall(given.get("wall")))
        return 1
    for key, parse, column in (("x", _x, posted.x), ("wall", _wall, posted.wall)):
        values = given.get(key, [None] * len(y))
        if not isinstance(values, list) or len(values) != len(y):
            raise BadRequest(f"{key} must be a list of {len(y)} numbers, as y is one", field=key)
        column.extend(_parsed(parse, values))  # type: ignore[arg-type]
    posted.y.extend(_parsed(_y, y))
    return len(y)


def _parsed(parse: Callable[[object], T], values: list[object]) -> Iterator[T]:
    for row, value in enumerate(values):
        try:
            yield parse(value)
        except BadRequest as error:
            error.details["row"] = row
            raise


def _x(value: object) -> int | float | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        if value in checks.INT64:
            return value
    elif isinstance(value, float) and math.isfinite(value):
        return value
    raise BadRequest(
        f"x must be a finite number (whole ones of 64 bits), found {checks.shown(value)}", field="x"
    )


def _y(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value in _NAMED_NUMBERS:
        return _NAMED_NUMBERS[value]
    raise BadRequest(
        f"y must be a number, found {checks.shown(value)}",
        hint='NaN and infinity are the texts "NaN", "Infinity" and "-Infinity"',
        field="y",
    )


def _wall(value: object) -> int | None:
    return None if value is None else checks.integer(value, "wall", -(2**62), 2**62)


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
            Conflict: If a channel is there with another type.
            BadRequest: If x has to be counted on from the largest there is.
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

    def take(self, points: Mapping[Target, Posted]) -> dict[str, Any]:
        channels = [self._take_channel(target, posted) for target, posted in points.items()]
        for draft in self._drafts.values():
            draft.heard()
            draft.save(self._now)
        self._ahead.update(self._last_x)  # last: what raised before has left no trace
        return {
            "accepted": sum(len(p.y) for p in points.values()),
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
        id = target.run if is_ulid(target.run) else self._run_called(target)
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
        xs = self._count_on(series, posted.x)
        whole = all(isinstance(x, int) for x in xs)
        self._change.append(
            series,
            np.array(xs, np.int64 if whole else np.float64),
            np.array(posted.y, np.float64),
            np.array([self._now if w is None else w for w in posted.wall], np.int64),
        )

    def _count_on(self, series: int, given: list[int | float | None]) -> list[int | float]:
        last = self._last_x.get(series, self._ahead.get(series))
        if last is None:
            last = self._catalog.store.stats(series).last_x
        xs: list[int | float] = []
        for x in given:
            last = x if x is not None else (0 if last is None else last + 1)
            xs.append(last)
        if any(isinstance(x, int) and x not in checks.INT64 for x in xs):
            raise BadRequest("x is missing, and there is no step after 2^63 - 1", field="x")
        if last is not None:
            self._last_x[series] = last
        return xs
