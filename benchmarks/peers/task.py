"""
One thing done with one tracker, in its environment: `python trackio_peer.py cost FOLDER`.

What a task finds it prints as one line of JSON. `peers.py` starts tasks and asks the pages.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Protocol

SPIKE_X, SPIKE_Y = 777, 1000.0
RUN = "run"


class Peer(Protocol):
    """A tracker, by the calls that its own documentation recommends."""

    def begin(self, folder: Path) -> None:
        """A run that keeps its points below *folder*."""

    def log(self, x: int, y: float) -> None:
        """One point of the series "loss"."""

    def finish(self) -> None:
        """Wait until all that was logged is kept."""

    def count(self, folder: Path) -> int:
        """How many points the tracker's own reader finds below *folder*."""

    def serve(self, folder: Path, port: int) -> None:
        """Become the server of the pages, on 127.0.0.1; does not return."""

    def view(self, folder: Path, port: int) -> tuple[bytes, list[float], list[float]]:
        """What the page's endpoint answers when a chart is drawn: its body, the xs and the ys."""


def value(x: int) -> float:
    """What is logged at *x*: a slope with one spike."""
    return SPIKE_Y if x == SPIKE_X else x * 1e-6


def tell(**found: Any) -> None:
    print(json.dumps(found), flush=True)


def cost(peer: Peer, folder: Path, most: int, limit_s: float) -> None:
    """Time of each call, and the processor time of the process until all is kept."""
    peer.begin(folder)
    clock, found = time.perf_counter_ns, []
    used, end = time.process_time_ns(), time.monotonic() + limit_s
    for x in range(most):
        start = clock()
        peer.log(x, 0.5)
        found.append(clock() - start)
        if not x % 100 and time.monotonic() > end:
            break
    peer.finish()
    found.sort()
    tell(
        median_us=statistics.median(found) / 1e3,
        p99_us=found[int(len(found) * 0.99)] / 1e3,
        cpu_us=(time.process_time_ns() - used) / len(found) / 1e3,
        calls=len(found),
    )


def durable(peer: Peer, folder: Path, most: int, limit_s: float) -> None:
    """Seconds until *most* points are kept and read again by the tracker's own reader."""
    peer.begin(folder)
    start = time.monotonic()
    logged = fill(peer, most, limit_s)
    peer.finish()
    kept_s = time.monotonic() - start
    tell(logged=logged, kept_s=kept_s, counted=peer.count(folder))


def fill(peer: Peer, most: int, limit_s: float) -> int:
    """Log up to *most* points for up to *limit_s*; how many."""
    end = time.monotonic() + limit_s
    for x in range(most):
        peer.log(x, value(x))
        if not x % 100 and time.monotonic() > end:
            return x + 1
    return most


def filled(peer: Peer, folder: Path, most: int, limit_s: float) -> None:
    """A run with many points, for the page."""
    peer.begin(folder)
    logged = fill(peer, most, limit_s)
    peer.finish()
    tell(logged=logged)


def live(peer: Peer, folder: Path, most: int, limit_s: float) -> None:
    """One point for each line of standard input, until it ends."""
    peer.begin(folder)
    peer.log(0, 0.0)
    tell(ready=True)
    for x, _ in enumerate(sys.stdin, 1):
        peer.log(x, float(x))
        tell(logged=x)


def kill(peer: Peer, folder: Path, most: int, limit_s: float) -> None:
    """*most* points in one go; whoever started this kills it then."""
    peer.begin(folder)
    for x in range(most):
        peer.log(x, 0.5)
    tell(logged=most)
    sys.stdin.read()


def ask(peer: Peer, folder: Path, port: int, limit_s: float) -> None:
    """The page's answer: its time, once it is warm, its size, and whether the spike is in it."""
    took, end = [], time.monotonic() + limit_s
    while len(took) < 6 and time.monotonic() < end:
        start = time.perf_counter()
        body, xs, ys = peer.view(folder, port)
        took.append((time.perf_counter() - start) * 1e3)
    kept = took[1:] or took
    tell(ms=statistics.median(kept), points=len(xs), bytes=len(body), spike=SPIKE_Y in ys)


def watch(peer: Peer, folder: Path, port: int, limit_s: float) -> None:
    """For each x on standard input: when it is in the answer, or that *limit_s* went by."""
    for line in sys.stdin:
        x, end = float(line), time.monotonic() + limit_s
        while not (seen := sees(peer, folder, port, x)) and time.monotonic() < end:
            time.sleep(0.01)
        tell(seen=seen)


def sees(peer: Peer, folder: Path, port: int, x: float) -> bool:
    """Whether *x*, or for -1 any, is in the answer; a server may not know the run yet."""
    try:
        xs = peer.view(folder, port)[1]
        return bool(xs) if x < 0 else x in xs
    except (OSError, LookupError, ValueError):
        return False


def fetch(url: str, body: Any = None) -> bytes:
    """The answer to a GET, or to a POST of *body* as JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        found: bytes = answer.read()
    return found


def main(peer: Peer) -> None:
    """Do what the command line says: a task, a folder, and for most how many and how long."""
    name, folder, most, limit_s = (*sys.argv[1:], "0", "0")[:4]
    place = Path(folder)
    if name == "serve":
        peer.serve(place, int(most))
    elif name == "count":
        tell(counted=peer.count(place))
    else:
        tasks = {
            "cost": cost, "durable": durable, "filled": filled, "live": live, "kill": kill,
            "ask": ask, "watch": watch,
        }  # fmt: skip
        tasks[name](peer, place, int(most), float(limit_s))
