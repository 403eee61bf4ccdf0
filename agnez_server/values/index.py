"""Where a record lies: by its id, by its run, and by its place in a run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from agnez_server.values.comparing import is_number, number_of

Record = dict[str, Any]
Place = tuple[str, int]
"""A run and a position within it."""


def place_of(record: Mapping[str, Any]) -> Place | None:
    """
    The run and the whole position that *record* names, None unless it names both. A form has the
    position as text.
    """
    run, pos = record.get("run"), record.get("pos")
    if not isinstance(run, str):
        return None
    number = number_of(pos) if isinstance(pos, str) else pos
    if not is_number(number) or not math.isfinite(number) or number != int(number):
        return None
    return run, int(number)


class Index:
    """Document numbers of records. Rows are as in TinyDB's storages: by their number as text."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._runs: dict[str, dict[int, None]] = {}
        self._places: dict[Place, dict[int, None]] = {}
        self._odd: dict[int, None] = {}
        """Records whose ``run`` is something else than a text."""

    def __len__(self) -> int:
        return len(self._ids)

    def by_id(self, id: str) -> int | None:
        """The number of the record *id*."""
        return self._ids.get(id)

    def numbers(self, ids: Iterable[str] | None, run: str | None) -> list[int] | None:
        """
        The numbers of all records that may have one of these *ids*, or else this *run*, the oldest
        first; None where neither is known.
        """
        if ids is not None:
            return sorted(self._ids[id] for id in ids if id in self._ids)
        return None if run is None else sorted([*self._runs.get(run, ()), *self._odd])

    def by_place(self, place: Place) -> int | None:
        """The number of the oldest record at *place*."""
        return min(self._places.get(place, ()), default=None)

    def move(
        self, number: int, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
    ) -> None:
        """Document *number* was *before* and is *after*; None where there is none."""
        if before is not None:
            self._take_out(number, before)
        if after is not None:
            self._put_in(number, after)

    def _put_in(self, number: int, record: Mapping[str, Any]) -> None:
        id, run, place = record.get("_id"), record.get("run"), place_of(record)
        if isinstance(id, str):  # what was imported may have none
            self._ids[id] = number
        if isinstance(run, str):
            self._runs.setdefault(run, {})[number] = None
        elif run is not None:
            self._odd[number] = None
        if place is not None:
            self._places.setdefault(place, {})[number] = None

    def _take_out(self, number: int, record: Mapping[str, Any]) -> None:
        id, run, place = record.get("_id"), record.get("run"), place_of(record)
        if isinstance(id, str) and self._ids.get(id) == number:
            del self._ids[id]
        self._odd.pop(number, None)
        if isinstance(run, str):
            _drop(self._runs, run, number)
        if place is not None:
            _drop(self._places, place, number)


def _drop(numbers: dict[Any, dict[int, None]], key: object, number: int) -> None:
    found = numbers.get(key)
    if found is not None:
        found.pop(number, None)
        if not found:
            del numbers[key]
