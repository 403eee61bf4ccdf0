"""
The band of many ranks beside the views that it is made of.

64 ranks of a million points each in sealed chunks: mean and extremes at 400 columns (a plot of 800
pixels), of everything and of smaller ranges, beside the 64 views alone. Chunks stay decoded between
repeats, as they do for a page that looks; the first time is shown as well.

    python benchmarks/bands.py [--small]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agnez_server.api.bands import read_bands
from agnez_server.bands.members import Member, members_of
from agnez_server.store import Change, SqliteStore

PX, BATCH = 400, 100_000
DEMAND = 2.0


async def fill(store: SqliteStore, ranks: int, points: int) -> list[Member]:
    """The members of a channel with so many ranks of so many points, all sealed."""
    rng = np.random.default_rng(0)

    def append(change: Change, rank: int) -> None:
        series = change.open_series("run", 0, 1, rank)
        for start in range(0, points, BATCH):
            at = np.arange(start, start + BATCH)
            change.append(series.id, at, rng.normal(size=BATCH), at)

    for rank in range(ranks):
        await store.change(partial(append, rank=rank))
        await store.seal()
    return members_of([(s, store.stats(s.id)) for s in store.series("run")])


def timed(what: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Milliseconds: of the first time, and the median of the others."""
    found = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        what()
        found.append((time.perf_counter() - began) * 1e3)
    return found[0], statistics.median(found[1:])


async def measure(directory: Path, ranks: int, points: int, repeats: int) -> float:
    """Print what was measured; the ratio for all of it."""
    store = await SqliteStore.open(directory)
    members = await fill(store, ranks, points)
    ratio = 0.0
    for name, share in (("0.1 %", 0.001), ("10 %", 0.1), ("all", 1.0)):
        lo, hi = points * (0.5 - share / 2), points * (0.5 + share / 2)

        def views(lo: float = lo, hi: float = hi) -> None:
            for member in members:
                store.view(member.newest.series.id, lo, hi, PX)

        def band(lo: float = lo, hi: float = hi) -> None:
            read_bands(store, members, lo, hi, PX, "x")

        first, again = timed(band, repeats)
        alone = timed(views, repeats)[1]
        ratio = again / alone
        print(f"  {name:<6} band {first:7.1f} ms at first, then {again:7.1f} ms; "
              f"views alone {alone:7.1f} ms: {ratio:.2f}x")  # fmt: skip
    await store.close()
    return ratio


def main() -> int:
    """Measure, print; 1 when the demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="16 ranks of 200,000 points")
    given = parser.parse_args()
    ranks, points, repeats = (16, 200_000, 5) if given.small else (64, 1_000_000, 11)
    print(f"{ranks} ranks of {points:,} points, {PX} columns")
    with tempfile.TemporaryDirectory() as root:
        ratio = asyncio.run(measure(Path(root) / "data", ranks, points, repeats))
    print(f"  demand: at most {DEMAND:.2f}: {'met' if ratio <= DEMAND else 'MISSED'}")
    return 0 if ratio <= DEMAND else 1


if __name__ == "__main__":
    sys.exit(main())
