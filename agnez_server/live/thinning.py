"""Points of one tick, made few enough for the pixels that show them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agnez_server.store.base import Columns


def thin(columns: Columns, dx: float) -> npt.NDArray[np.int64]:
    """
    Places of the points to be sent, ascending by x: M4 over columns *dx* wide, aligned to x = 0.

    Of each column the first, last, smallest and largest finite point, and one of each kind of
    NaN, infinity and minus infinity. All points where that is not fewer.

    Source: Jugel et al. 2014, "M4: a visualization-oriented time series data aggregation".
    """
    order = np.argsort(columns.x, kind="stable")
    with np.errstate(over="ignore"):  # a pixel of almost no width: all columns are infinite
        column = np.floor(columns.x[order] / dx)
    y = columns.y[order]
    starts = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
    ends = np.r_[starts[1:], len(column)] - 1
    group = np.repeat(np.arange(len(starts)), ends - starts + 1)
    finite = np.isfinite(y)
    lowest = np.lexsort((np.where(finite, y, np.inf), group))[starts]
    highest = np.lexsort((np.where(finite, -y, np.inf), group))[starts]
    odd = [
        np.flatnonzero(kind)[np.unique(group[kind], return_index=True)[1]]
        for kind in (np.isnan(y), np.isposinf(y), np.isneginf(y))
    ]
    kept = np.unique(np.concatenate([starts, ends, lowest, highest, *odd]))
    return order if len(kept) >= len(order) else order[kept]
