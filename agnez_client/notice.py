"""Lines for the person at the terminal, where the program has not set up logging itself."""

from __future__ import annotations

import logging
from typing import Final

_LOGGER: Final = logging.getLogger("agnez_client")


class NoticeHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to standard error as long as the root logger has no handler of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("agnez: %(message)s"))

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether nobody else shows *record*."""
        return not logging.getLogger().handlers and bool(super().filter(record))


def show_notices() -> None:
    """
    Let lines of level INFO and above of `agnez_client` be seen, if nothing was set up for it.

    Once the program sets up logging, that decides.
    """
    if _LOGGER.handlers or _LOGGER.level != logging.NOTSET or logging.getLogger().handlers:
        return
    _LOGGER.addHandler(NoticeHandler())
    _LOGGER.setLevel(logging.INFO)
