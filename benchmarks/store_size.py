"""
Bytes that a point takes on disk, beside the 24 of three plain columns.

    python benchmarks/store_size.py [--small] [--directory DIR]

Eight series of points that nothing can compress well: x is the step, y is noise (float64, and
float32 as most trainings have it), and the times are those of a loop whose steps take 1 ms, give or
take some 3 %. Batches of 1,000, sealed by the store as it does by itself. The figure is the size of
the closed file, with its summaries, indexes, free pages and all, by the number of points.

"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _rows import Row, report

from agnez_server.store import Change, SqliteStore

SERIES, BATCH, RAW = 8, 1000, 24
DEMANDS = {"float64": 0.42, "float32": 0.27}
WALL_US = 1_763_736_000_000_000


async def fill(directory: Path, kind: str, batches: int) -> None:
    """A store with so many *batches* in each of the series, closed."""
    store = await SqliteStore.open(directory)
    rng = np.random.default_rng(0)
    walls = [WALL_US] * SERIES

    def append(change: Change, number: int) -> None:
        for channel in range(SERIES):
            y = rng.normal(size=BATCH).astype(kind).astype(np.float64)
            wall = walls[channel] + np.cumsum(rng.normal(1000, 30, BATCH).astype(np.int64))
            walls[channel] = int(wall[-1])
            series = change.open_series("run", channel, 1, 0)
            change.append(series.id, np.arange(number * BATCH, (number + 1) * BATCH), y, wall)

    for number in range(batches):
        await store.change(lambda change, number=number: append(change, number))
    await store.seal()
    await store.close()


def size(path: Path) -> int:
    """Of all files of the store, bytes."""
    return sum(file.stat().st_size for file in path.iterdir())


def main() -> int:
    """Measure, print; 1 when a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="fewer points")
    parser.add_argument("--directory", type=Path, help="where the store is made")
    given = parser.parse_args()
    batches = 250 if given.small else 1000
    points, rows = batches * BATCH * SERIES, []
    for kind, demand in DEMANDS.items():
        with tempfile.TemporaryDirectory(dir=given.directory) as root:
            asyncio.run(fill(Path(root), kind, batches))
            each = size(Path(root)) / points
        rows.append(
            Row("store_size", f"bytes a point on disk, noisy {kind} y, {points / 1e6:.0f} M points",
                f"{RAW} of three plain columns", f"<= {demand}x",
                f"{each / RAW:.3f}x ({each:.2f} bytes)", each <= demand * RAW)
        )  # fmt: skip
    return report(*rows)


if __name__ == "__main__":
    sys.exit(main())
