"""Points as three columns, in the order sent: of one series, and of several in one block."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
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


@dataclass(frozen=True, slots=True)
class Block:
    """
    Points of several series, one series after the other: those of ``series[i]`` end at ``ends[i]``.

    A batch goes through the store as one block. What is done with it is done to whole columns: a
    few numpy calls for each of many short series would cost far more than their points.
    """

    series: list[int]
    ends: list[int]
    points: Points

    def __len__(self) -> int:
        return len(self.points)

    def spans(self) -> Iterator[tuple[int, int, int]]:
        """Each series with the places at which its points begin and end."""
        start = 0
        for one, end in zip(self.series, self.ends, strict=True):
            yield one, start, end
            start = end

    def without(self, series: Container[int]) -> Block:
        """The block without the points of *series*."""
        if not any(one in series for one in self.series):
            return self
        kept = [span for span in self.spans() if span[0] not in series]
        points = join_points([self.points[start:end] for _, start, end in kept])
        ends = np.cumsum([end - start for _, start, end in kept], dtype=np.intp).tolist()
        return Block([one for one, _, _ in kept], ends, points)


def gather_blocks(blocks: Iterable[Block], most: int) -> Iterator[Block]:
    """*blocks* in their order, small ones put together while they have *most* points or fewer."""
    together, size = list[Block](), 0
    for block in blocks:
        fits = size + len(block) <= most
        if together and not (fits and block.points.x.dtype == together[0].points.x.dtype):
            yield _joined(together)
            together, size = [], 0
        together.append(block)
        size += len(block)
    if together:
        yield _joined(together)


def _joined(blocks: Sequence[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    series, ends, start = list[int](), list[int](), 0
    for block in blocks:
        series += block.series
        ends += [start + end for end in block.ends]
        start += len(block)
    return Block(series, ends, join_points([block.points for block in blocks]))


def checked_points(x: object, y: object, wall: object) -> Points:
    """
    Copies of the columns.

    Raises:
        ValueError: If a dtype or a length is not what `Points` says.
    """
    points = Points(np.array(x), np.array(y), np.array(wall))
    check_points(points)
    return points


def check_points(points: Points) -> None:
    """Raise ValueError if a dtype or a length is not what `Points` says."""
    x, y, wall = points.x, points.y, points.wall
    is_right = (
        x.dtype in (_INT, _FLOAT)
        and y.dtype == _FLOAT
        and wall.dtype == _INT
        and x.shape == y.shape == wall.shape == (y.size,)
    )
    if not is_right:
        found = ", ".join(f"{c.dtype} {c.shape}" for c in (x, y, wall))
        raise ValueError(
            f"x, y and wall are {found}; expected int64 or float64, float64, and int64 columns of "
            "one length"
        )


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
