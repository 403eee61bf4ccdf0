"""
Points that come as JSON: from curl, from any language, one, many or columns at a time.

They belong to session 0, rank 0 of their run: there is no process to be named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from agnez_client.protocol import is_ulid, new_ulid
from agnez_server import checks
from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.drafts import RunDraft
from agnez_server.errors import BadRequest, NotFound, TooLarge
from agnez_server.models import channel_id
from agnez_server.store.base import Change

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
        BadRequest: At the first thing that is wrong; ``index`` says in which object of a list.
        TooLarge: If there are more than *limit* points.
    """
    items = body if isinstance(body, list) else [body]
    found: dict[Target, Posted] = {}
    count = 0
    for index, item in enumerate(items):
        try:
            given = checks.mapping(item, "a point")
            target = _target(given)
            count += _add(found.setdefault(target, Posted()), given)
        except BadRequest as error:
            error.details["index"] = index
            raise
        if count > limit:
            raise TooLarge(f"more than {limit} points in one body", hint="send several bodies")
    return found


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
        column.extend(parse(v) for v in values)  # type: ignore[misc]
    posted.y.extend(_y(v) for v in y)
    return len(y)


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
    """Takes posted points; remembers the last x of each series, to count steps on from it."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._last_x: dict[int, int | float] = {}

    def post(self, change: Change, points: Mapping[Target, Posted], now: int) -> dict[str, Any]:
        """
        Append *points*, making runs and channels that are missing.

        Raises:
            NotFound: If a target's run is an id that there is not.
            Conflict: If a channel is there with another type.
        """
        drafts: dict[tuple[str, str], RunDraft] = {}
        channels: list[str] = []
        for target, posted in points.items():
            key = (target.project, target.run)
            if key not in drafts:
                drafts[key] = self._draft(change, target, now)
            draft = drafts[key]
            number = draft.layout.channel(target.channel, target.type)
            series = change.open_series(draft.id, number, HTTP_SESSION, 0)
            self._append(change, series.id, posted, now)
            channels.append(channel_id(draft.id, number))
        for draft in drafts.values():
            draft.heard()
            draft.save(now)
        return {
            "accepted": sum(len(p.y) for p in points.values()),
            "runs": list(dict.fromkeys(d.id for d in drafts.values())),
            "channels": list(dict.fromkeys(channels)),
        }

    def _draft(self, change: Change, target: Target, now: int) -> RunDraft:
        if is_ulid(target.run):
            draft = RunDraft(self._catalog, change, target.run)
            if not draft.exists:
                raise NotFound("run", target.run)
            return draft
        id = self._catalog.newest_run(change.docs, target.project, target.run)
        draft = RunDraft(self._catalog, change, id or new_ulid())
        if id is None:
            given = {"project": target.project, "name": target.run}
            if target.experiment:
                given["experiment"] = target.experiment
            draft.create(given, now)
            draft.save(now)
        return draft

    def _append(self, change: Change, series: int, posted: Posted, now: int) -> None:
        last = self._last_x.get(series)
        if last is None:
            last = self._catalog.store.stats(series).last_x
        xs: list[int | float] = []
        for x in posted.x:
            last = x if x is not None else (0 if last is None else last + 1)
            xs.append(last)
        if last is not None:
            self._last_x[series] = last
        whole = all(isinstance(x, int) for x in xs)
        change.append(
            series,
            np.array(xs, np.int64 if whole else np.float64),
            np.array(posted.y, np.float64),
            np.array([now if w is None else w for w in posted.wall], np.int64),
        )
