"""
How soon `agnez up` answers, what it holds when nobody asks, and what its installation takes.

    python benchmarks/startup.py

*Start*: from the start of the process to the first 200, for `agnez up` on an empty data directory
and for a bare aiohttp server of ten lines, with the same interpreter, in turns; both are asked in
the same way, over a new connection each 2 ms. The first of each is left out: it writes the
bytecode that later ones read, and that an installation has. Beside the wall time stands the
processor time of the process, which a busy machine does not change. *Idle*: resident memory once
two readings a second apart agree, after a first page of the API was asked for; no page of a run was
opened, so Bokeh is not loaded. *Installed*: `pip install .` into a new environment, all packages in
it but pip and setuptools; `--small` leaves this out.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from _rows import Row, report

ROOT = Path(__file__).resolve().parents[1]
PATH = "/api/v1/health"
BARE = f"""
import sys
from aiohttp import web
async def answer(request):
    return web.json_response({{"status": "ok"}})
app = web.Application()
app.router.add_get("{PATH}", answer)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""
AGNEZ = "from agnez_client.cli import main; main()"
LONGEST_S = 60.0


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds to the first 200, and seconds of the processor until then."""

    wall: float
    cpu: float


def free_port() -> int:
    """A port that nobody holds at present."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def answers(port: int) -> bool:
    """Whether the server says 200."""
    request = f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            sock.sendall(request)
            return sock.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


@contextmanager
def started(name: str, folder: Path) -> Iterator[tuple[psutil.Process, Start]]:
    """The server *name* as it gives its first 200; ended with the block."""
    port = free_port()
    arguments = [BARE, str(port)]
    if name != "bare":
        arguments = [AGNEZ, "up", "--port", str(port), "--data", str(folder / str(port))]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AGNEZ_", "PYTHON"))}
    environment |= {"HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")}
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", *arguments], env=environment, stdout=subprocess.DEVNULL, cwd=ROOT
    ) as process:
        try:
            while not answers(port):
                if process.poll() is not None or time.perf_counter() > begun + LONGEST_S:
                    raise SystemExit(f"{name} did not answer")
                time.sleep(0.002)
            wall = time.perf_counter() - begun
            looked_at = psutil.Process(process.pid)
            used = looked_at.cpu_times()
            yield looked_at, Start(wall, used.user + used.system)
        finally:
            process.terminate()


def settled_mb(process: psutil.Process) -> float:
    """Resident memory in MB once it stays the same."""
    last = 0
    for _ in range(20):
        now = process.memory_info().rss
        if abs(now - last) < 100_000:
            break
        last = now
        time.sleep(1)
    return now / 1e6


def starts(rounds: int, folder: Path) -> tuple[dict[str, Start], dict[str, float]]:
    """Medians of both, and their idle memory in MB."""
    found: dict[str, list[Start]] = {"bare": [], "again": [], "agnez": []}
    idle: dict[str, float] = {}
    for number in range(rounds + 1):
        for name in found:
            with started("bare" if name == "again" else name, folder) as (process, start):
                if number:
                    found[name].append(start)
                if number == rounds:
                    idle[name] = settled_mb(process)
    return {name: median(values) for name, values in found.items()}, idle


def median(values: list[Start]) -> Start:
    """The median of each figure."""
    return Start(
        statistics.median(v.wall for v in values), statistics.median(v.cpu for v in values)
    )


def installed_mb(folder: Path) -> float:
    """MB of the packages that `pip install .` brings."""
    venv = folder / "venv"
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    constraints = str(ROOT / "scripts/constraints.txt")
    subprocess.run(
        [venv / "bin/python", "-m", "pip", "install", *quiet, "-c", constraints, str(ROOT)],
        check=True,
    )
    (packages,) = venv.glob("lib/python*/site-packages")
    return sum(
        file.stat().st_size
        for place in packages.iterdir()
        if not place.name.startswith(("pip", "setuptools", "_distutils_hack"))
        for file in ([place] if place.is_file() else place.rglob("*"))
        if file.is_file()
    ) / 1e6  # fmt: skip


def start_row(found: dict[str, Start]) -> Row:
    """How soon."""
    bare, agnez = found["bare"], found["agnez"]
    ratio, cpu = agnez.wall / bare.wall, agnez.cpu / bare.cpu
    figure = (
        f"{ratio:.2f}x (A/A {found['again'].wall / bare.wall:.2f}): {agnez.wall * 1e3:.0f} ms; "
        f"processor {cpu:.2f}x: {agnez.cpu * 1e3:.0f} ms"
    )
    limit = f"bare aiohttp: {bare.wall * 1e3:.0f} ms; processor {bare.cpu * 1e3:.0f} ms"
    return Row("startup", "`agnez up` to the first 200", limit, "<= 2x", figure, ratio <= 2)


def main() -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--small", action="store_true", help="a quick try")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        found, idle = starts(3 if given.small else given.rounds, Path(folder))
        rows = [start_row(found)]
        mb = idle["agnez"]
        rows.append(
            Row("startup", "idle memory", f"bare aiohttp: {idle['bare']:.0f} MB", "< 90 MB",
                f"{mb:.0f} MB", mb < 90)
        )  # fmt: skip
        if not given.small:
            size = installed_mb(Path(folder))
            rows.append(
                Row("startup", "installed core", "–", "< 250 MB", f"{size:.0f} MB", size < 250)
            )
    return report(*rows)


if __name__ == "__main__":
    sys.exit(main())
