"""
What a cell starts ends with the cell: processes are known by a folder's name in their environment.

Peers start programs of their own, some of which leave their session. All inherit MARK, so they are
found in `/proc` and ended by their ids. A keeper does so when the benchmark itself is killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MARK = "AGNEZ_PEERS_CELL"
AGAIN_S = 0.2


def marked(folder: Path) -> set[int]:
    """The processes that were started for *folder*, or for a folder in it."""
    wanted = f"{MARK}={folder}".encode()
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with suppress(OSError):
            texts = (entry / "environ").read_bytes().split(b"\0")
            if any(text == wanted or text.startswith(wanted + b"/") for text in texts):
                found.add(int(entry.name))
    return found


def end(folder: Path) -> None:
    """End them all, also those that are started meanwhile; a few seconds at the most."""
    until = time.monotonic() + 5
    while (found := marked(folder)) and time.monotonic() < until:
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


class Leash:
    """The time that a cell has: behind it whatever it started is ended, again and again."""

    def __init__(self, folder: Path, limit_s: float) -> None:
        self.late = False
        self._folder, self._limit_s = folder, limit_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Leash:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        end(self._folder)

    def _watch(self) -> None:
        wait_s = self._limit_s
        while not self._over.wait(wait_s):
            self.late, wait_s = True, AGAIN_S
            end(self._folder)


@contextmanager
def kept() -> Iterator[Path]:
    """A folder for all cells, on a disk; with the block, or with this process, all in it ends."""
    folder = Path(tempfile.mkdtemp(prefix="agnez-peers-", dir="/var/tmp"))
    command = [sys.executable, __file__, str(folder)]
    keeper = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield folder
    finally:
        keeper.communicate()


if __name__ == "__main__":
    # The pipe closes when the benchmark ends, however it does.
    sys.stdin.read()
    end(Path(sys.argv[1]))
    shutil.rmtree(sys.argv[1], ignore_errors=True)
