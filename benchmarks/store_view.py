"""
The view of a long series beside reading a short one raw.

10 million points (a sine, noise, a few spikes) in sealed chunks: the M4 of all of them at 1000
columns, and of smaller ranges, beside decoding 1 million points. Nothing is kept in memory between
two measurements, except where it says so; the file is in the system's page cache.

    python benchmarks/store_view.py [--small] [--directory DIR]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agnez_server.store import Change, SqliteStore, StoreOptions

PX, BATCH = 1000, 100_000
DEMAND = 1.0


async def fill(directory: Path, points: int) -> int:
    """A store with a series of so many points, all sealed; its spikes are 1e6 high."""
    store = await SqliteStore.open(directory)
    rng = np.random.default_rng(0)

    def append(change: Change, start: int) -> int:
        at = np.arange(start, start + BATCH)
        y = np.sin(at / 50_000) + rng.normal(size=BATCH).astype(np.float32)
        y[rng.integers(BATCH)] = 1e6
        series = change.open_series("run", 0, 1, 0)
        change.append(
            series.id, at, y, 1_700_000_000_000_000 + 1000 * at + rng.integers(0, 99, BATCH)
        )
        return series.id

    series = 0
    for start in range(0, points, BATCH):
        series = await store.change(lambda change, start=start: append(change, start))
    await store.seal()
    await store.close()
    return series


def timed(what: Callable[[], object], repeats: int) -> list[float]:
    """Milliseconds, ascending."""
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        what()
        found.append((time.perf_counter() - began) * 1e3)
    return sorted(found)


async def measure(
    directory: Path, series: int, points: int, repeats: int
) -> dict[str, list[float]]:
    """Milliseconds by what was measured."""
    found = {}
    bare = await SqliteStore.open(directory, options=StoreOptions(cache_bytes=0))
    seen = bare.view(series, None, None, PX)
    assert np.count_nonzero(seen.y == 1e6) == points // BATCH, "a spike was lost"
    for name, share in (("all", 1.0), ("10 %", 0.1), ("1 %", 0.01), ("0.1 %", 0.001)):
        lo, hi = points * (0.5 - share / 2), points * (0.5 + share / 2)
        found[f"view of {name}"] = timed(
            lambda lo=lo, hi=hi: bare.view(series, lo, hi, PX), repeats
        )
    found["view of all, by wall time"] = timed(
        lambda: bare.view(series, None, None, PX, "wall"), repeats
    )
    found["decoding 1 M points"] = timed(lambda: bare.raw(series, 0, 1_000_000), repeats)
    await bare.close()
    warm = await SqliteStore.open(directory)
    warm.view(series, None, None, PX)
    found["view of all, decoded before"] = timed(lambda: warm.view(series, None, None, PX), repeats)
    await warm.close()
    return found


def main() -> int:
    """Measure, print; 1 when the demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="2 million points, few repeats")
    parser.add_argument("--directory", type=Path, help="where the store is made")
    given = parser.parse_args()
    points, repeats = (2_000_000, 5) if given.small else (10_000_000, 21)
    with tempfile.TemporaryDirectory(dir=given.directory) as root:
        series = asyncio.run(fill(Path(root) / "data", points))
        found = asyncio.run(measure(Path(root) / "data", series, points, repeats))
        size = (Path(root) / "data" / "agnez.db").stat().st_size
    print(f"{points / 1e6:.0f} M points, {size / points:.1f} bytes each on disk, {PX} columns")
    for name, values in found.items():
        print(
            f"  {name:<28} median {statistics.median(values):7.1f} ms, worst {values[-1]:7.1f} ms"
        )
    ratio = statistics.median(found["view of all"]) / statistics.median(
        found["decoding 1 M points"]
    )
    print(f"  view of all / decoding 1 M: {ratio:.2f}")
    print(f"  demand: at most {DEMAND:.2f}: {'met' if ratio <= DEMAND else 'MISSED'}")
    return 0 if ratio <= DEMAND else 1


if __name__ == "__main__":
    sys.exit(main())
