"""One server for the examples of the documentation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.agnez_up import RunningServer, agnez_up


@pytest.fixture(scope="session")
def documented_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server as the getting-started page starts it, on a free port and with an empty home."""
    with agnez_up(tmp_path_factory.mktemp("documented")) as server:
        yield server
