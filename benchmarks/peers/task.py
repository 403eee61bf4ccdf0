"""
One thing done with one peer, in its environment: `python trackio_peer.py cost FOLDER`.

What a task finds it prints as one line of JSON, and nothing else: whatever the peer prints is
thrown away. `cells.py` starts tasks and gives them their limits.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Protocol

import processor

SPIKE_X, SPIKE_Y = 777, 1000.0
RUN = "run"
_answers = sys.stdout


class Peer(Protocol):
    """A tracker, by the calls that its own documentation recommends."""

    def begin(self, folder: Path) -> None:
        """A run that keeps its points below *folder*."""

    def log(self, x: int, y: float) -> None:
        """One point of the series "loss"."""

    def finish(self) -> None:
        """Wait until all that was logged is kept."""

    def count(self, folder: Path) -> int:
        """How many points the peer's own reader finds below *folder*."""

    def serve(self, folder: Path, port: int) -> None:
        """Become the server of the pages, on 127.0.0.1; does not return."""

    def view(self, folder: Path, port: int) -> tuple[bytes, list[float], list[float]]:
        """What the page's endpoint answers when a chart is drawn: its body, the xs and the ys."""


def value(x: int) -> float:
    """What is logged at *x*: a slope with one spike."""
    return SPIKE_Y if x == SPIKE_X else x * 1e-6


def tell(**found: Any) -> None:
    print(json.dumps(found), file=_answers, flush=True)


def cost(peer: Peer, folder: Path, most: int, limit_s: float) -> None:
    """Time of each call, and the processor time of all processes until all is kept."""
    processor.adopt()
    server = int(os.environ["PEER_SERVER"]) if "PEER_SERVER" in os.environ else None
    peer.begin(folder)
    peer.log(0, 0.5)
    clock, found = time.perf_counter_ns, []
    used, end, log = processor.used_s(server), time.monotonic() + limit_s, peer.log
    for x in range(1, most):
        start = clock()
        log(x, 0.5)
        found.append(clock() - start)
        if not x % 10 and time.monotonic() > end:
            break
    peer.finish()
    used = processor.used_s(server) - used
    found.sort()
    tell(
        median_us=statistics.median(found) / 1e3,
        p99_us=found[int(len(found) * 0.99)] / 1e3,
        cpu_us=used / len(found) * 1e6,
        calls=len(found),
    )


def durable(peer: Peer, folder: Path, most: int, limit_s: float) -> None:
    """Seconds until *most* points are kept, as the peer says."""
    peer.begin(folder)
    start = time.monotonic()
    logged = fill(peer, most, limit_s)
    peer.finish()
    tell(logged=logged, kept_s=time.monotonic() - start)


def count(peer: Peer, folder: Path, most: int, limit_s: float) -> None:
    """How many points a new process finds, and in which time."""
    start = time.monotonic()
    counted = peer.count(folder)
    tell(counted=counted, read_s=time.monotonic() - start)


def fill(peer: Peer, most: int, limit_s: float) -> int:
    """Log up to *most* points for up to *limit_s*, many at once where there is a call; how many."""
    end, size = time.monotonic() + limit_s, 100
    many = getattr(peer, "log_many", None)
    if many is not None:
        size = 1000
    for first in range(0, most, size):
        xs = range(first, min(first + size, most))
        if many is not None:
            many(xs, [value(x) for x in xs])
        else:
            for x in xs:
                peer.log(x, value(x))
        if time.monotonic() > end:
            return xs.stop
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
    """Up to *most* points, at most one a millisecond; whoever started this kills it then."""
    peer.begin(folder)
    start, logged = time.monotonic(), 0
    while logged < most and time.monotonic() < start + limit_s:
        peer.log(logged, 0.5)
        logged += 1
        time.sleep(max(0.0, start + logged / 1000 - time.monotonic()))
    tell(logged=logged)
    sys.stdin.read()


def ask(peer: Peer, folder: Path, port: int, limit_s: float) -> None:
    """The page's answer: its time, once it is warm, its size, and whether the spike is in it."""
    took, end = [], time.monotonic() + limit_s
    while len(took) < 6 and time.monotonic() < end:
        start = time.perf_counter()
        body, xs, ys = peer.view(folder, port)
        took.append((time.perf_counter() - start) * 1e3)
    again = took[1:] or took
    tell(ms=statistics.median(again), points=len(xs), bytes=len(body), spike=SPIKE_Y in ys)


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


def fetch(url: str, body: Any = None, accept: str = "*/*") -> bytes:
    """The answer to a GET, or to a POST of *body* as JSON."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Accept": accept}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=60) as answer:
        found: bytes = answer.read()
    return found


def main(peer: Peer) -> None:
    """Do what the command line says: a task, a folder, and for most how many and how long."""
    global _answers
    _answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    name, folder, most, limit_s = (*sys.argv[1:], "0", "0")[:4]
    place = Path(folder)
    if name == "serve":
        peer.serve(place, int(most))
    else:
        tasks = {
            "cost": cost, "durable": durable, "filled": filled, "live": live, "kill": kill,
            "count": count, "ask": ask, "watch": watch,
        }  # fmt: skip
        tasks[name](peer, place, int(most), float(limit_s))
