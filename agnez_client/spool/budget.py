"""How much room spools may take: of one run, and of all runs of this user."""

from __future__ import annotations

import contextlib
import logging
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from agnez_client.errors import SpoolError
from agnez_client.spool.header import read_header

MEMORY_LIMIT: Final = 64 << 20
"""Most bytes of a spool that lives in memory: training must not grow."""
_FRESH_S: Final = 2.0

logger = logging.getLogger(__name__)


class Budget:
    """
    Counts what lies in this host's spools, at most every two seconds.

    Args:
        place: Directory of this host's spools; None for memory.
        run: The run whose share is limited by *run_limit*, bytes.
        user_limit: Limit of all together, bytes.
        now: A clock that only goes forward, s.
    """

    def __init__(
        self,
        place: Path | None,
        run: str,
        *,
        run_limit: int,
        user_limit: int,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place, self._run, self._now = place, run, now
        self._run_limit, self._user_limit = run_limit, user_limit
        self._counted_at = float("-inf")
        self._run_bytes = self._user_bytes = 0
        self._runs: dict[Path, str] = {}

    def allows(self, size: int) -> bool:
        """Whether *size* more bytes fit; if so they count as taken."""
        if self._now() - self._counted_at > _FRESH_S:
            self._count()
        if self._run_bytes + size > self._run_limit or self._user_bytes + size > self._user_limit:
            return False
        self._run_bytes += size
        self._user_bytes += size
        return True

    def give_back(self, size: int) -> None:
        """*size* bytes of this run were removed."""
        self._run_bytes -= size
        self._user_bytes -= size

    def _count(self) -> None:
        self._counted_at = self._now()
        if self._place is None:
            return
        of_run = of_user = 0  # what another thread asks for meanwhile is held against the old count
        try:
            for folder in self._place.iterdir():
                size = folder_size(folder)
                of_user += size
                if self._run_of(folder) == self._run:
                    of_run += size
        except OSError as error:  # out of descriptors, say: `send()` must not raise for that
            logger.debug("%s can't be counted, the last count holds: %s", self._place, error)
            return
        self._run_bytes, self._user_bytes = of_run, of_user

    def _run_of(self, folder: Path) -> str:
        if folder not in self._runs:
            run = ""
            with contextlib.suppress(OSError, SpoolError):
                run = read_header(folder).run
            self._runs[folder] = run
        return self._runs[folder]


def folder_size(folder: Path) -> int:
    """Bytes of the files in *folder* and below; 0 when it is gone."""
    total = 0
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            with contextlib.suppress(OSError):
                status = path.lstat()
                total += folder_size(path) if stat.S_ISDIR(status.st_mode) else status.st_size
    return total
