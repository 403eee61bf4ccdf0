"""The pixel columns of a plot: which values are inside it, and in which column they fall."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnez_server.store.base import FloatColumn

Values = npt.NDArray[Any]
_INT_MIN: Final = -(1 << 63)
_INT_MAX: Final = (1 << 63) - 1
_EXACT: Final = 1 << 53
"""Integers up to here are themselves as float64."""


class Ruler:
    """
    *px* columns over ``lo <= value <= hi``, both finite.

    Integers are compared and placed as integers, so steps above 2^53 stay apart. Places never
    decrease with the value, within one dtype.
    """

    def __init__(self, lo: float | int, hi: float | int, px: int) -> None:
        self.lo, self.hi, self.px = lo, hi, px
        self._first, self._last = math.ceil(lo), math.floor(hi)
        self._fits = max(abs(lo), abs(hi)) <= _EXACT

    def inside(self, values: Values) -> npt.NDArray[np.bool_]:
        """Which *values* (int64 or float64) are between the bounds, which belong to it."""
        return ~self.below(values) & ~self.above(values)

    def below(self, values: Values) -> npt.NDArray[np.bool_]:
        """Which *values* are smaller than the lower bound."""
        if values.dtype.kind == "f":
            return values < _float_up(self.lo)
        if self._first > _INT_MAX:
            return np.ones(len(values), bool)
        return values < max(self._first, _INT_MIN)

    def above(self, values: Values) -> npt.NDArray[np.bool_]:
        """Which *values* are greater than the upper bound."""
        if values.dtype.kind == "f":
            return values > -_float_up(-self.hi)
        if self._last < _INT_MIN:
            return np.ones(len(values), bool)
        return values > min(self._last, _INT_MAX)

    def places(self, values: Values) -> FloatColumn:
        """Where *values* lie in columns, 0 to ``px``. Of those outside, places mean nothing."""
        span = self.hi - self.lo
        if span == 0:
            return np.zeros(len(values))
        if values.dtype.kind != "f" and not self._fits:
            base = max(self._first, _INT_MIN)
            away = values.view(np.uint64) - np.uint64(base % (1 << 64))
            return (away.astype(np.float64) + float(base - self.lo)) / float(span) * self.px
        with np.errstate(over="ignore", invalid="ignore"):
            if math.isinf(span):
                quarter = self.hi / 4 - self.lo / 4
                return (values / 4 - self.lo / 4) / quarter * self.px
            return (values.astype(np.float64) - float(self.lo)) / span * self.px

    def columns(self, places: FloatColumn) -> npt.NDArray[np.int64]:
        """The column of each place; the right border belongs to the last column."""
        return np.clip(places, 0, self.px - 1).astype(np.int64)


def _float_up(bound: float | int) -> float:
    """The smallest float64 that is not below *bound*."""
    nearest = float(bound)
    return nearest if nearest >= bound else math.nextafter(nearest, math.inf)
