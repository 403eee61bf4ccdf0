"""What lies in a data directory that no server has open."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from agnez_server.store import SqliteStore
from agnez_server.store.base import Entry, Store, raw_pages


@asynccontextmanager
async def opened(data: Path) -> AsyncIterator[Store]:
    """The store in *data*."""
    store = await SqliteStore.open(data)
    try:
        yield store
    finally:
        await store.close()


def counted(store: Store, run: str, channel: int) -> int:
    """How many points a channel has, each of which has to be x = y = its place in the order."""
    series = store.series(run, channel)
    assert len(series) <= 1
    at = 0
    for page in raw_pages(store, series[0].id) if series else ():
        expected = np.arange(at, at + len(page.x))
        assert np.array_equal(page.x, expected) and np.array_equal(page.y, expected)
        at += len(page.x)
    return at


def entries(store: Store, run: str, channel: int) -> list[Entry]:
    """All entries of a channel, in the order sent."""
    (series,) = store.series(run, channel) or (None,)
    return [] if series is None else store.entries(series.id, 0, 10**9)


def pixels(store: Store, sha256: str) -> np.ndarray:
    """A picture that is kept as a blob."""
    body = store.read_blob(sha256, 0, 1 << 24)
    return np.asarray(Image.open(io.BytesIO(body)))
