"""
Figures of channels by their names, for a table of runs: no more is read than what is asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from agnez_server.catalog.catalog import Catalog
from agnez_server.catalog.progress import SYSTEM_PREFIX
from agnez_server.models import RunDoc
from agnez_server.store.base import Series, SeriesStats


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


def first_channels(catalog: Catalog, run: str, count: int) -> list[str]:
    """The first *count* channels of numbers of *run*, those of the machine left out."""
    names = (name for _, name in _numeric(catalog, run) if not name.startswith(SYSTEM_PREFIX))
    return [name for name, _ in zip(names, range(count), strict=False)]


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
