"""Points of one series as three columns, in the order sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnez_server.store.base import FloatColumn, IntColumn

_INT: Final = np.dtype(np.int64)
_FLOAT: Final = np.dtype(np.float64)

XColumn = npt.NDArray[Any]
"""int64 where every x is one, else float64."""


@dataclass(frozen=True, slots=True)
class Points:
    """Columns of equal length: x int64 or float64, y float64, wall int64 (µs UTC)."""

    x: XColumn
    y: FloatColumn
    wall: IntColumn

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, part: slice) -> Points:
        return Points(self.x[part], self.y[part], self.wall[part])

    def take(self, index: npt.NDArray[Any]) -> Points:
        """The points at *index* (positions or a mask)."""
        return Points(self.x[index], self.y[index], self.wall[index])


NO_POINTS = Points(np.empty(0, np.int64), np.empty(0, np.float64), np.empty(0, np.int64))


def checked_points(x: object, y: object, wall: object) -> Points:
    """
    Copies of the columns.

    Raises:
        ValueError: If a dtype or a length is not what `Points` says.
    """
    points = Points(np.array(x), np.array(y), np.array(wall))
    shape = points.y.shape
    is_right = (
        points.x.dtype in (_INT, _FLOAT)
        and points.y.dtype == _FLOAT
        and points.wall.dtype == _INT
        and points.x.shape == shape == points.wall.shape == (points.y.size,)
    )
    if not is_right:
        found = ", ".join(f"{c.dtype} {c.shape}" for c in (points.x, points.y, points.wall))
        raise ValueError(
            f"x, y and wall are {found}; expected int64 or float64, float64, and int64 columns of "
            "one length"
        )
    return points


def join_points(parts: Sequence[Points]) -> Points:
    """*parts* one after the other; x becomes float64 when any part's is."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return NO_POINTS
    return Points(
        np.concatenate([part.x for part in parts]),
        np.concatenate([part.y for part in parts]),
        np.concatenate([part.wall for part in parts]),
    )
