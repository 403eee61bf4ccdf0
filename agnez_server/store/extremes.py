"""Which points of a group a plot can't do without: the kernel of M4 and of the summaries."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from agnez_server.store.base import FloatColumn

Positions = npt.NDArray[np.intp]


def group_starts(keys: npt.NDArray[Any]) -> Positions:
    """Where each run of equal values in *keys* begins."""
    if not len(keys):
        return np.empty(0, np.intp)
    return np.concatenate(([0], np.flatnonzero(keys[1:] != keys[:-1]) + 1))


def extremes(y: FloatColumn, starts: Positions) -> Positions:
    """
    Positions of the first, last, smallest and largest point of each group, in order.

    Args:
        y: float64 ``(N,)``, N > 0.
        starts: Where each group begins, increasing, the first is 0.

    Smallest and largest are of finite values, the first of equals; a group also keeps its first
    NaN, its first +infinity and its first -infinity.
    """
    n = len(y)
    keep = np.zeros(n, bool)
    keep[starts] = True
    keep[starts[1:] - 1] = keep[n - 1] = True
    sizes = np.diff(starts, append=n)
    finite = np.isfinite(y)
    whole = bool(finite.all())
    for reducer, worst in ((np.minimum, np.inf), (np.maximum, -np.inf)):
        held = y if whole else np.where(finite, y, worst)
        best = np.repeat(reducer.reduceat(held, starts), sizes)
        _keep_first(keep, (y == best) & finite, starts)
    if not whole:
        for odd in (np.isnan(y), y == np.inf, y == -np.inf):
            _keep_first(keep, odd, starts)
    return np.flatnonzero(keep)


def _keep_first(
    keep: npt.NDArray[np.bool_], marked: npt.NDArray[np.bool_], starts: Positions
) -> None:
    at = np.flatnonzero(marked)
    group = np.searchsorted(starts, at, "right")
    keep[at[group_starts(group)]] = True
