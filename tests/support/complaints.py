"""What the log says from warnings on, for tests after which it must have said nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


class _Complaints(logging.Handler):
    """Keeps messages."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextmanager
def listening_to_the_log() -> Iterator[list[str]]:
    """What is logged in the block by anybody in this process, also between two tests."""
    handler, root = _Complaints(), logging.getLogger()
    root.addHandler(handler)
    try:
        yield handler.messages
    finally:
        root.removeHandler(handler)
