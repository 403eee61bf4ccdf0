"""Run by a test: fills a store whose files may not grow, then lets them; prints what was acked."""

from __future__ import annotations

import asyncio
import logging
import resource
import sys
from functools import partial
from pathlib import Path

import numpy as np

from agnez_server.errors import StoreReadOnly
from agnez_server.store import SqliteStore, StoreOptions

BATCH = 5000


async def main() -> None:
    logging.disable()
    options = StoreOptions(probe_interval_s=0.01)
    store = await SqliteStore.open(Path(sys.argv[1]), options=options)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    acked = await fill(store, 0)
    assert store.store_stats().read_only is not None
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    async with asyncio.timeout(30):
        await store.writable()
    for _ in range(3):
        await store.change(partial(append, acked))
        acked += BATCH
    await store.close()
    sys.stdout.write(str(acked))


async def fill(store: SqliteStore, acked: int) -> int:
    """Append batches until the store refuses."""
    while True:
        try:
            await store.change(partial(append, acked))
        except StoreReadOnly:
            return acked
        acked += BATCH


def append(start: int, change) -> None:
    """A batch whose y goes on counting."""
    at = np.arange(start, start + BATCH)
    change.append(change.open_series("run", 0, 1, 0).id, at, at.astype(float), at)


asyncio.run(main())
