"""What came of a watched series since its cursor, made into a block of a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from agnez_client.columns import Block
from agnez_server.live.thinning import thin
from agnez_server.store.base import Columns, Series, Store

EXACT_POINTS: Final = 500
"""So many points of a series are sent as they are."""
MOST_POINTS: Final = 20_000
"""More points of a series in one frame are not sent: the page asks for the view."""
MOST_NEW_POINTS: Final = 200_000
"""More new points of a series are not even looked through, which would hold up the others."""
_EMPTY: Final = np.empty(0)


@dataclass(slots=True)
class Watched:
    """One watched series; ``cursor`` is the next ordinal to be told."""

    series: Series
    cursor: int


def is_long(store: Store, watched: Watched) -> bool:
    """Whether so much came that the width of a pixel decides what is told."""
    return store.stats(watched.series.id).count - watched.cursor > EXACT_POINTS


def next_block(store: Store, watched: Watched, dx: float | None) -> Block | None:
    """
    What came since the cursor, None if nothing did; moves the cursor.

    *dx* is the width of a pixel in x, None where the page knows none yet.
    """
    columns = store.recent(watched.series.id, watched.cursor)
    total = store.stats(watched.series.id).count if columns is None else columns.total
    if total == watched.cursor:
        return None
    start, watched.cursor = watched.cursor, total
    if columns is None or total < start:
        return _block(watched.series, start, total, None, refetch=True)
    kept = _thinned(columns, dx)
    return _block(watched.series, start, total, kept, refetch=kept is None)


def _thinned(columns: Columns, dx: float | None) -> Columns | None:
    """*columns* with few enough points to be sent; None if that can't be."""
    if len(columns.x) <= EXACT_POINTS:
        return columns
    if len(columns.x) > MOST_NEW_POINTS:
        return None
    if dx is not None:
        places = thin(columns, dx)
        if len(places) < len(columns.x):
            columns = Columns(
                x=columns.x[places],
                y=columns.y[places],
                wall=columns.wall[places],
                ordinal=columns.ordinal[places],
                exact=False,
                total=columns.total,
            )
    return columns if len(columns.x) <= MOST_POINTS else None


def _block(
    series: Series, start: int, end: int, columns: Columns | None, *, refetch: bool
) -> Block:
    return Block(
        series=series.id,
        channel=series.channel,
        session=series.session,
        rank=series.rank,
        start=start,
        end=end,
        x=_EMPTY if columns is None else columns.x.astype(np.float64),
        y=_EMPTY if columns is None else columns.y,
        wall=_EMPTY if columns is None else columns.wall.astype(np.float64),
        exact=columns is not None and columns.exact,
        refetch=refetch,
    )
