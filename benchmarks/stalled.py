"""
What viewers who stop reading do to the others: 80 healthy ones, with and without 20 stalled.

A real `agnez up` with 50 series that get a point ten times a second. The stalled ones watch
everything, read nothing any more through a socket that takes in little, and go on claiming to
have painted every frame: nothing but their full socket holds them back. It is measured once all
their sockets are full: for two seconds what lies in the kernel for them stays the same to the
byte. At the end it may be more, never less, or the server has cut them off. How old the last point
of a frame is when a healthy viewer has it, with them and without them in turns; the medians of the
rounds' p99. Memory is that of the server, at the start and the end of each round with them.

    python benchmarks/stalled.py [--small]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._fan_out import (
    HZ,
    SERIES,
    Load,
    load,
    measure,
    producing,
    resident_mb,
    stuck,
    took_nothing,
    unread,
)  # fmt: skip
from benchmarks._rows import Row, report
from tests.support.agnez_up import agnez_up

HEALTHY, STALLED = 80, 20
DEMAND = 1.5
MOST_GROWTH_MB = 5.0
FULL_WITHIN_S = 30
"""So long their sockets get to fill up."""


def fill(url: str, pid: int, healthy: Load) -> dict[str, int]:
    """Wait until all who read nothing have full sockets for two seconds; what lies there."""
    for _ in range(FULL_WITHIN_S // 2):
        before = unread(url)
        measure(pid, 2.0, healthy)
        full = stuck(before, unread(url))
        if len(full) >= STALLED:
            return {who: before[who] for who in full}
    raise SystemExit(f"the sockets of {STALLED} stalled viewers were not full in time")


def main(rounds: int, seconds: float) -> int:
    """Measure; 1 when a demand is missed."""
    alone, beside, again, grown, ends = [], [], [], [], list[tuple[int, int]]()
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(agnez_up(Path(home)))
        pid, run = server.process.pid, stack.enter_context(producing(server.url))
        healthy = stack.enter_context(load("watch", server.url, run, HEALTHY, SERIES, 0))
        measure(pid, 2.0, healthy)
        for _ in range(rounds):
            alone.append(measure(pid, seconds, healthy)[1]["p99_ms"])
            with load("watch", server.url, run, STALLED, SERIES, STALLED):
                lying = fill(server.url, pid, healthy)
                before = resident_mb(pid)
                beside.append(measure(pid, seconds, healthy)[1]["p99_ms"])
                grown.append(resident_mb(pid) - before)
                ends.append(took_nothing(lying, unread(server.url)))
            again.append(measure(pid, seconds, healthy)[1]["p99_ms"])
    held, gone = min(ends)
    without, others = statistics.median(alone), statistics.median(beside)
    control = statistics.median(again) / without
    what = f"{STALLED} stalled viewers beside {HEALTHY}, {SERIES} series x {HZ} Hz"
    return report(
        Row(
            benchmark="stalled",
            what=f"{what}: p99 age of a frame's last point",
            limit=f"without them: {without:.0f} ms (again: {control:.2f}x)",
            demand=f"<= {DEMAND:g}x",
            figure=f"{others / without:.2f}x: {others:.0f} ms; {held} still full, {gone} cut off",
            met=others / without <= DEMAND and all(sum(end) >= STALLED for end in ends),
        ),
        Row(
            benchmark="stalled",
            what="the server's memory meanwhile",
            limit=f"over {seconds:g} s of it",
            demand="flat",
            figure=f"grew by {statistics.median(grown):.1f} MB",
            met=statistics.median(grown) <= MOST_GROWTH_MB,
        ),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    small = parser.parse_args().small
    raise SystemExit(main(1 if small else 3, 3.0 if small else 5.0))
