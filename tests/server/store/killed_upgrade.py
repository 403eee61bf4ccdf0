"""Run by a test: opens an old store and is killed when it comes to a named function."""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import sys
from pathlib import Path

from agnez_server.store import SqliteStore


def die(*args: object) -> None:
    """End as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    module, name = sys.argv[2].rsplit(".", 1)
    setattr(importlib.import_module(module), name, die)
    await SqliteStore.open(Path(sys.argv[1]))


asyncio.run(main())
