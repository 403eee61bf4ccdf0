"""
A spool's own numbers for its channels.

Its mark keeps ``{"run", "channels": {number: series id}, "types": {number: type}}``, where types
names those that are not NUMERIC; marks of older versions have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agnez_server.errors import BadRequest


class Numbering:
    """The channels of one spool: those of its mark, and those that the batch defines."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._state = state
        self._series: Mapping[str, int] = state.get("channels", {})
        self._types: Mapping[str, str] = state.get("types", {})
        self._new: dict[str, int] = {}
        self._new_types: dict[str, str] = {}

    def define(self, number: int, series: int, type: str) -> None:
        """The channel *number* writes to *series*. Raises BadRequest if it is another already."""
        key = str(number)
        known = self._series.get(key, self._new.get(key))
        if known not in (None, series):
            raise BadRequest(f"n {number} is another channel of this spool already")
        if known is None:
            self._new[key] = series
            if type != "NUMERIC":
                self._new_types[key] = type

    def series(self, number: int) -> int:
        """The series of the channel *number*. Raises BadRequest if it was not defined."""
        key = str(number)
        found = self._series.get(key, self._new.get(key))
        if found is None:
            raise BadRequest(f"unknown channel {number}", field="n")
        return found

    def type(self, number: int) -> str:
        """The type of the channel *number*."""
        key = str(number)
        return self._types.get(key) or self._new_types.get(key, "NUMERIC")

    def numeric(self) -> dict[int, int]:
        """Series of the channels that take numbers, by number."""
        every = {**self._series, **self._new} if self._new else self._series
        others = {**self._types, **self._new_types}
        return {int(key): series for key, series in every.items() if key not in others}

    def others(self) -> dict[int, str]:
        """The types of all channels that take entries, by number."""
        return {int(key): type for key, type in {**self._types, **self._new_types}.items()}

    def state(self, run: str) -> Mapping[str, Any]:
        """What the mark is to keep; the same object where nothing is new."""
        if not self._new and "run" in self._state:
            return self._state
        return {
            "run": run,
            "channels": {**self._series, **self._new},
            "types": {**self._types, **self._new_types},
        }
