"""A real server for each test, in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.server.running import RunningServer, running


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    """A server with its default settings."""
    async with running(tmp_path / "data") as server:
        yield server


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[RunningServer]]:
    """Starts a server with other settings, always on the same data: ``async with start(...)``."""

    def start(**settings: Any) -> AbstractAsyncContextManager[RunningServer]:
        return running(tmp_path / "data", **settings)

    return start
