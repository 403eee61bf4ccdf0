"""
How long a trainer waits for its ack while the store seals.

    python benchmarks/ack.py [--small] [--directory DIR]

32 trainers with one batch of ten channels with 100 points on its way each, over HTTP to a server in
a process of its own, for some seconds, and until the store has sealed by itself: it does so after
some 2.8 M points, of which most are there when it begins. The median is of all acks, the p99 of
those that were waited for while a seal went on, which the server is asked about ten times a second.
Beside it the least such an ack can take: the 20 ms for which a commit waits for others to join it,
three times the median `fdatasync` of 64 KiB appended to a file on the same disk (measured before
and after, in this run), and 5 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _posting import Trainer, begin, deliver
from _rows import Row, report
from _server import Server

TRAINERS, CHANNELS, POINTS = 32, 10, 100
GATHER_S, SLACK_S, SYNCS = 0.020, 0.005, 3
MEDIAN, P99 = 1.0, 5.0
LOOK_S, PATIENCE, FILL_POINTS = 0.1, 12, 2_300_000


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


async def fill(server: Server) -> None:
    """Send so many points that the store will seal before long."""
    trainers = [Trainer(CHANNELS, 500, seed) for seed in range(TRAINERS)]
    connections = await begin(server.port, trainers)
    await deliver(connections, trainers, lambda sent: sent < FILL_POINTS / 5000)
    for connection in connections:
        connection.close()


@dataclass
class Acks:
    """Begin and end of each wait for an ack, and of each seal, s; how many points were sealed."""

    waits: list[tuple[float, float]] = field(default_factory=list)
    seals: list[tuple[float, float]] = field(default_factory=list)
    sealed: int = 0

    def took(self) -> list[float]:
        """How long all acks took, s."""
        return [end - began for began, end in self.waits]

    def took_while_sealing(self) -> list[float]:
        """How long those took during which there was a seal, s."""
        return [
            end - began
            for began, end in self.waits
            if any(began < seal_end and end > seal_began for seal_began, seal_end in self.seals)
        ]


async def acks(server: Server, seconds: float, seals: int) -> Acks:
    """Those of *seconds*, and of more while there were fewer than so many *seals*."""
    trainers = [Trainer(CHANNELS, POINTS, seed) for seed in range(TRAINERS)]
    connections = await begin(server.port, trainers)
    before = int((await asyncio.to_thread(server.ask, "stats"))["tail_points"])
    found, began = Acks(), time.perf_counter()

    def told(took: float) -> None:
        now = time.perf_counter()
        found.waits.append((now - took, now))

    def is_over() -> bool:
        past = time.perf_counter() - began
        return past > PATIENCE * seconds or (past > seconds and len(found.seals) >= seals)

    looking = asyncio.create_task(look(server, found, is_over))
    await deliver(connections, trainers, lambda _: not is_over(), told)
    await looking
    left = int((await asyncio.to_thread(server.ask, "stats"))["tail_points"])
    for connection in connections:
        connection.close()
    found.sealed = before + len(found.waits) * CHANNELS * POINTS - left
    return found


async def look(server: Server, found: Acks, is_over: Callable[[], bool]) -> None:
    """Note the seals, until it is over."""
    last = (await asyncio.to_thread(server.ask, "stats"))["last_seal_s"]
    while not is_over():
        took, now = (
            (await asyncio.to_thread(server.ask, "stats"))["last_seal_s"],
            time.perf_counter(),
        )
        if took != last:
            found.seals.append((now - took - LOOK_S, now))
            last = took
        await asyncio.sleep(LOOK_S)


def main() -> int:
    """Measure, print; 1 when a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few seconds")
    parser.add_argument("--directory", type=Path, help="on the disk to be measured")
    given = parser.parse_args()
    seconds, seals, count = (3.0, 1, 50) if given.small else (30.0, 4, 200)
    with tempfile.TemporaryDirectory(dir=given.directory) as root:
        syncs = sync_times(Path(root) / "syncs", count)
        with Server("agnez", str(Path(root) / "data")) as server:
            asyncio.run(acks(server, 1.0, 0))  # warm
            server.ask("seal")
            asyncio.run(fill(server))
            found = asyncio.run(acks(server, seconds, seals))
        syncs += sync_times(Path(root) / "syncs", count)
    limit = GATHER_S + SYNCS * statistics.median(syncs) + SLACK_S
    middle, beside_seals = np.median(found.took()), found.took_while_sealing()
    late = np.percentile(beside_seals, 99) if beside_seals else np.inf
    beside = (
        f"20 ms + 3 x fdatasync ({1e3 * statistics.median(syncs):.1f} ms) + 5 ms = "
        f"{1e3 * limit:.1f} ms"
    )
    what = f"ack, {TRAINERS} trainers"
    while_sealing = (
        f"p99 of {len(beside_seals):,} while sealing ({len(found.seals)} seals, "
        f"{found.sealed / 1e6:.1f} M points)"
    )
    return report(
        *(
            Row("ack", f"{what}: {name}", beside, f"<= {demand:.0f}x",
                f"{took / limit:.2f}x ({1e3 * took:.0f} ms)", bool(took <= demand * limit))
            for name, took, demand in (("median", middle, MEDIAN), (while_sealing, late, P99))
        )
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
