"""Run by a test, which kills it: writes batches of several channels and tells what was acked."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from pathlib import Path

import numpy as np
from tinydb.table import Document

from agnez_server.store import BlobRef, Line, Mark, SqliteStore, StoreOptions

CHANNELS = 4
BATCH = 300


def spool_of(channel: int) -> bytes:
    """The name under which a channel's mark is kept."""
    return bytes([channel]) * 16


def blob_of(channel: int, number: int) -> bytes:
    """The blob that the entry *number* of a channel names; each eighth lies in a file."""
    seed = f"{channel} {number} ".encode()
    return seed * (150_000 if number % 8 == 7 else 20)


async def main() -> None:
    options = StoreOptions(
        seal_bytes=60_000,
        short_tail=0,
        checkpoint_bytes=200_000,
        collect_interval_s=0.01,
        unnamed_for_s=3.0,
    )
    store = await SqliteStore.open(Path(sys.argv[1]), options=options)
    await asyncio.gather(*(write(store, channel) for channel in range(CHANNELS)))


async def write(store: SqliteStore, channel: int) -> None:
    """Go on from the channel's mark, for as long as the process lives."""
    while True:
        number = await store.change(lambda change: change.mark(spool_of(channel)).points) // BATCH
        data = blob_of(channel, number)
        ref = await store.put_blob(hashlib.sha256(data).hexdigest(), "a/b", pieces(data), 1 << 30)
        points = await store.change(lambda change, ref=ref: batch(change, channel, ref))
        os.write(1, b"%d %d\n" % (channel, points))


async def pieces(data: bytes):
    """*data* as it comes from a socket."""
    for at in range(0, len(data), 1 << 18):
        yield data[at : at + (1 << 18)]


def batch(change, channel: int, ref: BlobRef) -> int:
    """One batch, its mark, an entry that names a blob, a line, and a document: how far it is."""
    start = change.mark(spool_of(channel)).points
    end, at = start + BATCH, np.arange(start, start + BATCH)
    change.append(change.open_series("run", channel, 1, 0).id, at, at.astype(float), at)
    entries = change.open_series("run", CHANNELS + channel, 1, 0).id
    change.append_entries(
        entries, [start], [0], [json.dumps({"sha256": ref.sha256}).encode()], [ref]
    )
    change.put_lines("run", [Line(channel, 0, start // BATCH, 0, "stdout", f"{start}")])
    change.set_mark(spool_of(channel), "run", Mark(0, end))
    change.docs.table("progress").upsert(Document({"points": end}, channel + 1))
    return end


if __name__ == "__main__":
    asyncio.run(main())
