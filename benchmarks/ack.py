"""
How long a trainer waits for its ack while the store seals.

    python benchmarks/ack.py [--small] [--directory DIR]

32 trainers with one batch of ten channels with 100 points on its way each, for some seconds, over
HTTP to a server in a process of its own; about 1 M points are sealed every few seconds. Beside it
the least such an ack can take: the 20 ms for which a commit waits for others to join it, three
times the median `fdatasync` of 64 KiB appended to a file on the same disk (measured before and
after, in this run), and 5 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _posting import Trainer, begin, deliver
from _rows import Row, report
from _server import Server

TRAINERS, CHANNELS, POINTS = 32, 10, 100
GATHER_S, SLACK_S, SYNCS = 0.020, 0.005, 3
MEDIAN, P99 = 1.0, 5.0


def sync_times(path: Path, count: int) -> list[float]:
    """Seconds of each `fdatasync` after 64 KiB were appended."""
    fd, block, found = (
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND),
        os.urandom(1 << 16),
        [],
    )
    for _ in range(count):
        os.write(fd, block)
        began = time.perf_counter()
        os.fdatasync(fd)
        found.append(time.perf_counter() - began)
    os.close(fd)
    path.unlink()
    return found


async def acks(server: Server, seconds: float) -> tuple[list[float], int]:
    """How long each ack took, s; and how many points were sealed meanwhile."""
    trainers = [Trainer(CHANNELS, POINTS, seed) for seed in range(TRAINERS)]
    connections = await begin(server.port, trainers)
    found = list[float]()
    end = time.perf_counter() + seconds
    await deliver(connections, trainers, lambda _: time.perf_counter() < end, found.append)
    left = int(server.ask("stats")["tail_points"])
    for connection in connections:
        connection.close()
    return found, len(found) * CHANNELS * POINTS - left


def main() -> int:
    """Measure, print; 1 when a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few seconds")
    parser.add_argument("--directory", type=Path, help="on the disk to be measured")
    given = parser.parse_args()
    seconds, count = (6.0, 50) if given.small else (30.0, 200)
    with tempfile.TemporaryDirectory(dir=given.directory) as root:
        syncs = sync_times(Path(root) / "syncs", count)
        with Server("agnez", str(Path(root) / "data")) as server:
            asyncio.run(acks(server, 1.0))  # warm
            server.ask("seal")
            found, sealed = asyncio.run(acks(server, seconds))
        syncs += sync_times(Path(root) / "syncs", count)
    limit = GATHER_S + SYNCS * statistics.median(syncs) + SLACK_S
    middle, late = np.percentile(found, [50, 99])
    beside = (
        f"20 ms + 3 x fdatasync ({1e3 * statistics.median(syncs):.1f} ms) + 5 ms = "
        f"{1e3 * limit:.1f} ms"
    )
    what = f"ack, {TRAINERS} trainers, {sealed / 1e6:.1f} M points sealed meanwhile"
    return report(
        *(
            Row("ack", f"{what}: {name}", beside, f"<= {demand:.0f}x",
                f"{took / limit:.2f}x ({1e3 * took:.0f} ms)", bool(took <= demand * limit))
            for name, took, demand in (("median", middle, MEDIAN), ("p99", late, P99))
        )
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
