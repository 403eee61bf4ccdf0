"""
What `send()` of a float costs, beside what it can't do without.

    python benchmarks/send.py

Three things are timed call by call, in turns within one process so that the machine's moods hit
all alike: a *bare* write (claim, clock, `pack_into` into a mapped file, in a function), the same
once more (*again*, the A/A control), and `Channel.send`. The cost of the timing itself (an empty
function called the same way) is subtracted where a ratio is formed, and nowhere else. A series is
shorter than the segments that stand ready; `burst` sends half a million in one go, with x and with
the default x, for the mean with everything in it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import mmap
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from agnez_client import Context
from agnez_client.protocol import MARK_INT, RECORD_INT, RECORD_SIZE

CALLS = 4_000
Call = Callable[[int, float], object]


def bare_writer(folder: Path) -> Call:
    """A claim, the clock and a `pack_into`, nothing around them."""
    size = RECORD_SIZE * 4_000_000
    fd = os.open(folder / "bare", os.O_RDWR | os.O_CREAT, 0o600)
    os.posix_fallocate(fd, 0, size)
    buffer = mmap.mmap(fd, size)
    for at in range(0, size, mmap.PAGESIZE):
        buffer[at] = 0
    claim = itertools.count(0, RECORD_SIZE).__next__
    pack_into, time_ns = RECORD_INT.pack_into, time.time_ns

    def write(x: int, y: float) -> None:
        pack_into(buffer, claim(), x, y, time_ns(), 0, MARK_INT)

    return write


def nothing(x: int, y: float) -> None:
    """The cost of a call and of the clock around it."""


def timed(call: Call, calls: int) -> list[int]:
    """Duration of each call in ns."""
    clock, found = time.perf_counter_ns, [0] * calls
    for i in range(calls):
        start = clock()
        call(i, 0.5)
        found[i] = clock() - start
    return found


def burst(send: Callable[..., None], calls: int) -> tuple[float, float]:
    """Mean ns of *calls* sends in one go: with x, and with the default x."""
    start = time.perf_counter_ns()
    for i in range(calls):
        send(x=i, y=0.5)
    middle = time.perf_counter_ns()
    for _ in range(calls):
        send(y=0.5)
    return (middle - start) / calls, (time.perf_counter_ns() - middle) / calls


def percentile(values: list[int], share: float) -> int:
    """The value below which *share* of *values* lie."""
    return sorted(values)[int(len(values) * share)]


def measure(rounds: int, folder: Path) -> dict[str, float]:
    """All figures, in ns and ratios."""
    bare = bare_writer(folder)
    with Context(url="http://127.0.0.1:9", spool=folder) as ctx:
        channel = ctx.job.create_channel("loss", "NUMERIC")
        calls: dict[str, Call] = {
            "empty": nothing,
            "bare": bare,
            "again": bare,
            "send": channel.send,
        }
        found: dict[str, list[int]] = {name: [] for name in calls}
        for number in range(rounds + 1):
            for name, call in calls.items():
                series = timed(call, CALLS)
                if number:  # the first round warms the interpreter up
                    found[name] += series
            time.sleep(0.05)  # the sender makes segments while nobody measures
        with_x, default_x = burst(channel.send, 250_000)
        dropped = ctx.job.dropped
    median = {name: statistics.median(values) for name, values in found.items()}
    net = {name: median[name] - median["empty"] for name in ("bare", "again", "send")}
    return {
        "bare_ns": net["bare"],
        "send_ns": net["send"],
        "ratio": net["send"] / net["bare"],
        "a_a": net["again"] / net["bare"],
        "send_median_ns": median["send"],
        "send_p99_ns": percentile(found["send"], 0.99),
        "bare_p99_ns": percentile(found["bare"], 0.99),
        "burst_ns": with_x,
        "burst_default_x_ns": default_x,
        "dropped": dropped,
    }


def main() -> None:
    """Measure, print, and fail when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        found = measure(given.rounds, Path(folder))
    found["fine"] = bool(
        found["ratio"] <= 2.5
        and found["send_median_ns"] < 1000
        and found["send_p99_ns"] < 5000
        and not found["dropped"]
    )
    print(json.dumps({k: round(v, 3) for k, v in found.items()}, indent=2))
    if not found["fine"]:
        raise SystemExit("a limit is broken: ratio <= 2.5, median < 1 µs, p99 < 5 µs, none dropped")


if __name__ == "__main__":
    main()
