"""Point records of a batch as columns: what is odd about them, and which go to which channel."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnez_client.protocol import MARK_FLOAT, MARK_INT, MARK_VOID, RecordArray

Ordinals = npt.NDArray[np.int64]
_Bools = npt.NDArray[np.bool_]
_NAMED: Final = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """Points of one channel in the order sent: x int64 or float64, y, wall µs UTC."""

    x: npt.NDArray[Any]
    y: npt.NDArray[np.float64]
    wall: npt.NDArray[np.int64]


class Arrivals:
    """
    Records whose first has the ordinal *first*.

    Those of channels that are not among *known* are odd: there may be one such a record, so they
    are never looked at channel by channel. *others* are the types of channels that take no
    numbers.
    """

    def __init__(
        self,
        records: RecordArray,
        first: int,
        known: Collection[int],
        others: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        self._records, self._first, self._others = records, first, others
        marks = np.ascontiguousarray(records["mark"])
        self._numbers = np.ascontiguousarray(records["channel"])
        self._is_float: _Bools = marks == MARK_FLOAT
        marked: _Bools = (marks == MARK_INT) | self._is_float
        self._unmarked: _Bools = ~marked & (marks != MARK_VOID)
        self._unknown: _Bools = marked & ~_among(self._numbers, known)
        self._infinite: _Bools = np.zeros(len(records), np.bool_)
        if self._is_float.any():
            floats = np.ascontiguousarray(records["x"]).view(np.float64)
            self._infinite = self._is_float & ~np.isfinite(floats)
        self._fine: _Bools = marked & ~self._unknown & ~self._infinite

    def odd(self) -> Iterator[tuple[Ordinals, str]]:
        """Ordinals of what is no point of a known channel, with the reason. Voids are not odd."""
        yield np.flatnonzero(self._unmarked) + self._first, "no valid mark"
        yield np.flatnonzero(self._infinite & ~self._unknown) + self._first, "x is not finite"
        unknown = np.flatnonzero(self._unknown)
        for place in unknown[:_NAMED]:
            yield np.array([place + self._first]), self._why(int(self._numbers[place]))
        yield unknown[_NAMED:] + self._first, "unknown channel"

    def _why(self, number: int) -> str:
        type = self._others.get(number)
        if type is None:
            return f"unknown channel {number}"
        return f"channel {number} has the type {type}, which takes no numbers"

    def by_channel(self) -> Iterator[tuple[int, Part]]:
        """Channel numbers, each with its points."""
        numbers = self._numbers
        if self._fine.all() and len(numbers) and (numbers == numbers[0]).all():
            yield int(numbers[0]), self._part(slice(None))
            return
        places = np.flatnonzero(self._fine)
        order = places[np.argsort(numbers[places], kind="stable")]
        ranked = numbers[order]
        borders = np.flatnonzero(ranked[1:] != ranked[:-1]) + 1
        for group in np.split(order, borders) if len(order) else ():
            yield int(numbers[group[0]]), self._part(group)

    def _part(self, places: slice | Ordinals) -> Part:
        records, is_float = self._records[places], self._is_float[places]
        bits = np.ascontiguousarray(records["x"])
        x: npt.NDArray[Any] = bits
        if is_float.any():
            x = np.where(is_float, bits.view(np.float64), bits.astype(np.float64))
        return Part(x, np.ascontiguousarray(records["y"]), records["wall_ns"] // 1000)


def _among(numbers: npt.NDArray[np.uint32], known: Collection[int]) -> _Bools:
    if len(numbers) and int(numbers[0]) in known and (numbers == numbers[0]).all():
        return np.ones(len(numbers), np.bool_)
    return np.isin(numbers, np.fromiter(known, np.uint32, len(known)))
