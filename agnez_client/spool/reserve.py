"""
Room on the disk behind the end of a file, which only the last words of its writer may use.

The file keeps its size, so that nobody who reads it sees anything of it.
"""

from __future__ import annotations

import ctypes
import errno
import logging
import os
from collections.abc import Callable
from functools import cache
from typing import Final

LAST_WORDS: Final = 64 << 10
"""Bytes that are kept for what must be told: some hundreds of events."""
END: Final = 32 << 10
"""Those of them that are kept for the end."""
_STEP: Final = 64 << 10
_KEEP_SIZE: Final = 1
"""FALLOC_FL_KEEP_SIZE of Linux; Python's `posix_fallocate` makes the file longer."""
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

logger = logging.getLogger(__name__)


class Reserve:
    """Where a file system knows no such thing (or in another system) nothing is kept back."""

    def __init__(self) -> None:
        self._until = 0

    def allows(self, fd: int, end: int, kept: int = LAST_WORDS) -> bool:
        """Whether the file *fd* may grow to *end* bytes, and *kept* bytes behind that stay."""
        if end + kept <= self._until:
            return True
        until = end + LAST_WORDS + _STEP
        code = allocate(fd, self._until, until - self._until)
        if code in _FULL:
            logger.debug("no room for what is kept back: %s", os.strerror(code))
            return False
        self._until = until if code == 0 else self._until
        return True

    def gone(self) -> None:
        """The file was cut, or it is another one."""
        self._until = 0


def allocate(fd: int, at: int, size: int) -> int:
    """Let the file *fd* have *size* bytes from *at* on; 0, or the number of the error."""
    call = _fallocate()
    if call is None:
        return errno.ENOSYS
    return ctypes.get_errno() if call(fd, _KEEP_SIZE, at, size) else 0


@cache
def _fallocate() -> Callable[[int, int, int, int], int] | None:
    try:
        found = ctypes.CDLL(None, use_errno=True).fallocate64
    except (OSError, AttributeError, TypeError):
        return None
    found.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    call: Callable[[int, int, int, int], int] = found
    return call
