"""
The lock that says whose a spool is: held by its owner for as long as that process lives.

Never a pid: pids are used again, and mean nothing on another machine or in another container.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from agnez_client.spool.files import open_file

LOCK_NAME = "lock"

try:
    import fcntl
except ImportError:  # Windows: a file that its owner holds open can't be moved, which is enough
    fcntl = None  # type: ignore[assignment]


def take(fd: int) -> bool:
    """Lock the file behind *fd* for this process; False if another one holds it."""
    if fcntl is None:
        return True
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def take_shared(fd: int) -> bool:
    """Share the lock of the file behind *fd* with others who do; False if one has it alone."""
    if fcntl is None:
        return True
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return True
    return False


def take_orphan(folder: Path) -> int | None:
    """The lock of the spool in *folder* as a descriptor; None if its owner lives or it is gone."""
    try:
        fd = open_file(folder / LOCK_NAME)
    except OSError:
        return None
    if take(fd) and (folder / LOCK_NAME).exists():
        return fd
    os.close(fd)
    return None
