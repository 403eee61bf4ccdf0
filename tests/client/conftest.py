"""A spool place and a server for each test."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agnez_client import Context, sender
from agnez_client.lifecycle import PROCESS
from tests.client.ingest_server import IngestServer
from tests.client.scripts import Script

RANK_VARIABLES = (
    *("RANK", "WORLD_SIZE", "LOCAL_RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"),
)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No setting of the developer's machine reaches a test, and no run outlives it."""
    for name in ("AGNEZ_URL", "AGNEZ_TOKEN", "AGNEZ_RUN", "AGNEZ_STRICT", *RANK_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AGNEZ_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("AGNEZ_SPOOL_MIN_FREE", "0")
    for name in ("AGNEZ_RECORD", "AGNEZ_CONSOLE", "AGNEZ_SYSTEM_INTERVAL"):
        monkeypatch.setenv(name, "0")  # tests of the record ask for it
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(sender, "BACKOFF_S", 0.01)
    monkeypatch.setattr(sender, "MAX_BACKOFF_S", 0.1)
    yield
    for job in list(PROCESS.jobs):
        job.finish(timeout_s=0)
        PROCESS.forget(job)


@pytest.fixture
def server() -> Iterator[IngestServer]:
    """A server that takes batches."""
    server = IngestServer()
    yield server
    server.close()


@pytest.fixture
def begin(server: IngestServer) -> Iterator[Callable[..., Context]]:
    """Begins runs that are sent to the server."""
    with contextlib.ExitStack() as runs:
        yield lambda **given: runs.enter_context(Context(**{"url": server.url, **given}))


@pytest.fixture
def python(tmp_path: Path) -> Iterator[Callable[..., Script]]:
    """Starts programs in processes of their own, ended with the test."""
    with contextlib.ExitStack() as scripts:

        def start(code: str, **environment: str) -> Script:
            script = Script(code, tmp_path, environment)
            scripts.callback(script.close)
            return script

        yield start


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """A test of the SDK is quick; one that hangs says so soon."""
    for item in items:
        if Path(__file__).parent in item.path.parents and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(120))
