"""A real server for each test, in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from agnez_server.authfiles import AuthFiles
from tests.server.logins import PASSWORD
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


@pytest.fixture
def files(tmp_path: Path) -> AuthFiles:
    """The files of the server's data directory."""
    return AuthFiles(tmp_path / "data")


@pytest.fixture
async def locked(
    tmp_path: Path, start: Callable[..., AbstractAsyncContextManager[RunningServer]]
) -> AsyncIterator[RunningServer]:
    """A server that asks for a login, with a password whose hash is quick to check."""
    directory = tmp_path / "data"
    directory.mkdir(mode=0o700)
    (directory / "password").write_text(PasswordHasher(1, 8, 1).hash(PASSWORD))
    async with start(login=True) as server:
        yield server


STORED = [1.5, 2.5, "NaN"]
"""What lies in the run "kept" of `victim` and `shared`, and has to lie there afterwards."""


@pytest.fixture
async def victim(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[RunningServer]:
    """A server with a run; after the test it answers, logged no mistake, and has that run whole."""
    kept = (await server.post({"run": "kept", "channel": "loss", "y": STORED}))["channels"][0]

    yield server

    assert await server.ys(kept) == STORED
    assert (await server.get("/health"))["status"] == "ok"
    assert [r.getMessage() for r in caplog.records if r.levelname in ("ERROR", "CRITICAL")] == []


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    """One server for many small blows; it has to be whole after all of them."""
    async with running(tmp_path_factory.mktemp("shared")) as server:
        kept = (await server.post({"run": "kept", "channel": "loss", "y": STORED}))["channels"][0]
        yield server
        assert await server.ys(kept) == STORED
        assert (await server.get("/runs"))["total"] == 1
