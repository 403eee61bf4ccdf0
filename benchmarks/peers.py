"""
What the same things cost with other trackers, in one run with Agnez.

    python benchmarks/peers.py                  # all of them; about eight minutes
    python benchmarks/peers.py trackio mlflow   # these, and Agnez

Each tracker stands in a virtual environment of its own below `.agnez/peers`, made when it is
missing, with the versions of `PEERS`; one that can't be installed is named with the reason. It is
called as its documentation says, with its defaults, through `peers/<name>_peer.py`; nothing may
leave the machine (`OFFLINE`). Trackers take turns, `--repeats` times, and medians are shown:

- *log call*: median and p99 of up to 10,000 calls, and processor time of the process for each,
  until all is kept;
- *100,000 kept*: until they are, and how many the tracker's own reader then finds;
- *page*: what the endpoint that draws a chart answers for a million points, or for as many as can
  be logged in 25 s: milliseconds, points, bytes, and whether a spike of one point is in it;
- *log to page*: until a point is in that answer, asked every 10 ms; what a page polls comes on top;
- *SIGKILL*: points of 1,000 that are found after the trainer was killed behind the last call.

A figure that was not reached in time says so. The same raw work is timed in each round.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path

PLACE = Path(__file__).resolve().parent
sys.path.insert(0, str(PLACE / "peers"))

from cells import Cells  # noqa: E402

ROOT = PLACE.parent
ENVIRONMENTS = ROOT / ".agnez" / "peers"
PEERS = {
    "trackio": ("trackio==0.43.0",),
    "tensorboardx": ("tensorboardX==2.6.5", "tensorboard==2.21.0", "setuptools<81"),
    "wandb": ("wandb==0.31.0",),
    "mlflow": ("mlflow==3.17.2",),
    "aim": ("aim==3.29.1",),
}
INSTALL_S = 600
COLUMNS = (
    "", "log call, median / p99", "processor a call", "100,000 kept", "page", "spike",
    "log to page", "page polls every", "left after SIGKILL",
)  # fmt: skip


def interpreter(name: str) -> Path | str:
    """The Python that has *name*, or why there is none."""
    if name == "agnez":
        return Path(sys.executable)
    folder = ENVIRONMENTS / name
    python, stamp, wanted = folder / "bin/python", folder / "installed", "\n".join(PEERS[name])
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    print(f"peers: installing {name}", flush=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        done = subprocess.run(
            [*pip, *PEERS[name]], capture_output=True, text=True, timeout=INSTALL_S
        )
    except subprocess.TimeoutExpired:
        return f"not installed within {INSTALL_S} s"
    if done.returncode:
        return f"does not install: {done.stderr.strip().splitlines()[-1][:120]}"
    stamp.write_text(wanted)
    return python


def raw_limit(folder: Path) -> tuple[float, float]:
    """Median ns of a `deque.append`; ms for 100,000 records of 24 bytes, synced each 1,000."""
    kept: deque[tuple[int, float]] = deque()
    clock, took = time.perf_counter_ns, []
    for x in range(10_000):
        start = clock()
        kept.append((x, 0.5))
        took.append(clock() - start)
    start = clock()
    with (folder / "raw").open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(bytes(24_000))
            os.fdatasync(file.fileno())
    return statistics.median(took), (clock() - start) / 1e6


def table(lines: list[list[str]]) -> str:
    """*lines* under their headings, in Markdown."""
    rows = [list(COLUMNS), ["---"] * len(COLUMNS), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def measured(names: list[str], repeats: int, small: bool) -> tuple[list[Cells], list[str]]:
    """The cells of each tracker that installs, in turns, and why others are missing."""
    cells, missing = [], []
    for name in names:
        found = interpreter(name)
        if isinstance(found, str):
            missing.append(f"{name}: {found}")
        else:
            cells.append(Cells(name, found, small))
    for number in range(repeats):
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            append_ns, synced_ms = raw_limit(Path(folder))
            print(
                f"raw: deque.append {append_ns:.0f} ns, 100,000 records synced {synced_ms:.0f} ms"
            )
        for peer in cells:
            with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
                peer.measure(Path(folder), with_page=number == 0)
                print("; ".join(peer.line()), flush=True)
    return cells, missing


def main() -> int:
    """Measure and print the table; 0 even where a tracker failed, which its cells say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PEERS))
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--small", action="store_true", help="a quick try")
    given = parser.parse_args()
    if unknown := set(given.names) - {*PEERS, "agnez"}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
    names = ["agnez", *(n for n in given.names or PEERS if n != "agnez")]
    cells, missing = measured(names, 1 if given.small else given.repeats, given.small)
    print(table([peer.line() for peer in cells]))
    print(*missing, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
