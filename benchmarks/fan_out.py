"""
What a viewer costs the server: 100 viewers of 50 series that get a point ten times a second.

A real `agnez up`, fed by HTTP; the viewers, in a process of their own, speak socket.io and give
credit for each frame, as the page does. From the server's CPU that without viewers is taken. Beside
it a bare aiohttp server that sends frames of the same size to as many web sockets at the same rate,
and hears nothing from them. Both run at the same time of measuring in turns; CPU time of all
threads, per frame that arrived. Medians over the rounds.

    python benchmarks/fan_out.py [--small]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._fan_out import HZ, SERIES, load, measure, producing
from benchmarks._rows import Row, report
from tests.support.agnez_up import agnez_up

DEMAND = 7.0


def main(viewers: int, rounds: int, seconds: float) -> int:
    """Measure; 1 when the demand is missed."""
    with tempfile.TemporaryDirectory() as home, agnez_up(Path(home)) as server:
        pid = server.process.pid
        with producing(server.url) as run:
            idle, _ = measure(pid, seconds, None)
            with load("watch", server.url, run, viewers, SERIES, 0) as watching:
                _, first = measure(pid, 1.0, watching)
                size = first["bytes"] // first["frames"]
                with load("bare", viewers, size) as bare:
                    address = f"http://127.0.0.1:{bare.first}/"
                    with load("listen", address, viewers) as listening:
                        ours, limit, rate = [], [], []
                        for _ in range(rounds):
                            share, told = measure(pid, seconds, watching)
                            ours.append((share - idle) * seconds / told["frames"] * 1e6)
                            rate.append(told["frames"] / seconds / viewers)
                            share, told = measure(bare.process.pid, seconds, listening)
                            limit.append(share * seconds / told["frames"] * 1e6)
    a, b = statistics.median(ours), statistics.median(limit)
    return report(
        Row(
            benchmark="fan_out",
            what=f"server CPU per viewer, {viewers} viewers x {SERIES} series x {HZ} Hz",
            limit=f"a bare WebSocket with the same {size} bytes: {b:.0f} µs a frame",
            demand=f"<= {DEMAND:g}x",
            figure=f"{a / b:.1f}x: {a:.0f} µs a frame at {statistics.median(rate):.1f} frames/s",
            met=a / b <= DEMAND,
        )
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--viewers", type=int, default=100)
    small = parser.parse_args().small
    raise SystemExit(main(parser.parse_args().viewers, 2 if small else 5, 2.0 if small else 4.0))
