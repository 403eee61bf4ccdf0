"""A real server in a process of its own, with no documents at the beginning of a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from agnez_client import Values
from tests.support.agnez_up import agnez_up


@pytest.fixture(scope="module")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the server, without a slash at its end."""
    with agnez_up(tmp_path_factory.mktemp("values")) as server:
        yield server.url.rstrip("/")


@pytest.fixture
def values(server_url: str) -> Iterator[Values]:
    """A client of it."""
    found = requests.get(f"{server_url}/values", timeout=30).json()
    for record in found:
        requests.delete(f"{server_url}/values/{record['_id']}", timeout=30)
    with Values(server_url) as client:
        yield client
