"""
One user's machine: a server that is killed and started again at its address, and trainers.

Everything is a process of its own, and everything is ended with the machine.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.agnez_up import AGNEZ, home_environment

ROOT = Path(__file__).resolve().parents[2]
TRAINERS = ROOT / "tests" / "e2e" / "trainers"
_ADDRESS = re.compile(r"https?://\S+:\d+\S*")


class Machine:
    """See the module. ``url`` is known once `up` was called, and stays."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment: dict[str, str] = {
            **home_environment(home),
            "AGNEZ_SPOOL": str(home / "spool"),
            "AGNEZ_SPOOL_MIN_FREE": "0",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'dashboards'}",
        }
        self.url = ""
        self._server: subprocess.Popen[str] | None = None
        self._trainers: list[subprocess.Popen[str]] = []

    # -- the server --------------------------------------------------------------------------

    def up(self) -> None:
        """Start the server; the second time at the port of the first."""
        port = self.url.rpartition(":")[2] or "0"
        command = [*AGNEZ, "up", "--port", port, "--data", str(self.home / "data")]
        self._server = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        assert self._server.stdout is not None
        for line in self._server.stdout:
            if found := _ADDRESS.search(line):
                self.url = found.group()
                self.environment["AGNEZ_URL"] = self.url
                return
        raise AssertionError(f"the server did not start, status {self._server.wait()}")

    @property
    def server_pid(self) -> int:
        """The process of the server that is up."""
        assert self._server is not None
        return self._server.pid

    def kill_server(self) -> None:
        """SIGKILL, as the kernel does when memory is short."""
        assert self._server is not None
        self._server.kill()
        self._server.wait()
        self._close(self._server)

    def stop_server(self) -> int:
        """Ctrl-C; the exit status."""
        assert self._server is not None
        self._server.send_signal(signal.SIGINT)
        status = self._server.wait(30)
        self._close(self._server)
        return status

    # -- trainers ----------------------------------------------------------------------------

    def train(self, script: str, *args: str, **environment: str) -> subprocess.Popen[str]:
        """A trainer of `tests/e2e/trainers`, its output to be read."""
        process = subprocess.Popen(
            [sys.executable, str(TRAINERS / f"{script}.py"), *args],
            env={**self.environment, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._trainers.append(process)
        return process

    def agnez(self, *args: str) -> str:
        """What `agnez *args` answers; it has to succeed."""
        done = subprocess.run(
            [*AGNEZ, *args], env=self.environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def acked(self) -> dict[str, int]:
        """
        How many points of each run its trainer knows to be stored, by run id; no run of which it
        knows nothing yet.
        """
        found: dict[str, int] = {}
        for header in (self.home / "spool").glob("*/*/header.json"):
            run = json.loads(header.read_text())["run"]
            cursor = header.with_name("cursor")
            if cursor.exists():
                marks = json.loads(cursor.read_text())["stores"].values()
                if any(m["points"] or m["events"] for m in marks):
                    found[run] = max(m["points"] for m in marks)
        return found

    # -- reading -----------------------------------------------------------------------------

    def get(self, path: str) -> Any:
        """The JSON answer of ``/api/v1`` + *path*."""
        with urllib.request.urlopen(f"{self.url}/api/v1{path}", timeout=30) as answer:
            return json.load(answer)

    def text(self, path: str) -> str:
        """The answer of ``/api/v1`` + *path* as text."""
        with urllib.request.urlopen(f"{self.url}/api/v1{path}", timeout=30) as answer:
            return str(answer.read().decode())

    def run_named(self, name: str) -> Mapping[str, Any]:
        """The one run of this name."""
        (run,) = self.get(f"/runs?q={name}&limit=1000")["items"]
        return dict(run)

    def channel(self, run: str, name: str) -> Mapping[str, Any]:
        """The channel *name* of *run*."""
        (found,) = [c for c in self.get(f"/runs/{run}/channels")["items"] if c["name"] == name]
        return dict(found)

    def raw(self, channel: str) -> list[dict[str, Any]]:
        """All points of a channel in the order sent."""
        items: list[dict[str, Any]] = []
        path = f"/channels/{channel}/raw?limit=100000"
        page = self.get(path)
        items += page["items"]
        while page["next"]:
            page = self.get(f"{path}&cursor={page['next']}")
            items += page["items"]
        return items

    def wait_for(self, condition: Any, timeout_s: float = 60.0) -> None:
        """Ask until *condition* is true; only for what no event tells of."""
        end = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end, "it did not happen in time"
            os.sched_yield()
            time.sleep(0.02)

    def close(self) -> None:
        """End what still runs."""
        for process in (*self._trainers, *filter(None, [self._server])):
            if process.poll() is None:
                process.kill()
                process.wait()
            self._close(process)

    @staticmethod
    def _close(process: subprocess.Popen[str]) -> None:
        for stream in (process.stdin, process.stdout):
            if stream is not None and not stream.closed:
                stream.close()
