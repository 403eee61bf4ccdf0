"""Run by a test, which kills it: writes batches of several channels and tells what was acked."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import numpy as np
from tinydb.table import Document

from agnez_server.store import Mark, SqliteStore, StoreOptions

CHANNELS = 4
BATCH = 300


def spool_of(channel: int) -> bytes:
    """The name under which a channel's mark is kept."""
    return bytes([channel]) * 16


async def main() -> None:
    options = StoreOptions(seal_bytes=60_000, checkpoint_bytes=200_000)
    store = await SqliteStore.open(Path(sys.argv[1]), options=options)
    await asyncio.gather(*(write(store, channel) for channel in range(CHANNELS)))


async def write(store: SqliteStore, channel: int) -> None:
    """Go on from the channel's mark, for as long as the process lives."""
    while True:
        points = await store.change(lambda change: batch(change, channel))
        os.write(1, b"%d %d\n" % (channel, points))


def batch(change, channel: int) -> int:
    """One batch, its mark, and a document that says how far it is."""
    start = change.mark(spool_of(channel)).points
    end, at = start + BATCH, np.arange(start, start + BATCH)
    change.append(change.open_series("run", channel, 1, 0).id, at, at.astype(float), at)
    change.set_mark(spool_of(channel), "run", Mark(0, end))
    change.docs.table("progress").upsert(Document({"points": end}, channel + 1))
    return end


if __name__ == "__main__":
    asyncio.run(main())
