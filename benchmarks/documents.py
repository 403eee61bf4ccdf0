"""
Whether a write to TinyDB costs what it changes, and not what the database holds.

    python benchmarks/documents.py [--small] [--directory DIR]

Inserts of one document each into a TinyDB table of the store, many on their way at a time so that
they share commits: into a store that holds 1,000 documents, and into one that holds 100,000, in
turns. The figure is in processor time of the whole process, so that the disk's moods don't count;
beside it the same by the clock. What is inserted is removed after each block, outside of the time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _rows import Row, report

from agnez_server.store import Change, SqliteStore

FEW, MANY, DEMAND = 1000, 100_000, 0.6
AT_A_TIME = 100


def document(number: int) -> dict[str, object]:
    """One of about 150 bytes as JSON."""
    return {
        "run": f"01J{number:023d}",
        "name": f"run {number}",
        "tags": ["baseline", "sweep"],
        "meta": {"lr": 0.001 * number, "batch": 64, "host": {"name": "gpu-1", "pid": number}},
    }


async def fill(directory: Path, count: int) -> SqliteStore:
    """A store with so many documents."""
    store = await SqliteStore.open(directory)
    for start in range(0, count, 10_000):
        some = [document(number) for number in range(start, min(count, start + 10_000))]
        await store.change(
            lambda change, some=some: change.docs.table("runs").insert_multiple(some)
        )
    return store


async def block(store: SqliteStore, count: int) -> tuple[float, float]:
    """Inserts a second: of processor time, and by the clock."""

    def insert(change: Change, number: int) -> int:
        return change.docs.table("runs").insert(document(number))

    ids = list[int]()
    cpu, clock = time.process_time(), time.perf_counter()
    for start in range(0, count, AT_A_TIME):
        ids += await asyncio.gather(
            *(store.change(lambda c, n=n: insert(c, n)) for n in range(start, start + AT_A_TIME))
        )
    took = time.process_time() - cpu, time.perf_counter() - clock
    await store.change(lambda change: change.docs.table("runs").remove(doc_ids=ids))
    return count / took[0], count / took[1]


async def measure(root: Path, rounds: int, count: int) -> dict[str, list[tuple[float, float]]]:
    """Inserts a second by the size of the store and by round."""
    found: dict[str, list[tuple[float, float]]] = {"few": [], "many": [], "few again": []}
    async with contextlib.AsyncExitStack() as stack:
        few, many = await fill(root / "few", FEW), await fill(root / "many", MANY)
        for store in (few, many):
            stack.push_async_callback(store.close)
            await block(store, count // 4)
        for _ in range(rounds):
            for name, store in (("few", few), ("many", many), ("few again", few)):
                found[name].append(await block(store, count))
    return found


def main() -> int:
    """Measure, print; 1 when the demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few inserts and rounds")
    parser.add_argument("--directory", type=Path, help="on the disk to be measured")
    given = parser.parse_args()
    rounds, count = (3, 1000) if given.small else (11, 4000)
    with tempfile.TemporaryDirectory(dir=given.directory) as root:
        found = asyncio.run(measure(Path(root), rounds, count))
    pairs = list(zip(found["few"], found["many"], found["few again"], strict=True))
    ratio = statistics.median(2 * m[0] / (f[0] + a[0]) for f, m, a in pairs)
    clock = statistics.median(2 * m[1] / (f[1] + a[1]) for f, m, a in pairs)
    control = statistics.median(a[0] / f[0] for f, _, a in pairs)
    rates = [statistics.median(cpu for cpu, _ in found[name]) for name in ("few", "many")]
    return report(
        Row(
            "documents",
            f"TinyDB inserts/s at {MANY:,} documents",
            f"{rates[0]:,.0f}/s of processor time at {FEW:,}",
            f">= {DEMAND}x",
            f"{ratio:.2f}x ({rates[1]:,.0f}/s; by the clock {clock:.2f}x; A/A {control:.2f})",
            ratio >= DEMAND,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
