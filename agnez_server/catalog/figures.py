"""
Figures of channels by their names, for a table of runs: no more is read than what is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.progress import SYSTEM_PREFIX
from agnez_server.models import RunDoc
from agnez_server.store.base import Series, SeriesStats

_BATCH: Final = "batch_"
_TRAIN: Final = re.compile(r"^train(ing)?[_/]")
_VAL: Final = ("val", "eval", "valid", "validation")


@dataclass(frozen=True, slots=True)
class Figures:
    """
    Of one channel of numbers: its newest value with its x, the least and the largest finite one.

    None where there is none.
    """

    last: float | None
    last_x: float | int | None
    min: float | None
    max: float | None


def figures_of(catalog: Catalog, run: str, names: Collection[str]) -> dict[str, Figures]:
    """Those of *names* that *run* has numbers of."""
    found: dict[str, Figures] = {}
    for number, name in _numeric(catalog, run):
        if len(found) == len(names):
            break
        if name in names:
            series = catalog.store.series(run, number)
            found[name] = _figures([catalog.store.stats(one.id) for one in series])
    return found


def main_channels(catalog: Catalog, run: str, count: int) -> list[str]:
    """
    At most *count* channels of numbers by which *run* is known, those of the machine left out.

    They are the first, each with what validation data gave for the same measure behind it; figures
    of batches come last where the run has those of epochs.
    """
    names = dict.fromkeys(_own(catalog, run))
    found: dict[str, None] = {}
    for name in sorted(names, key=lambda one: _is_of_batches(one, names)):
        found[name] = None
        for held in _held_out(name, names):
            found[held] = None
        if len(found) >= count:
            break
    return list(found)[:count]


def _is_of_batches(name: str, names: Collection[str]) -> bool:
    return name.startswith(_BATCH) and name.removeprefix(_BATCH) in names


def _held_out(name: str, names: Collection[str]) -> list[str]:
    """Those of *names* that show on validation data what *name* shows on training data."""
    bare = _TRAIN.sub("", name)
    return [one for part in _VAL for one in (f"{part}_{bare}", f"{part}/{bare}") if one in names]


def first_channel(catalog: Catalog, run: str) -> str | None:
    """The first channel of numbers that *run* has, those of the machine left out."""
    return next(_own(catalog, run), None)


def newest_series(catalog: Catalog, run: str, name: str) -> Series | None:
    """The series of the newest session of a channel of numbers, of its lowest rank."""
    numbers = [number for number, one in _numeric(catalog, run) if one == name]
    series = catalog.store.series(run, numbers[0]) if numbers else []
    return max(series, key=lambda one: (one.session, -one.rank), default=None)


def channel_names(catalog: Catalog, runs: Iterable[RunDoc], limit: int) -> list[str]:
    """At most *limit* names of channels of numbers that *runs* have, in the order found."""
    names: dict[str, None] = {}
    for run in runs:
        names.update((name, None) for _, name in _numeric(catalog, run["id"]))
        if len(names) >= limit:
            break
    return list(names)[:limit]


def _own(catalog: Catalog, run: str) -> Iterator[str]:
    return (name for _, name in _numeric(catalog, run) if not name.startswith(SYSTEM_PREFIX))


def _numeric(catalog: Catalog, run: str) -> Iterator[tuple[int, str]]:
    for number, channel in enumerate(catalog.layout(run)["channels"]):
        if channel["type"] == "NUMERIC":
            yield number, channel["name"]


def _figures(stats: list[SeriesStats]) -> Figures:
    filled = [one for one in stats if one.count]
    last = max(filled, key=lambda one: one.last_wall or 0, default=SeriesStats())
    return Figures(
        last=last.last_y,
        last_x=last.last_x,
        min=min((one.min for one in filled if one.min is not None), default=None),
        max=max((one.max for one in filled if one.max is not None), default=None),
    )
