"""
The view of 100 million points beside reading a million raw.

One series (a sine, noise, a few spikes) in sealed chunks: the true M4 of all of it at 1,000
columns, and of ranges with borders anywhere, by x and by wall time, beside decoding 1 million raw
points of the same file. Nothing that was decoded is kept between two measurements; the file is in
the system's page cache. That the answer is M4 is checked against all points: the
smallest and largest of each column are among those returned (those of blocks that lie across a
border in one of its two columns, see `Store.view`), and so are both ends.

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

from _rows import Row, report

from agnez_server.store import Change, Columns, SqliteStore, StoreOptions

PX, BATCH, MOST_POINTS = 1000, 500_000, 100_000_000
WALL_US, STEP_US, JITTER_US = 1_700_000_000_000_000, 1000, 400
WHOLE, UNALIGNED = 0.5, 1.5
SHARES = (0.337, 0.0713, 0.0119)
Axis = str


def batch(start: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x, y and wall of the points from *start* on: the same whenever asked; its spike is 1e6."""
    rng = np.random.default_rng(start)
    x = np.arange(start, start + BATCH)
    y = np.sin(x / 50_000) + rng.standard_normal(BATCH, np.float32)
    y[rng.integers(BATCH)] = 1e6
    return x, y, WALL_US + STEP_US * x + rng.integers(0, JITTER_US, BATCH)


async def fill(directory: Path, points: int) -> int:
    """A store with a series of so many points, all sealed; returns the id."""
    store = await SqliteStore.open(directory, options=StoreOptions(synchronous="normal"))

    def append(change: Change, start: int) -> int:
        series = change.open_series("run", 0, 1, 0)
        x, y, wall = batch(start)
        change.append_block([series.id], [BATCH], x, y, wall)
        return series.id

    series = 0
    for start in range(0, points, BATCH):
        series = await store.change(lambda change, start=start: append(change, start))
    await store.seal()
    await store.close()
    return series


def places(values: np.ndarray, span: tuple[int, int]) -> np.ndarray:
    """The column of each value."""
    low, high = span
    return np.minimum(((values - low) * (PX / (high - low))).astype(np.int64), PX - 1)


def extremes(at: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest y of each column; *at* ascends."""
    low, high = np.full(PX, np.inf), np.full(PX, -np.inf)
    starts = np.flatnonzero(np.diff(at, prepend=-1))
    low[at[starts]] = np.minimum.reduceat(y, starts)
    high[at[starts]] = np.maximum.reduceat(y, starts)
    return low, high


def check_m4(seen: Columns, points: int, axis: Axis) -> None:
    """Compare the view of all points with what all points say, column by column."""
    column = 0 if axis == "x" else 2
    span = int(batch(0)[column][0]), int(batch(points - BATCH)[column][-1])
    lowest, highest = np.full(PX, np.inf), np.full(PX, -np.inf)
    for start in range(0, points, BATCH):
        part = batch(start)
        low, high = extremes(places(part[column], span), part[1])
        lowest, highest = np.minimum(lowest, low), np.maximum(highest, high)
    at = places(seen.x if axis == "x" else seen.wall, span)
    for way, true, found in zip((1, -1), (lowest, highest), extremes(at, seen.y), strict=True):
        beside = np.stack([np.roll(found, shift) for shift in (-1, 0, 1)])
        assert (way * found >= way * true).all(), "a point that there is not"
        assert ((way * beside).min(0) <= way * true).all(), "an extreme is hidden"
    assert seen.ordinal[0] == 0 and seen.ordinal[-1] == points - 1, "an end is missing"


def timed(what: Callable[[], object], repeats: int) -> float:
    """Median milliseconds."""
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        what()
        found.append((time.perf_counter() - began) * 1e3)
    return statistics.median(found)


def unaligned(points: int, axis: Axis, share: float, seed: int) -> tuple[float, float]:
    """A range somewhere, whose borders lie within chunks and between points."""
    lo = float(np.random.default_rng(seed).uniform(0, points * (1 - share)))
    hi = lo + points * share
    return (lo, hi) if axis == "x" else (WALL_US + STEP_US * lo, WALL_US + STEP_US * hi)


async def measure(directory: Path, series: int, points: int, repeats: int) -> dict[str, float]:
    """Milliseconds by what was measured."""
    store = await SqliteStore.open(directory, options=StoreOptions(cache_bytes=0))
    found = {"raw": timed(lambda: store.raw(series, 0, 1_000_000), repeats)}
    for axis in ("x", "wall"):
        check_m4(store.view(series, None, None, PX, axis), points, axis)
        found[axis] = timed(lambda axis=axis: store.view(series, None, None, PX, axis), repeats)
        for share in SHARES:
            ranges = [unaligned(points, axis, share, seed) for seed in range(repeats)]
            took = [timed(lambda r=r, a=axis: store.view(series, *r, PX, a), 1) for r in ranges]
            worst = statistics.median(took)
            found[f"{axis} unaligned"] = max(found.get(f"{axis} unaligned", 0.0), worst)
    found["raw"] = (found["raw"] + timed(lambda: store.raw(series, 0, 1_000_000), repeats)) / 2
    await store.close()
    return found


def main() -> int:
    """Measure, print; 1 when a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="4 million points, few repeats")
    parser.add_argument("--directory", type=Path, help="where the store is made (2 GB)")
    given = parser.parse_args()
    points, repeats = (4_000_000, 5) if given.small else (MOST_POINTS, 15)
    with tempfile.TemporaryDirectory(dir=given.directory) as root:
        series = asyncio.run(fill(Path(root) / "data", points))
        found = asyncio.run(measure(Path(root) / "data", series, points, repeats))
    rows = []
    for axis in ("x", "wall"):
        for name, key, most in (
            ("all", axis, WHOLE),
            ("worst of three ranges with unaligned borders", f"{axis} unaligned", UNALIGNED),
        ):
            ratio = found[key] / found["raw"]
            rows.append(
                Row("store_view", f"{points / 1e6:.0f} M points, {PX:,} columns, by {axis}: {name}",
                    f"decoding 1 M raw points, {found['raw']:.0f} ms", f"<= {most}x",
                    f"{ratio:.2f}x ({found[key]:.1f} ms)", ratio <= most)
            )  # fmt: skip
    return report(*rows)


if __name__ == "__main__":
    sys.exit(main())
