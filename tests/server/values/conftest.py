"""The service on a store of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agnez_server.store import SqliteStore
from agnez_server.values.service import Values


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """An empty store."""
    store = await SqliteStore.open(tmp_path / "data")
    yield store
    await store.close()


@pytest.fixture
def values(store: SqliteStore) -> Values:
    """The service on it, with its usual limits."""
    return Values(store)
