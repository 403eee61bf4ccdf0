"""Stores in temporary directories, and points to put into them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from agnez_server.store import Series, SqliteStore, Store, StoreOptions

OpenStore = Callable[..., Awaitable[SqliteStore]]
Feed = Callable[..., Awaitable[Series]]


@pytest.fixture
async def open_store(tmp_path: Path) -> AsyncIterator[OpenStore]:
    """Opens the store in a directory of this test (``name``), with options; closed at the end."""
    opened = []

    async def opens(name: str = "data", clock=None, **options) -> SqliteStore:
        more = {"clock": clock} if clock else {}
        store = await SqliteStore.open(tmp_path / name, options=StoreOptions(**options), **more)
        opened.append(store)
        return store

    yield opens
    for store in opened:
        await store.close()


@pytest.fixture
async def store(open_store: OpenStore) -> SqliteStore:
    """An empty store."""
    return await open_store()


STORES = {"sqlite": SqliteStore.open}
"""Another store joins the contract's tests by one more line."""


@pytest.fixture(params=sorted(STORES))
async def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenStore]:
    """Opens any kind of store in this test's directory, closing it first where it is open."""
    opened = []

    async def reopens() -> Store:
        for store in opened:
            await store.close()
        opened.append(await STORES[request.param](tmp_path / "store"))
        return opened[-1]

    yield reopens
    for store in opened:
        await store.close()


@pytest.fixture
def feed() -> Feed:
    """Appends y (and x, wall) to a series of a store, in one change; returns the series."""

    async def feeds(store: Store, y, x=None, wall=None, key=("run", 0, 1, 0)) -> Series:
        y = np.asarray(y, np.float64)

        def work(change):
            series = change.open_series(*key)
            at = np.arange(len(y))
            change.append(series.id, at if x is None else x, y, at if wall is None else wall)
            return series

        return await store.change(work)

    return feeds
