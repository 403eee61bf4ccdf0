"""
What a durable POST costs the server: its processor time beside that of aiohttp alone.

    python benchmarks/post.py [--small] [--directory DIR]

Two kinds of bodies as the SDK sends them: ten channels with 100 points each, from 32 trainers, and
one channel with 10,000 points, from 16. Each trainer has one batch on its way. The server is the
whole of it: middlewares, the store on a disk, its writer and the sealing of everything; beside it
a bare aiohttp server that reads the same body and answers a few bytes. Both in processes of their
own which tell their own processor time, all threads of it; measured in turns, in blocks, the echo
twice in each round (A/A). The store seals what is left before its time is read.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _posting import Trainer, begin, deliver
from _rows import Row, report
from _server import Server


@dataclass(frozen=True, slots=True)
class Body:
    """A kind of body, who sends it, and what the server may cost in echoes."""

    channels: int
    points: int
    trainers: int
    posts: int
    demand: float

    def __str__(self) -> str:
        return f"{self.channels}x{self.points:,}"


BODIES = (Body(10, 100, 32, 1600, 4.0), Body(1, 10_000, 16, 400, 8.0))


async def block(server: Server, body: Body, posts: int) -> float:
    """Processor time of *server* for one post, s."""
    trainers = [Trainer(body.channels, body.points, seed) for seed in range(body.trainers)]
    connections = await begin(server.port, trainers)
    before = server.ask("seal")
    count = await deliver(connections, trainers, lambda sent: sent < posts)
    took = server.ask("seal") - before
    for connection in connections:
        connection.close()
    return float(took) / count


def measure(root: Path, body: Body, rounds: int, posts: int) -> dict[str, list[float]]:
    """Microseconds of the processor a post, by server and round."""
    found: dict[str, list[float]] = {"agnez": [], "echo": [], "echo again": []}
    with Server("agnez", str(root)) as agnez, Server("echo") as echo:
        servers = {"agnez": agnez, "echo": echo, "echo again": echo}
        for one in (agnez, echo):  # warm
            asyncio.run(block(one, body, posts // 4))
        for _ in range(rounds):
            for name in random.sample(list(servers), 3):
                found[name].append(1e6 * asyncio.run(block(servers[name], body, posts)))
    return found


def row(body: Body, found: dict[str, list[float]]) -> Row:
    """What was *found*, as a line."""
    pairs = zip(found["agnez"], found["echo"], found["echo again"], strict=True)
    ratio = statistics.median(2 * a / (b + c) for a, b, c in pairs)
    same = zip(found["echo again"], found["echo"], strict=True)
    control = statistics.median(b / a for a, b in same)
    ours, bare = statistics.median(found["agnez"]), statistics.median(found["echo"])
    return Row(
        "post",
        f"server CPU per durable POST, {body} points",
        f"bare aiohttp echo of the same body, {bare:.0f} µs",
        f"<= {body.demand:.0f}x",
        f"{ratio:.2f}x ({ours:.0f} µs; A/A {control:.2f})",
        ratio <= body.demand,
    )


def main() -> int:
    """Measure, print; 1 when a demand is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few posts and rounds")
    parser.add_argument("--directory", type=Path, help="on the disk to be measured")
    given = parser.parse_args()
    rounds, share = (2, 4) if given.small else (7, 1)
    rows = []
    for body in BODIES:
        with tempfile.TemporaryDirectory(dir=given.directory) as root:
            rows.append(row(body, measure(Path(root), body, rounds, body.posts // share)))
    return report(*rows)


if __name__ == "__main__":
    sys.exit(main())
