"""
Points and entries in a JSON body: one, a list of them, or columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from agnez_server import checks
from agnez_server.catalog.bodies import checked_body
from agnez_server.catalog.bodies.fields import NAMED_NUMBERS
from agnez_server.errors import BadRequest, TooLarge
from agnez_server.store.base import BlobRef

T = TypeVar("T")
_FIELDS: Final = {"run", "project", "experiment", "channel", "type", "x", "y", "wall"}


@dataclass(frozen=True, slots=True)
class Target:
    """Where points go; ``run`` is an id or a name."""

    run: str
    project: str
    experiment: str | None
    channel: str
    type: str


@dataclass(frozen=True, slots=True)
class Gaps:
    """
    A column in which values may be missing.

    ``values`` are int64 where all of them are whole, else float64, 0 where ``known`` is False.
    """

    values: npt.NDArray[Any]
    known: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Packed:
    """The columns of `Posted` as arrays."""

    x: Gaps
    wall: Gaps
    y: npt.NDArray[np.float64]


def _gaps(values: Sequence[int | float | None]) -> Gaps:
    filled = [0 if value is None else value for value in values]
    whole = all(type(value) is int for value in filled)
    known = np.array([value is not None for value in values], np.bool_)
    return Gaps(np.array(filled, np.int64 if whole else np.float64), known)


@dataclass(slots=True)
class Posted:
    """
    Points or entries for one target in the order given; None is the default of x and of wall.

    ``y`` are numbers, ``bodies`` JSON texts which name ``blobs``: one of both is empty.
    """

    x: list[int | float | None] = field(default_factory=list)
    wall: list[int | None] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    blobs: list[BlobRef] = field(default_factory=list)
    _packed: Packed | None = None

    def packed(self) -> Packed:
        """The columns as arrays. Long ones take their time: called first in a thread."""
        if self._packed is None:
            self._packed = Packed(_gaps(self.x), _gaps(self.wall), np.array(self.y, np.float64))
        return self._packed


def parse_points(body: object, limit: int) -> dict[Target, Posted]:
    """
    The points of a JSON body by target.

    Raises:
        BadRequest: At the first thing that is wrong. ``index`` says in which object of a list, or
            in which place of the columns; ``row`` is that place where columns stand in a list.
        TooLarge: If there are more than *limit* points.
    """
    found = _parse_all(body, limit) if isinstance(body, list) else _parse_one(body, limit)
    for posted in found.values():
        posted.packed()
    return found


def _parse_all(body: list[object], limit: int) -> dict[Target, Posted]:
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
    target = _target(given)
    return _add(found.setdefault(target, Posted()), given, target.type)


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


def _add(posted: Posted, given: Mapping[str, Any], type: str) -> int:
    y = given["y"]
    rows = isinstance(y, list)
    values = y if rows else [y]
    for key, parse, column in (("x", _x, posted.x), ("wall", _wall, posted.wall)):
        column.extend(_parsed(parse, _column(given, key, y), rows))  # type: ignore[arg-type]
    if type == "NUMERIC":
        posted.y.extend(_parsed(_y, values, rows))
        return len(values)
    for body, blobs in _parsed(lambda value: checked_body(type, value), values, rows):
        posted.bodies.append(body)
        posted.blobs += blobs
    return len(values)


def _column(given: Mapping[str, Any], key: str, y: object) -> list[object]:
    """What goes with y: one value with one, a list with a list, None for each by default."""
    if not isinstance(y, list):
        return [given.get(key)]
    values = given.get(key, [None] * len(y))
    if not isinstance(values, list) or len(values) != len(y):
        raise BadRequest(f"{key} must be a list of {len(y)} numbers, as y is one", field=key)
    return values


def _parsed(parse: Callable[[object], T], values: list[object], rows: bool) -> Iterator[T]:
    """Each of *values*, parsed; where they are *rows*, an error tells which one is wrong."""
    for row, value in enumerate(values):
        try:
            yield parse(value)
        except BadRequest as error:
            if rows:
                error.details["row"] = row
            raise


def _x(value: object) -> int | float | None:
    return None if value is None else checks.position(value)


def _y(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value in NAMED_NUMBERS:
        return NAMED_NUMBERS[value]
    raise BadRequest(
        f"y must be a number, found {checks.shown(value)}",
        hint='NaN and infinity are the texts "NaN", "Infinity" and "-Infinity"',
        field="y",
    )


def _wall(value: object) -> int | None:
    return None if value is None else checks.integer(value, "wall", -(2**62), 2**62)
