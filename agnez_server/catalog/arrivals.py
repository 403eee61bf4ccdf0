"""
Point records of a batch as columns: what is odd about them, and which go to which channel.

Mostly nothing is odd, every x is a whole number, and the channels come in the same order in each
step: then a look at the first step and two comparisons of bytes tell it, and no point is sorted.
"""

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
_WHOLE: Final = np.array(MARK_INT, "<u4").tobytes()
_LONGEST_STEP: Final = 1024
_TABLE: Final = 1 << 20
"""Numbers up to here are looked up in a table: usual ones are small."""


@dataclass(frozen=True, slots=True)
class Part:
    """
    Points of several channels, one channel after the other, each in the order sent: those of
    ``channels[i]`` end at ``ends[i]``. x int64 or float64, y, wall µs UTC.
    """

    channels: list[int]
    ends: list[int]
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
        self._is_float: _Bools | None = None  # none of them, as mostly
        self._step: list[int] | None = None
        is_whole = marks.tobytes() == _WHOLE * len(marks)
        if is_whole:
            step = _repeated(self._numbers)
            self._step = step if step is not None and all(n in known for n in step) else None
        self._all_fine = self._step is not None or bool(
            is_whole and _among(self._numbers, known).all()
        )
        if not self._all_fine:
            self._look(marks, known)

    def _look(self, marks: npt.NDArray[np.uint32], known: Collection[int]) -> None:
        """Which records are odd in which way."""
        records = self._records
        self._is_float = marks == MARK_FLOAT
        marked: _Bools = (marks == MARK_INT) | self._is_float
        self._unmarked: _Bools = ~marked & (marks != MARK_VOID)
        self._unknown: _Bools = marked & ~_among(self._numbers, known)
        self._infinite: _Bools = np.zeros(len(records), np.bool_)
        if self._is_float.any():
            floats = np.ascontiguousarray(records["x"]).view(np.float64)
            self._infinite = self._is_float & ~np.isfinite(floats)
        self._fine: _Bools = marked & ~self._unknown & ~self._infinite
        self._all_fine = bool(self._fine.all())

    def odd(self) -> Iterator[tuple[Ordinals, str]]:
        """Ordinals of what is no point of a known channel, with the reason. Voids are not odd."""
        if self._all_fine:
            return
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

    def by_channel(self) -> Iterator[Part]:
        """The points: channels whose x are all whole numbers together, and the others together."""
        numbers, is_float = self._numbers, self._is_float
        if self._step is not None:
            yield self._steps(self._step)
            return
        if not self._all_fine:
            order = np.flatnonzero(self._fine)
        elif len(numbers) and (numbers == numbers[0]).all():
            yield self._part(slice(None), is_float is not None and bool(is_float.any()))
            return
        elif is_float is None:
            yield from self._parts(_sorted(numbers), as_float=False)
            return
        else:
            order = np.arange(len(numbers))
        order = order[_sorted(numbers[order])]
        floats = None if is_float is None else is_float[order]
        if floats is None or not floats.any():
            yield from self._parts(order, as_float=False)
            return
        ranked = numbers[order]
        with_floats = _among(ranked, np.unique(ranked[floats]).tolist())
        yield from self._parts(order[~with_floats], as_float=False)
        yield from self._parts(order[with_floats], as_float=True)

    def _steps(self, step: list[int]) -> Part:
        """All points, where each step has one of each channel of *step*."""
        order = sorted(range(len(step)), key=step.__getitem__)
        count, is_sorted = len(self._numbers) // len(step), step == sorted(step)

        def column(name: str) -> npt.NDArray[Any]:
            rows = self._records[name].reshape(count, len(step)).T
            return (rows if is_sorted else rows[order]).copy().reshape(-1)

        ends = [count * place for place in range(1, len(step) + 1)]
        wall = column("wall_ns")
        wall //= 1000
        return Part([step[place] for place in order], ends, column("x"), column("y"), wall)

    def _parts(self, order: Ordinals, *, as_float: bool) -> Iterator[Part]:
        if len(order):
            yield self._part(order, as_float)

    def _part(self, places: slice | Ordinals, as_float: bool) -> Part:
        records, numbers = self._records, self._numbers[places]
        borders = np.flatnonzero(numbers[1:] != numbers[:-1])
        ends = [*(borders + 1).tolist(), len(numbers)]
        channels = [*numbers[borders].tolist(), int(numbers[-1])]
        x = bits = np.ascontiguousarray(records["x"][places])
        if as_float and self._is_float is not None:
            is_float = self._is_float[places]
            x = np.where(is_float, bits.view(np.float64), bits.astype(np.float64))
        y = np.ascontiguousarray(records["y"][places])
        return Part(channels, ends, x, y, records["wall_ns"][places] // 1000)


def _repeated(numbers: npt.NDArray[np.uint32]) -> list[int] | None:
    """The channels of a step, if *numbers* are whole steps which are all the same."""
    head: list[int] = numbers[:_LONGEST_STEP].tolist()
    if not head:
        return None
    try:
        size = head.index(head[0], 1)
    except ValueError:
        size = len(head)
    step, raw = head[:size], numbers.tobytes()
    is_whole = len(numbers) % size == 0 and len(set(step)) == size
    return step if is_whole and raw[4 * size :] == raw[: -4 * size] else None


def _sorted(numbers: npt.NDArray[np.uint32]) -> Ordinals:
    """The order of *numbers*, equals as they came."""
    if len(numbers) and int(numbers.max()) < 1 << 16:  # these take a radix sort
        return np.argsort(numbers.astype(np.uint16), kind="stable")
    return np.argsort(numbers, kind="stable")


def _among(numbers: npt.NDArray[np.uint32], known: Collection[int]) -> _Bools:
    if len(numbers) and int(numbers[0]) in known and (numbers == numbers[0]).all():
        return np.ones(len(numbers), np.bool_)
    listed = np.fromiter(known, np.uint32, len(known))
    if not len(listed) or int(listed.max()) > _TABLE:
        return np.isin(numbers, listed)
    table = np.zeros(int(listed.max()) + 2, np.bool_)  # the last one stands for all larger numbers
    table[listed] = True
    return table[np.minimum(numbers, len(table) - 1)]
