"""A machine with a running server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine of its own, its server up."""
    machine = Machine(tmp_path)
    try:
        machine.up()
        yield machine
    finally:
        machine.close()
