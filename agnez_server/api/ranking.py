"""The order of a list of runs: by a field of theirs, a figure of a channel, a parameter."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from agnez_server import checks
from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.figures import figures_of
from agnez_server.catalog.params import found_at
from agnez_server.errors import BadRequest
from agnez_server.models import RunDoc, now_us

Value = Callable[[Catalog, RunDoc], Any]

_FIELDS: Final[Mapping[str, Value]] = {
    "created_at": lambda _, run: run["created"],
    "updated_at": lambda _, run: run["updated"],
    "name": lambda _, run: run["name"].casefold(),
    "state": lambda _, run: run["state"],
    "project": lambda _, run: run["project"].casefold(),
    "experiment": lambda _, run: run["experiment"].casefold(),
    "stage": lambda _, run: run["stage"],
    "host": lambda _, run: run["host"],
    "elapsed": lambda _, run: (run["finished"] or now_us()) - run["created"],
    "points": lambda catalog, run: catalog.points(run["id"]),
    "bytes": lambda catalog, run: catalog.store.run_bytes(run["id"]),
}
_OF_CHANNEL: Final = ("last", "min", "max")
_LONGEST_NAME: Final = 2000

HELP: Final = (
    f"{', '.join(_FIELDS)}, {', '.join(f'{one}:CHANNEL' for one in _OF_CHANNEL)} or "
    "param:NAME; - is descending; runs without a value come last"
)
SORT_SCHEMA: Final = {
    "type": "string",
    "pattern": f"^-?(({'|'.join(_FIELDS)})$|({'|'.join(_OF_CHANNEL)}|param):.)",
}


def ranked(catalog: Catalog, runs: Iterable[RunDoc], order: str) -> list[RunDoc]:
    """
    *runs* in the order that *order* names, see `HELP`; those without a value come last.

    Numbers come before texts; what is equal stands by id.

    Raises:
        BadRequest: If there is no such order.
    """
    value = _value(order.removeprefix("-"))
    keys = {run["id"]: (run, _key(value(catalog, run))) for run in runs}
    known = [(key, run["id"], run) for run, key in keys.values() if key is not None]
    known.sort(key=lambda one: one[:2], reverse=order[:1] == "-")
    missing = [run for run, key in keys.values() if key is None]
    return [*(run for *_, run in known), *sorted(missing, key=lambda run: run["id"])]


def _value(name: str) -> Value:
    field = _FIELDS.get(name)
    if field is not None:
        return field
    kind, colon, of = name.partition(":")
    if colon and of and len(of) <= _LONGEST_NAME:
        if kind == "param":
            return lambda _, run: found_at(run["params"], of)
        if kind in _OF_CHANNEL:
            return lambda catalog, run: _figure(catalog, run["id"], kind, of)
    raise BadRequest(
        f"runs can't be sorted by {checks.shown(name)}", hint=f"sort by {HELP}", field="sort"
    )


def _figure(catalog: Catalog, run: str, kind: str, channel: str) -> float | None:
    figures = figures_of(catalog, run, {channel}).get(channel)
    return None if figures is None else getattr(figures, kind)


def _key(value: Any) -> tuple[int, Any] | None:
    """Something that compares with any other one; None for what has no place."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, (int, float)):
        return 0, value
    return 1, (value if isinstance(value, str) else repr(value)).casefold()
