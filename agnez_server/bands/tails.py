"""The view of a session that was gone over again: what is newest and its tail, each in full."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from agnez_server.bands.members import Bound, below, share_of
from agnez_server.store.base import Columns, Store


def view_in_parts(
    store: Store, series: int, until: Bound | None, lo: Bound | None, hi: Bound | None, px: int
) -> Columns:
    """
    As `Store.view` along x, and no pixel column holds points on both sides of *until*.

    So neither side hides an extreme of the other: they are drawn as two lines. None as *until* is
    a series that is not superseded.
    """
    whole = store.view(series, lo, hi, px)
    if until is None or whole.exact:
        return whole
    first, last = whole.x[0].item(), whole.x[-1].item()
    if not first < until <= last:
        return whole

    def part(begin: Bound, end: Bound) -> Columns:
        share = share_of(first, last, begin, end)
        return store.view(series, begin, end, max(1, math.ceil(px * share)))

    return _joined(part(first, below(until)), part(until, last))


def _joined(newest: Columns, tail: Columns) -> Columns:
    """Both, as they were when fewer points were there: what came between is told by frames."""
    total = min(newest.total, tail.total)
    kept = [columns.ordinal < total for columns in (newest, tail)]

    def column(name: str) -> npt.NDArray[Any]:
        parts = (newest, tail)
        return np.concatenate([getattr(c, name)[k] for c, k in zip(parts, kept, strict=True)])

    return Columns(
        x=column("x"),
        y=column("y"),
        wall=column("wall"),
        ordinal=column("ordinal"),
        exact=newest.exact and tail.exact,
        total=total,
    )
