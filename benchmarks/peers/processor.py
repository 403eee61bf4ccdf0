"""Processor time of a peer: its process, what that started, and the server beside it."""

from __future__ import annotations

import ctypes
import os
import resource
import time
from contextlib import suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PR_SET_CHILD_SUBREAPER = 36


def adopt() -> None:
    """Let processes whose parent goes away become this one's, so that they stay counted."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def used_s(server: int | None) -> float:
    """Seconds that this process has used, all below it, living or gone, and *server* with its."""
    gone = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.process_time() + gone.ru_utime + gone.ru_stime
    times = _times()
    below = {os.getpid()} if server is None else {os.getpid(), server}
    while more := {pid for pid, (parent, _) in times.items() if parent in below} - below:
        below |= more
    return seconds + sum(times[pid][1] for pid in below - {os.getpid()} if pid in times)


def _times() -> dict[int, tuple[int, float]]:
    """Of each process its parent, and seconds used by it and by its children that are gone."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                found[int(entry.name)] = int(fields[1]), sum(map(int, fields[11:15])) / TICKS
    return found
