"""What the log says while clients of others are let loose on a server."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


class _Complaints(logging.Handler):
    """Keeps messages from warnings on."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@pytest.fixture(scope="module")
def complaints() -> Iterator[list[str]]:
    """What was logged from warnings on, by anybody in this process."""
    handler, root = _Complaints(), logging.getLogger()
    root.addHandler(handler)
    yield handler.messages
    root.removeHandler(handler)
