"""
What `send()` of a float costs, beside what it can't do without.

    python benchmarks/send.py

Three things are timed call by call, in turns within one process so that the machine's moods hit
all alike: a *bare* write (claim, clock, `pack_into` into a mapped file, in a function), the same
once more (*again*, the A/A control), and `Channel.send`. The cost of the timing itself (an empty
function called the same way) is subtracted where a ratio is formed, and nowhere else. A series is
shorter than the segments that stand ready; `burst` sends half a million in one go, with x and with
the default x, for the mean with everything in it.

A *step* of 100 channels is timed as a whole: one `send` of each of 100 channels in a loop, beside
100 sends of one channel in the same loop, again in turns.
"""

from __future__ import annotations

import argparse
import itertools
import mmap
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from _rows import Row, report

from agnez_client import Context
from agnez_client.protocol import MARK_INT, RECORD_INT, RECORD_SIZE

CALLS = 4_000
STEPS = 100
CHANNELS = 100
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


def timed_steps(sends: list[Call], steps: int) -> list[int]:
    """Duration of each step in ns; a step calls all of *sends*."""
    clock, found = time.perf_counter_ns, [0] * steps
    for i in range(steps):
        start = clock()
        for send in sends:
            send(i, 0.5)
        found[i] = clock() - start
    return found


def many_channels(ctx: Context, rounds: int) -> dict[str, float]:
    """Median ns of a step of 100 channels, and of 100 sends of one; how much longer it takes."""
    channels = [ctx.job.create_channel(f"c{n}", "NUMERIC") for n in range(CHANNELS)]
    kinds = {
        "one": [channels[0].send] * CHANNELS,
        "again": [channels[0].send] * CHANNELS,
        "many": [channel.send for channel in channels],
    }
    found: dict[str, list[int]] = {name: [] for name in kinds}
    for number in range(rounds + 1):
        for name, sends in kinds.items():
            series = timed_steps(sends, STEPS)
            if number:
                found[name] += series
        time.sleep(0.05)
    median = {name: statistics.median(values) for name, values in found.items()}
    return {
        "step_ns": median["many"],
        "one_ns": median["one"],
        "step_ratio": median["many"] / median["one"],
        "step_a_a": median["again"] / median["one"],
    }


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
        steps = many_channels(ctx, max(rounds // 2, 5))
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
        **steps,
    }


def rows(found: dict[str, float]) -> list[Row]:
    """The lines of the table."""
    bare = f"bare claim, clock and pack_into: {found['bare_ns']:.0f} ns"
    one_by_one = (
        f"{found['ratio']:.2f}x (A/A {found['a_a']:.2f}); {found['send_median_ns']:.0f} ns with "
        f"the clock, {found['burst_ns']:.0f} ns in one go, {found['burst_default_x_ns']:.0f} ns "
        "with the default x"
    )
    quick = found["ratio"] <= 2.5 and found["send_median_ns"] < 1000 and not found["dropped"]
    step = (
        f"{found['step_ratio']:.2f}x (A/A {found['step_a_a']:.2f}): {found['step_ns'] / 1e3:.1f} µs"
    )
    return [
        Row("send", "`send()` of a float, median", bare, "<= 2.5x, < 1 µs", one_by_one, quick),
        Row(
            "send", "`send()` of a float, p99", f"bare p99: {found['bare_p99_ns']:.0f} ns",
            "< 5 µs", f"{found['send_p99_ns']:.0f} ns", found["send_p99_ns"] < 5000,
        ),
        Row(
            "send", "100 channels a step", f"100 sends of one: {found['one_ns'] / 1e3:.1f} µs",
            "<= 1.2x", step, found["step_ratio"] <= 1.2,
        ),
    ]  # fmt: skip


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--small", action="store_true", help="a quick try")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        found = measure(10 if given.small else given.rounds, Path(folder))
    return report(*rows(found))


if __name__ == "__main__":
    sys.exit(main())
