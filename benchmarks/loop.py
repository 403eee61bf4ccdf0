"""
What logging costs a training loop whose step takes 5 ms.

    python benchmarks/loop.py

The step is arithmetic in NumPy outside of Python's lock, in pieces of some 0.2 ms, on one core;
four values are sent in each, as a training does. Five ways take turns in short blocks, in a new
order each round, so that the machine's moods hit all alike: no logging, no logging again (A/A),
logging with an absent server (nobody listens), with a black hole (connections are never answered),
and with a live `agnez up` in a process of its own. A block's figure is its median step; the excess
of a way is the median over the rounds of its block against that of no logging in the same round.
It has to stay within 1 % plus the A/A spread, which is half the distance between the quartiles of
the A/A excess.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from agnez_client import Channel, Context

STEP_S = 0.005
WARM, BLOCK = 10, 60
_ADDRESS = re.compile(r"https?://\S+:\d+")
Step = Callable[[int], float]


def make_step() -> Step:
    """A step of about `STEP_S`."""
    piece = np.random.default_rng(0).random(20_000)
    out = np.empty_like(piece)
    quickest = min(timeit.repeat(lambda: np.sin(piece, out=out), number=5, repeat=50)) / 5
    repeat = max(1, round(STEP_S / quickest))

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


def block(step: Step, channels: list[Channel]) -> float:
    """The median duration of some steps, s, each sending to every channel."""
    clock, found = time.perf_counter, []
    for number in range(WARM + BLOCK):
        start = clock()
        value = step(number)
        for channel in channels:
            channel.send(x=number, y=value)
        found.append(clock() - start)
    return statistics.median(found[WARM:])


def measure(rounds: int, home: Path) -> dict[str, list[float]]:
    """The median step of each way's block, s, one a round."""
    step, order = make_step(), random.Random(0)
    with contextlib.ExitStack() as stack:
        urls = {
            "none": None,
            "none again": None,
            "absent": "http://127.0.0.1:9",
            "black hole": stack.enter_context(black_hole()),
            "live": stack.enter_context(live_server(home)),
        }
        found: dict[str, list[float]] = {name: [] for name in urls}
        for _ in range(rounds):
            for name in order.sample(list(urls), len(urls)):
                with contextlib.ExitStack() as run:
                    channels = _channels(run, urls[name], home / "spool" / name)
                    found[name].append(block(step, channels))
    return found


def excesses(found: dict[str, list[float]], name: str) -> list[float]:
    """How much longer the step of the way *name* was than without logging, %, one a round."""
    return [100 * (a / b - 1) for a, b in zip(found[name], found["none"], strict=True)]


def _channels(run: contextlib.ExitStack, url: str | None, spool: Path) -> list[Channel]:
    if url is None:
        return []
    ctx = run.enter_context(Context(url=url, spool=spool))
    return [ctx.job.create_channel(f"channel {n}", "NUMERIC") for n in range(4)]


def main() -> None:
    """Measure, print, and fail when the limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=21)
    given = parser.parse_args()
    os.environ["AGNEZ_FLUSH_TIMEOUT"] = "1"
    with tempfile.TemporaryDirectory(dir="/var/tmp") as home:
        found = measure(given.rounds, Path(home))
    low, _, high = statistics.quantiles(excesses(found, "none again"), n=4)
    spread = (high - low) / 2
    told = {f"{name}: step ms": 1000 * statistics.median(steps) for name, steps in found.items()}
    excess = {
        name: statistics.median(excesses(found, name)) for name in ("absent", "black hole", "live")
    }
    told |= {f"{name}: excess %": value for name, value in excess.items()}
    told["A/A spread %"] = spread
    print(json.dumps({k: round(v, 3) for k, v in told.items()}, indent=2))
    broken = [name for name, value in excess.items() if value > 1 + spread]
    if broken:
        raise SystemExit(f"more than 1 % + the A/A spread: {', '.join(broken)}")


if __name__ == "__main__":
    main()
