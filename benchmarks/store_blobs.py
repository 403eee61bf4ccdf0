"""
Durable blobs: the store beside plain files that are synced.

Thumbnails: 16 callers with blobs of 5,000 bytes through `Store.put_blob`; beside it the same bytes
each written to a file, synced and renamed. An artefact: one blob of 64 MiB in pieces of 64 KiB;
beside it the same pieces hashed, written to a file and synced. In turn, in each round; the files
twice, which shows how far two equal things differ here.

    python benchmarks/store_blobs.py [--small] [--directory DIR]
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import itertools
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agnez_server.store import SqliteStore

CALLERS, SMALL, PIECE = 16, 5_000, 1 << 16
DEMANDS = {"thumbnails": 2.0, "artefact": 0.0}
ORDERS = list(itertools.permutations(("store", "files", "files again")))


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    """*data* as it comes from a socket."""
    for at in range(0, len(data), PIECE):
        yield data[at : at + PIECE]


async def into_store(directory: Path, blobs: list[bytes]) -> float:
    """Seconds until all *blobs* are acked; the store is opened and closed outside."""
    store = await SqliteStore.open(directory)
    waiting = list(blobs)

    async def call() -> None:
        while waiting:
            data = waiting.pop()
            await store.put_blob(hashlib.sha256(data).hexdigest(), "a/b", pieces(data), len(data))

    began = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(CALLERS)))
    took = time.perf_counter() - began
    await store.close()
    return took


def into_files(directory: Path, blobs: list[bytes]) -> float:
    """Seconds to write each to a file of its own, synced and renamed, and to hash it."""
    directory.mkdir()
    began = time.perf_counter()
    for data in blobs:
        found = hashlib.sha256()
        draft = directory / "draft"
        with draft.open("wb") as file:
            for at in range(0, len(data), PIECE):
                file.write(data[at : at + PIECE])
                found.update(data[at : at + PIECE])
            file.flush()
            os.fsync(file.fileno())
        draft.rename(directory / found.hexdigest())
    return time.perf_counter() - began


def measure(root: Path, rounds: int, blobs: list[bytes]) -> dict[str, list[float]]:
    """Seconds, by what was measured and round."""
    ways: dict[str, Callable[[Path], float]] = {
        "store": lambda path: asyncio.run(into_store(path, blobs)),
        "files": lambda path: into_files(path, blobs),
        "files again": lambda path: into_files(path, blobs),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in ORDERS[number % len(ORDERS)]:
            os.sync()  # what the one before left to be written must not slow this one
            with tempfile.TemporaryDirectory(dir=root) as place:
                found[name].append(ways[name](Path(place) / "data"))
    return found


def report(name: str, blobs: list[bytes], found: dict[str, list[float]]) -> bool:
    """Print what was found; whether it is as demanded."""
    size = sum(map(len, blobs)) / 1e6
    print(f"{name}: {len(blobs)} of {len(blobs[0])} bytes, {len(found['store'])} rounds")
    for way, values in found.items():
        took = statistics.median(values)
        print(f"  {way:<11} median {len(blobs) / took:8.0f} /s, {size / took:6.1f} MB/s")
    both = list(zip(found["files"], found["store"], found["files again"], strict=True))
    ratio = statistics.median(files / store for files, store, _ in both)
    control = statistics.median(files / again for files, _, again in both)
    is_met = ratio >= DEMANDS[name]
    print(f"  store / files {ratio:.2f}, files again / files {control:.2f}")
    if DEMANDS[name]:
        print(f"  demand: at least {DEMANDS[name]:.2f}: {'met' if is_met else 'MISSED'}")
    return is_met


def main() -> int:
    """Measure, print; 1 when a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few blobs and rounds")
    parser.add_argument("--directory", type=Path, help="on the disk to be measured")
    given = parser.parse_args()
    rounds, count, large = (3, 200, 8 << 20) if given.small else (12, 1000, 64 << 20)
    cases = {"thumbnails": [os.urandom(SMALL) for _ in range(count)], "artefact": [bytes(large)]}
    with tempfile.TemporaryDirectory(dir=given.directory) as root:
        met = [
            report(name, blobs, measure(Path(root), rounds, blobs)) for name, blobs in cases.items()
        ]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
