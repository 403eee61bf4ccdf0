"""Fewer points for a curve that keeps its shape."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

MOST: Final = 1000
"""Points of a curve at most."""
Places = npt.NDArray[np.int64]


def thin_by_x(x: npt.NDArray[Any], y: npt.NDArray[Any], most: int = MOST) -> Places:
    """
    The places of first, last, smallest and largest y in equal steps of x, which is monotone; all
    where there are at most *most*. No spike of y is lost.
    """
    if len(x) <= most:
        return np.arange(len(x))
    steps = (most - 4) // 4
    span = (x.max() - x.min()) or 1.0
    step = np.minimum(((x - x.min()) / span * steps).astype(np.int64), steps - 1)
    order = np.lexsort((y, step))
    edges = np.flatnonzero(np.diff(step)) + 1
    sorted_edges = np.flatnonzero(np.diff(step[order])) + 1
    first, last = np.append(0, edges), np.append(edges - 1, len(x) - 1)
    low = order[np.append(0, sorted_edges)]
    high = order[np.append(sorted_edges - 1, len(x) - 1)]
    return np.unique(np.concatenate([first, last, low, high]))


def thin_by_length(x: npt.NDArray[Any], y: npt.NDArray[Any], most: int = MOST) -> Places:
    """
    The places in equal steps along a curve whose x and y are both monotone: what lies between two
    of them is nowhere further away than a step, 2 / *most* for rates.
    """
    if len(x) <= most:
        return np.arange(len(x))
    way = np.append(0.0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y))))
    wanted = np.linspace(0.0, way[-1], most)
    return np.unique(np.append(np.searchsorted(way, wanted[:-1]), len(x) - 1))
