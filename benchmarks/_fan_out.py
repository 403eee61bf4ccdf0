"""What `fan_out.py` and `stalled.py` share: a server with a producer, and processes of viewers."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from agnez_client.protocol import CONTENT_TYPE, encode_batch, join_buffers
from tests.server.spools import Spool, records

HZ: Final = 10
SERIES: Final = 50
LOAD: Final = Path(__file__).with_name("_fan_out_load.py")
_ESTABLISHED: Final = "01"
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """Seconds of the processor that a process has used, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_mb(pid: int) -> float:
    """Memory of a process, MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def unread(url: str) -> dict[str, int]:
    """Bytes that lie in the kernel for each reader of the server at *url*, by his address."""
    port, found = int(url.rstrip("/").rpartition(":")[2]), dict[str, int]()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, remote, state, queues, *_ = line.split()
            if int(local.rpartition(":")[2], 16) == port and state == _ESTABLISHED:
                found[remote] = int(queues.partition(":")[0], 16)
    return found


def stuck(before: dict[str, int], after: dict[str, int]) -> set[str]:
    """Readers for whom something lies there, and between two looks neither more nor less."""
    return {who for who, size in before.items() if size and after.get(who) == size}


def took_nothing(before: dict[str, int], after: dict[str, int]) -> tuple[int, int]:
    """How many of *before* took no byte until *after*: those still connected, those cut off."""
    held = sum(after.get(who, -1) >= size for who, size in before.items())
    return held, sum(who not in after for who in before)


class Load:
    """A process of `_fan_out_load.py`; ``first`` is the first line that it printed."""

    def __init__(self, *words: object) -> None:
        command = [sys.executable, str(LOAD), *map(str, words)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.first = self.process.stdout.readline().strip()

    def told(self) -> dict[str, Any]:
        """What came since this was asked last."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return dict(json.loads(self.process.stdout.readline()))

    def end(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()


class Producer:
    """One run of 50 channels; while it runs, each gets a point ten times a second."""

    def __init__(self, url: str) -> None:
        self._address = url.removeprefix("http://").rstrip("/")
        self._spool = Spool(channels=[f"c{n}" for n in range(SERIES)])
        self._sent, self._ended = 0, threading.Event()
        self._post(first_event=0)
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.run = self._spool.run
        self._thread.start()

    def _work(self) -> None:
        due = time.monotonic()
        while not self._ended.is_set():
            due += 1 / HZ
            self._ended.wait(max(0.0, due - time.monotonic()))
            self._post(first_event=len(self._spool.events))

    def _post(self, first_event: int) -> None:
        points = records([float(n) for n in range(SERIES)], x0=0)
        points["x"], points["channel"] = self._sent // SERIES, range(SERIES)
        points["wall_ns"] = time.time_ns()
        batch = replace(self._spool.batch(first_event=first_event), points=points,
                        first_point=self._sent)  # fmt: skip
        connection = http.client.HTTPConnection(self._address, timeout=60)
        connection.request("POST", "/api/v1/ingest", join_buffers(encode_batch(batch)),
                           {"Content-Type": CONTENT_TYPE})  # fmt: skip
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status == 200, body
        self._sent += SERIES

    def end(self) -> None:
        """Send no more."""
        self._ended.set()
        self._thread.join()


@contextmanager
def producing(url: str) -> Iterator[str]:
    """A producer at work; its run."""
    producer = Producer(url)
    try:
        yield producer.run
    finally:
        producer.end()


@contextmanager
def load(*words: object) -> Iterator[Load]:
    """A process of viewers, or the bare server, ended with the block."""
    found = Load(*words)
    try:
        yield found
    finally:
        found.end()


def measure(pid: int, seconds: float, viewers: Load | None) -> tuple[float, dict[str, Any]]:
    """CPU seconds of *pid* a second, and what came to *viewers*, over so many seconds."""
    if viewers is not None:
        viewers.told()
    began, used = time.monotonic(), cpu_s(pid)
    time.sleep(seconds)
    share = (cpu_s(pid) - used) / (time.monotonic() - began)
    return share, viewers.told() if viewers is not None else {}
