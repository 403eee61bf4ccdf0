"""
Durable points a second: the store beside the least that any store must do.

16 callers, each with one batch of 10,000 points on its way, through `Store.change`; beside it the
same bytes (24 a point) appended to a plain file with `fdatasync` after each 20,000 points. Both in
each round, in turn; the file twice, which shows how far two equal things differ here. A short run
is a burst, which is sealed mostly afterwards; with ``--batches 64`` sealing goes on meanwhile.

    python benchmarks/store_ingest.py [--small] [--batches N] [--directory DIR]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _rows import Row, report

from agnez_server.store import Change, SqliteStore

CALLERS, BATCH, SYNC_POINTS, POINT_BYTES = 16, 10_000, 20_000, 24
DEMAND = 0.50
ORDERS = list(itertools.permutations(("store", "file", "file again")))


def columns(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and wall of one batch."""
    rng = np.random.default_rng(seed)
    return np.arange(BATCH), rng.normal(size=BATCH), np.cumsum(rng.integers(900, 1100, BATCH))


async def into_store(directory: Path, batches: int) -> float:
    """Seconds until *batches* a caller are acked; the store is opened and closed outside."""
    store = await SqliteStore.open(directory)

    async def call(channel: int) -> None:
        x, y, wall = columns(channel)

        def append(change: Change, number: int) -> None:
            series = change.open_series("run", channel, 1, 0)
            change.append(series.id, x + number * BATCH, y, wall + number * wall[-1])

        for number in range(batches):
            await store.change(partial(append, number=number))

    began = time.perf_counter()
    await asyncio.gather(*(call(channel) for channel in range(CALLERS)))
    took = time.perf_counter() - began
    await store.close()
    return took


def into_file(path: Path, batches: int) -> float:
    """Seconds to append as many points to a file, synced each 20,000."""
    block = b"".join(column.tobytes() for column in columns(0)) * (SYNC_POINTS // BATCH)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    began = time.perf_counter()
    for _ in range(CALLERS * batches * BATCH // SYNC_POINTS):
        os.write(fd, block)
        os.fdatasync(fd)
    took = time.perf_counter() - began
    os.close(fd)
    return took


def measure(root: Path, rounds: int, batches: int) -> dict[str, list[float]]:
    """Million points a second, by what was measured and round."""
    points = CALLERS * batches * BATCH / 1e6
    ways: dict[str, Callable[[Path], float]] = {
        "store": lambda path: asyncio.run(into_store(path, batches)),
        "file": lambda path: into_file(path, batches),
        "file again": lambda path: into_file(path, batches),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in ORDERS[number % len(ORDERS)]:
            os.sync()  # what the one before left to be written must not slow this one
            with tempfile.TemporaryDirectory(dir=root) as place:
                found[name].append(points / ways[name](Path(place) / "data"))
    return found


def main() -> int:
    """Measure, print; 1 when the demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few points and rounds")
    parser.add_argument("--directory", type=Path, help="on the disk to be measured")
    parser.add_argument("--batches", type=int, help="of each caller; 64 are 10 M points")
    given = parser.parse_args()
    rounds, batches = (3, 4) if given.small else (12, 16)
    batches = given.batches or batches
    with tempfile.TemporaryDirectory(dir=given.directory) as root:
        found = measure(Path(root), rounds, batches)
    ratio = statistics.median(s / f for s, f in zip(found["store"], found["file"], strict=True))
    control = statistics.median(
        a / f for a, f in zip(found["file again"], found["file"], strict=True)
    )
    ours, raw = statistics.median(found["store"]), statistics.median(found["file"])
    return report(
        Row(
            "store_ingest",
            f"durable points/s, {CALLERS} callers x {BATCH:,} points",
            f"raw append + `fdatasync` per {SYNC_POINTS:,} points, {raw:.1f} M/s",
            f">= {DEMAND:.0%}",
            f"{ratio:.0%} ({ours:.1f} M/s, {min(found['store']):.1f} to "
            f"{max(found['store']):.1f}; A/A {control:.2f})",
            ratio >= DEMAND,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
