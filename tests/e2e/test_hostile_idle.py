"""
Thousands of connections that want nothing: the server goes on, and has everything back afterwards.

A part of them says nothing, a part asked something once, a part watches as a page does.
"""

from __future__ import annotations

import socket
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.agnez_up import AGNEZ, RunningServer, agnez_up
from tests.support.proof import proved, size

ALL = size(300, 10_000)
WATCHING = size(30, 900)
PER_ADDRESS = 1500
HEALTH = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
UPGRADE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n"
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
JOIN = b"\x81\x88\x00\x00\x00\x0040/live,"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is an address on Linux")


class Process:
    """What a process takes, as the kernel counts it."""

    def __init__(self, pid: int) -> None:
        self._path = Path(f"/proc/{pid}")

    def files(self) -> int:
        """Open descriptors."""
        return sum(1 for _ in (self._path / "fd").iterdir())

    def memory(self) -> int:
        """Resident bytes."""
        line = next(
            s for s in (self._path / "status").read_text().splitlines() if s.startswith("VmRSS")
        )
        return int(line.split()[1]) * 1024

    def cpu_s(self) -> float:
        """Seconds of CPU so far."""
        fields = (self._path / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100


def connect(server: RunningServer, number: int) -> socket.socket:
    """The connection *number*, from one of many addresses of this machine."""
    source = f"127.0.0.{2 + number // PER_ADDRESS}"
    where = ("127.0.0.1", urlsplit(server.url).port or 0)
    return socket.create_connection(where, timeout=30, source_address=(source, 0))


def hear(sock: socket.socket, sign: bytes) -> None:
    """Read until *sign* came."""
    heard = b""
    while sign not in heard:
        piece = sock.recv(1 << 16)
        assert piece, heard
        heard += piece


def crowd(server: RunningServer) -> list[socket.socket]:
    """All of the connections."""
    made = list[socket.socket]()
    for number in range(ALL):
        made.append(connect(server, number))
        if number >= ALL - WATCHING:
            made[-1].sendall(UPGRADE)
            hear(made[-1], b'"sid"')
            made[-1].sendall(JOIN)
            hear(made[-1], b"40/live,")
        elif number % 2:
            made[-1].sendall(HEALTH)
            hear(made[-1], b'"status"')
    return made


def usual_ms(server: RunningServer) -> float:
    """How long a healthy client waits for an answer on a connection of its own: the median."""
    took = []
    for _ in range(size(30, 100)):
        began = time.perf_counter()
        assert requests.get(f"{server.url}/api/v1/health", timeout=30).status_code == 200
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def wait_for(what: Callable[[], bool], within_s: float = 60) -> None:
    """Until *what* is so."""
    end = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.proof
def test_idle_sockets_cost_little_and_come_back(tmp_path: Path) -> None:
    """Others wait no longer, memory a connection is small, and a second crowd takes no more."""
    with agnez_up(tmp_path, "--max-connections", str(ALL + 500)) as server:
        process = Process(server.process.pid)
        files = process.files()
        alone = usual_ms(server)
        memory = process.memory()
        taken = list[int]()
        for _ in range(2):
            made = crowd(server)
            wait_for(lambda: process.files() >= files + ALL)
            beside = usual_ms(server)
            taken.append(process.memory() - memory)
            for sock in made:
                sock.close()
            wait_for(lambda: process.files() <= files + 4)
        each = taken[0] / ALL

        assert beside <= 5 * alone + 5
        assert each < 40_000
        assert taken[1] <= taken[0] * 1.25 + (4 << 20)
    what = "idle sockets of which 9 % watch: cost of each, the answer to others, all files back"
    proved(
        "idle-sockets",
        what,
        f"{ALL:,} sockets, {each / 1024:.1f} KiB each, {beside / alone:.2f}x the answer's time, "
        f"a second crowd {taken[1] / taken[0]:.2f}x the memory of the first",
    )


@pytest.mark.proof
def test_a_process_that_may_open_no_more_files_goes_on(tmp_path: Path) -> None:
    """Few descriptors, many callers: the idle make room, nothing spins, the log stays short."""
    log = tmp_path / "log"
    few = ["bash", "-c", f'ulimit -n 160; exec "$@" 2>{log}', "bash", *AGNEZ]
    with agnez_up(tmp_path, python=few) as server:
        process = Process(server.process.pid)
        made = list[socket.socket]()
        for number in range(size(400, 2000)):
            with suppress(OSError):
                made.append(connect(server, number))
        wait_for(lambda: requests.get(f"{server.url}/api/v1/health", timeout=30).ok)
        assert usual_ms(server) < 5000  # after those who came at once with the crowd: 503
        before, began = process.cpu_s(), time.monotonic()
        wait_for(lambda: time.monotonic() > began + 1.5)
        assert process.cpu_s() - before < 0.75
        for sock in made:
            sock.close()
        assert requests.get(f"{server.url}/api/v1/health", timeout=30).status_code == 200
        assert process.files() < 160
    lines = log.read_text().count("\n")
    assert lines < 20, log.read_text()[:2000]
    proved("few-descriptors", "a server that may open 160 files, asked by many: it answers",
           f"{len(made):,} callers, {lines} lines of log")  # fmt: skip
