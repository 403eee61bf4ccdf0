"""
What logging costs a training loop whose step takes 5 ms.

    python benchmarks/loop.py

The step is arithmetic in NumPy outside of Python's lock, in pieces of some 0.2 ms, on one core;
four values are sent in each, as a training does. Five ways take turns in short blocks, so that the
machine's moods hit all alike: no logging, no logging again (the A/A spread), logging with an absent
server (nobody listens), with a black hole (connections are never answered), and with a live
`agnez up` in a process of its own. Shown is the median step of each way, and its excess over no
logging, which has to stay within 1 % plus the A/A spread.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from agnez_client import Channel, Context

STEP_S = 0.005
BLOCK = 60
_ADDRESS = re.compile(r"https?://\S+:\d+")
Step = Callable[[int], float]


def make_step() -> Step:
    """A step of about `STEP_S`."""
    piece = np.random.default_rng(0).random(20_000)
    out = np.empty_like(piece)
    start = time.perf_counter()
    for _ in range(50):
        np.sin(piece, out=out)
    repeat = max(1, round(STEP_S / ((time.perf_counter() - start) / 50)))

    def step(number: int) -> float:
        for _ in range(repeat):
            np.sin(piece, out=out)
        return float(out[number % len(out)])

    return step


@contextlib.contextmanager
def black_hole() -> Iterator[str]:
    """An address where connections are taken up by the kernel, then by nobody."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextlib.contextmanager
def live_server(home: Path) -> Iterator[str]:
    """A server in a process of its own."""
    command = [sys.executable, "-c", "from agnez_client.cli import main; main()", "up"]
    environment = {**os.environ, "XDG_STATE_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*command, "--port", "0", "--data", str(home / "data")],
        env=environment, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := _ADDRESS.search(line):
                    yield found.group()
                    break
            else:
                raise SystemExit("the server did not start")
        finally:
            process.send_signal(signal.SIGINT)


def block(step: Step, channels: list[Channel], first: int) -> list[float]:
    """Durations of some steps, s, each sending to every channel."""
    clock, found = time.perf_counter, []
    for number in range(first, first + BLOCK):
        start = clock()
        value = step(number)
        for channel in channels:
            channel.send(x=number, y=value)
        found.append(clock() - start)
    return found


def measure(rounds: int, home: Path) -> dict[str, float]:
    """Median step of each way, ms, and its excess over no logging, %."""
    step = make_step()
    with contextlib.ExitStack() as stack:
        urls = {
            "absent": "http://127.0.0.1:9",
            "black hole": stack.enter_context(black_hole()),
            "live": stack.enter_context(live_server(home)),
        }
        ways: dict[str, list[Channel]] = {"none": [], "none again": []}
        found: dict[str, list[float]] = {name: [] for name in (*ways, *urls)}
        for number in range(rounds):
            for name in found:
                with contextlib.ExitStack() as run:
                    channels = ways.get(name) or _channels(run, urls.get(name), name, home)
                    series = block(step, channels, number * BLOCK)
                if number:
                    found[name] += series
    median = {name: statistics.median(values) * 1000 for name, values in found.items()}
    excess = {
        f"{name}: excess %": 100 * (median[name] / median["none"] - 1)
        for name in found
        if name != "none"
    }
    return {**{f"{name}: ms": ms for name, ms in median.items()}, **excess}


def _channels(run: contextlib.ExitStack, url: str | None, name: str, home: Path) -> list[Channel]:
    if url is None:
        return []
    ctx = run.enter_context(Context(url=url, spool=home / "spool" / name))
    return [ctx.job.create_channel(f"channel {n}", "NUMERIC") for n in range(4)]


def main() -> None:
    """Measure, print, and fail when the limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    os.environ["AGNEZ_FLUSH_TIMEOUT"] = "1"
    with tempfile.TemporaryDirectory(dir="/var/tmp") as home:
        found = measure(given.rounds, Path(home))
    print(json.dumps({k: round(v, 3) for k, v in found.items()}, indent=2))
    limit = 1.0 + abs(found["none again: excess %"])
    broken = [w for w in ("absent", "black hole", "live") if found[f"{w}: excess %"] > limit]
    if broken:
        raise SystemExit(f"more than 1 % + the A/A spread: {', '.join(broken)}")


if __name__ == "__main__":
    main()
