"""
How long a store takes to open after its process was killed.

    python benchmarks/reopen.py [--small] [--directory DIR]

A data directory with 100,000 documents and 32 MiB of points that are not sealed, copied while it is
open: as a killed process leaves it, with everything in the write-ahead log. Each round takes a new
copy and a new process, which reads the documents' bytes, parses them all (`orjson.loads`, garbage
collection off: what no way to open can do without), then opens the store. In other processes, from
their start to the first answer, a whole server on such a copy, and one on an empty directory.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import numpy as np
import orjson

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _rows import Row, report
from _server import Server
from documents import document

from agnez_server.store import Change, SqliteStore, StoreOptions

DEMAND, BATCH, CHANNELS = 3.0, 10_000, 100


async def make(directory: Path, copy: Path, documents: int, log_bytes: int) -> None:
    """Fill a store at *directory*, and copy it while it is open."""
    store = await SqliteStore.open(
        directory, options=StoreOptions(seal_bytes=1 << 40, checkpoint_bytes=1 << 40)
    )
    rng = np.random.default_rng(0)

    def append(change: Change, number: int) -> None:
        series = change.open_series("run", number % CHANNELS, 1, 0)
        x, wall = np.arange(BATCH), np.cumsum(rng.integers(900, 1100, BATCH))
        change.append(series.id, x + number // CHANNELS * BATCH, rng.normal(size=BATCH), wall)

    def insert(change: Change, start: int) -> None:
        some = [document(n) for n in range(start, min(start + 5000, documents))]
        change.docs.table("documents").insert_multiple(some)

    for start in range(0, documents, 5000):
        await store.change(lambda change, start=start: insert(change, start))
    number = 0
    while store.store_stats().log_bytes < log_bytes:
        await store.change(lambda change, number=number: append(change, number))
        number += 1
    shutil.copytree(directory, copy)
    await store.close()


def measure_here(directory: Path) -> tuple[float, float]:
    """Seconds to parse all documents, and to open the store; for a process of its own."""
    con = sqlite3.connect(f"file:{directory / 'agnez.db'}?mode=ro", uri=True)
    bodies = [body for (body,) in con.execute("select body from doc")]
    con.close()
    gc.disable()
    began = time.perf_counter()
    parsed = [orjson.loads(body) for body in bodies]
    loads = time.perf_counter() - began
    del parsed, bodies
    gc.enable()

    async def open_it() -> float:
        began = time.perf_counter()
        store = await SqliteStore.open(directory)
        took = time.perf_counter() - began
        await store.close()
        return took

    return loads, asyncio.run(open_it())


def measure_open(source: Path, place: Path) -> tuple[float, float]:
    """`measure_here` on a copy of *source*, in a new process."""
    shutil.copytree(source, place)
    done = subprocess.run(
        [sys.executable, __file__, "--here", str(place)], capture_output=True, text=True, check=True
    )
    shutil.rmtree(place)
    loads, took = json.loads(done.stdout)
    return loads, took


def measure_server(source: Path | None, place: Path) -> float:
    """Seconds from the start of a server's process to its first answer."""
    if source is not None:
        shutil.copytree(source, place)
    began = time.perf_counter()
    with Server("agnez", str(place)) as server:
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/api/v1/health").close()
        took = time.perf_counter() - began
    shutil.rmtree(place)
    return took


def main() -> int:
    """Measure, print; 1 when the demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few documents and rounds")
    parser.add_argument("--directory", type=Path, help="on the disk to be measured")
    parser.add_argument("--here", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:
        print(json.dumps(measure_here(given.here)))
        return 0
    documents, mib, rounds = (20_000, 8, 3) if given.small else (100_000, 32, 9)
    with tempfile.TemporaryDirectory(dir=given.directory) as name:
        root = Path(name)
        asyncio.run(make(root / "made", root / "killed", documents, mib << 20))
        found = [measure_open(root / "killed", root / "copy") for _ in range(rounds)]
        whole = statistics.median(measure_server(root / "killed", root / "copy") for _ in range(3))
        empty = statistics.median(measure_server(None, root / "copy") for _ in range(3))
    ratio = statistics.median(took / loads for loads, took in found)
    loads, took = (statistics.median(column) for column in zip(*found, strict=True))
    what = f"{documents:,} documents and {mib} MiB of log"
    return report(
        Row("reopen", f"reopen with {what}", f"`orjson.loads` of these, {1e3 * loads:.0f} ms",
            f"<= {DEMAND:.0f}x", f"{ratio:.2f}x ({1e3 * took:.0f} ms)", ratio <= DEMAND),
        Row("reopen", f"start of the server with {what} to its first answer",
            f"with an empty directory, {empty:.2f} s", "", f"{whole:.2f} s"),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
