"""
A view over HTTP while points come in, beside the same view of an idle server.

    python benchmarks/view_during_ingest.py [--small] [--directory DIR]

A run with a channel of 4 M sealed points is looked at: all of it, or a tenth anywhere, 1,000
columns, one view after the other as a page asks for them. First nobody writes, then 8 trainers post
batches of ten channels with 100 points at a steady 100,000 points a second in all (as 100 channels
at 1 kHz do; more would measure the queue of one core), which are sealed meanwhile, then nobody
again. The figure is the 99th percentile during ingest beside that of both idle times.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _posting import Connection, Trainer, begin, post
from _rows import Row, report
from _server import Server

BATCH, PX, DEMAND = 100_000, 1000, 5.0
TRAINERS, CHANNELS, POINTS, RATE = 8, 10, 100, 100_000


async def fill(server: Server, points: int) -> str:
    """The id of a channel with so many points, all sealed."""
    trainer = Trainer(1, BATCH)
    (connection,) = await begin(server.port, [trainer])
    for _ in range(points // BATCH):
        await post(connection, trainer.body())
    server.ask("seal")
    found = json.loads(await connection.ask("GET", f"/api/v1/runs/{trainer.run}/channels"))
    connection.close()
    return str(found["items"][0]["id"])


async def look(port: int, channel: str, points: int, count: int) -> list[float]:
    """Seconds of each of *count* views."""
    connection, rng, found = await Connection.open(port), np.random.default_rng(1), list[float]()
    for number in range(count):
        range_ = ""
        if number % 2:
            lo = int(rng.integers(0, int(points * 0.9)))
            range_ = f"&x0={lo}&x1={lo + points // 10}"
        began = time.perf_counter()
        await connection.ask("GET", f"/api/v1/channels/{channel}/points?px={PX}{range_}")
        found.append(time.perf_counter() - began)
    connection.close()
    return found


async def ingest(port: int, sent: list[int]) -> None:
    """Post at the steady rate until cancelled; *sent* holds the number of posts."""
    trainers = [Trainer(CHANNELS, POINTS, seed) for seed in range(TRAINERS)]
    connections, began = await begin(port, trainers), time.perf_counter()
    pause = TRAINERS * CHANNELS * POINTS / RATE

    async def one(number: int) -> None:
        due = began + pause * number / TRAINERS
        while True:
            await asyncio.sleep(due - time.perf_counter())
            await post(connections[number], trainers[number].body())
            sent[0] += 1
            due += pause

    await asyncio.gather(*map(one, range(TRAINERS)))


async def measure(
    server: Server, points: int, count: int
) -> tuple[list[float], list[float], float]:
    """Seconds of views of an idle server and during ingest, and points/s that came in then."""
    channel = await fill(server, points)
    await look(server.port, channel, points, count // 4)
    idle, sent = await look(server.port, channel, points, count), [0]
    work, began = asyncio.create_task(ingest(server.port, sent)), time.perf_counter()
    busy = await look(server.port, channel, points, count)
    rate = sent[0] * CHANNELS * POINTS / (time.perf_counter() - began)
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    server.ask("seal")
    return idle + await look(server.port, channel, points, count), busy, rate


def main() -> int:
    """Measure, print; 1 when the demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few points and views")
    parser.add_argument("--directory", type=Path, help="where the store is made")
    given = parser.parse_args()
    points, count = (1_000_000, 200) if given.small else (4_000_000, 1000)
    with (
        tempfile.TemporaryDirectory(dir=given.directory) as root,
        Server("agnez", root) as server,
    ):
        idle, busy, rate = asyncio.run(measure(server, points, count))
    (idle_50, idle_99), (busy_50, busy_99) = (np.percentile(one, [50, 99]) for one in (idle, busy))
    return report(
        Row(
            "view_during_ingest",
            f"view over HTTP while {rate / 1e3:.0f} k points/s come in, p99",
            f"idle view p99, {1e3 * idle_99:.1f} ms",
            f"<= {DEMAND:.0f}x",
            f"{busy_99 / idle_99:.2f}x ({1e3 * busy_99:.1f} ms; medians {1e3 * busy_50:.1f} "
            f"and {1e3 * idle_50:.1f} ms)",
            bool(busy_99 <= DEMAND * idle_99),
        )
    )


if __name__ == "__main__":
    sys.exit(main())
