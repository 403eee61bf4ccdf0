"""The cells of one peer: its tasks are started, fed, killed and timed from outside."""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leash import MARK, Leash, marked

PLACE = Path(__file__).resolve().parent
PAGELESS = {"wandb"}
OFFLINE = {
    "WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "DO_NOT_TRACK": "1", "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "GIT_PYTHON_REFRESH": "quiet",
    "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9",
    "no_proxy": "127.0.0.1,localhost",
}  # fmt: skip
"""
What keeps the peers at home: their own switches, and a proxy that isn't there. MLflow's workers for
jobs have no part in metrics, and slow its start down.
"""
Found = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How much a cell does, and for how many seconds it logs before it takes what it has."""

    calls: int = 100_000
    calls_s: float = 2
    points: int = 100_000
    points_s: float = 25
    page: int = 1_000_000
    page_s: float = 60
    killed: int = 1000
    killed_s: float = 6
    samples: int = 10
    sample_s: float = 20
    cell_s: float = 90
    """The limit of a whole cell, with all that it starts."""


SMALL = Size(5000, 0.5, 5000, 2, 20_000, 2, 200, 1, 2, 4, 40)


class Failed(RuntimeError):
    """A task ended without an answer."""


class Cells:
    """What was found so far for the peer *name*."""

    def __init__(self, name: str, python: Path, folder: Path, size: Size) -> None:
        self.name, self.size = name, size
        self.found: dict[str, list[Found]] = {}
        self.failed: dict[str, str] = {}
        self._python, self._folder = python, folder
        self._durable_run: Path | None = None

    def measure(self, cell: str, left_s: float = 1e9) -> float:
        """One round of *cell* in *left_s*, failing or not; how long it took, in seconds."""
        if cell in ("page", "live") and self.name in PAGELESS:
            return 0.0
        start, limit_s = time.monotonic(), min(self.size.cell_s, left_s)
        if limit_s < 2:
            self.failed[cell] = "out of time"
            return 0.0
        folder = self._place(cell)
        folder.mkdir(parents=True, exist_ok=True)
        leash = Leash(folder, limit_s)
        try:
            with leash, self._home(folder) as home:
                found = getattr(self, f"_{cell}")(home)
            self.found.setdefault(cell, []).append(found)
        except (Failed, OSError, ValueError, subprocess.SubprocessError) as error:
            reason = f"not within {limit_s:.0f} s" if leash.late else str(error)
            self.failed[cell] = reason[-100:].replace("\n", " ").replace("|", "/")
        if folder != self._durable_run or cell == "page":
            shutil.rmtree(folder, ignore_errors=True)
        return time.monotonic() - start

    def _place(self, cell: str) -> Path:
        """Where *cell* works: one that shows 100,000 points has them already."""
        if cell == "page" and self._durable_run and not self._reaches(self.size.page):
            return self._durable_run
        number = len(self.found.get(cell, ()))
        return self._folder / self.name / f"{cell}-{number}"

    def _reaches(self, points: int) -> bool:
        """Whether so many are logged in time, as far as 100,000 tell."""
        found = self.found.get("durable")
        return bool(found) and found[0]["kept_s"] / found[0]["logged"] * points < self.size.page_s

    # -- the cells ---------------------------------------------------------------------------

    def _cost(self, home: Home) -> Found:
        return home.task("cost", self.size.calls, self.size.calls_s)

    def _durable(self, home: Home) -> Found:
        found = home.task("durable", self.size.points, self.size.points_s) | home.task("count")
        if self._durable_run is None and self.name != "agnez":
            self._durable_run = home.folder
        return found

    def _kill(self, home: Home) -> Found:
        """The trainer dies behind its last call; what it left running ends; points are counted."""
        before = marked(home.folder)
        with home.started("kill", self.size.killed, self.size.killed_s) as process:
            logged = heard(process)
            process.kill()
            process.wait()
            until = time.monotonic() + 5
            while marked(home.folder) - before and time.monotonic() < until:
                time.sleep(0.05)
        return {**logged, **home.task("count")}

    def _page(self, home: Home) -> Found:
        """A run is filled, then its page's endpoint asked."""
        if home.folder == self._durable_run:
            logged = {"logged": self.found["durable"][0]["logged"]}
        else:
            most = self.size.page if self._reaches(self.size.page) else self.size.points
            logged = home.task("filled", most, self.size.page_s)
        with ExitStack() as stack:
            if self.name != "agnez":
                stack.enter_context(home.server())
            with home.started("watch", home.port, 60) as process:
                say(process, -1)
                if not heard(process)["seen"]:
                    raise Failed("its page showed nothing within 60 s")
            return {**logged, **home.task("ask", home.port, 15)}

    def _live(self, home: Home) -> Found:
        """Points one by one, each until it is in the page's answer."""
        took: list[float] = []
        limit_s = self.size.sample_s
        with ExitStack() as stack:
            trainer = stack.enter_context(home.started("live"))
            heard(trainer)
            if self.name != "agnez":
                stack.enter_context(home.server())
            watcher = stack.enter_context(home.started("watch", home.port, limit_s))
            for x in range(1, self.size.samples + 1):
                say(watcher, x)
                start = time.perf_counter()
                say(trainer, x)
                heard(trainer)
                if not heard(watcher)["seen"]:
                    return {"not_within_s": limit_s, "seen": len(took)}
                took.append((time.perf_counter() - start) * 1e3)
        return {"ms": statistics.median(took), "seen": len(took)}

    @contextmanager
    def _home(self, folder: Path) -> Iterator[Home]:
        """The place of a user who has nothing yet, with a server where one is needed to log."""
        home = Home(self.name, self._python, folder)
        with ExitStack() as stack:
            if self.name == "agnez":
                home.environment["AGNEZ_URL"] = f"http://127.0.0.1:{home.port}"
                server = stack.enter_context(home.server())
                home.environment["PEER_SERVER"] = str(server.pid)
            yield home


class Home:
    """A folder and an environment in which the tasks of a cell run."""

    def __init__(self, name: str, python: Path, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._command = [str(python), str(PLACE / f"{name}_peer.py")]
        own = ("AGNEZ_", "PYTHON", "XDG_", "PEER_")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(own)}
        self.environment |= {
            **OFFLINE, MARK: str(folder), "HOME": str(folder), "TRACKIO_DIR": f"{folder}/trackio",
        }  # fmt: skip

    @contextmanager
    def started(self, name: str, *args: object) -> Iterator[subprocess.Popen[str]]:
        """A task that runs; it ends with the block, what it started with the cell."""
        command = [*self._command, name, str(self.folder), *map(str, args)]
        with (
            (self.folder / "errors").open("a") as errors,
            subprocess.Popen(
                command, env=self.environment, cwd=self.folder, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                start_new_session=True,
            ) as process,
        ):  # fmt: skip
            try:
                yield process
            except Failed as error:
                raise Failed(str(error) or self._last_error()) from None
            finally:
                process.kill()

    def task(self, name: str, *args: object) -> Found:
        """What the task says, once it has ended by itself."""
        with self.started(name, *args) as process:
            found = heard(process)
            if process.wait():
                raise Failed
        return found

    @contextmanager
    def server(self) -> Iterator[subprocess.Popen[str]]:
        """The server of the pages, once it takes connections."""
        with self.started("serve", self.port) as process:
            while not listens(self.port):
                if process.poll() is not None:
                    raise Failed
                time.sleep(0.05)
            yield process

    def _last_error(self) -> str:
        lines = (self.folder / "errors").read_text(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else "ended without an answer"


def free_port() -> int:
    """A port that nobody holds at present."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def say(process: subprocess.Popen[str], x: int) -> None:
    """Tell a task the next x."""
    assert process.stdin is not None
    try:
        process.stdin.write(f"{x}\n")
        process.stdin.flush()
    except BrokenPipeError:
        raise Failed from None


def heard(process: subprocess.Popen[str]) -> Found:
    """The next answer of a task."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise Failed
    return dict(json.loads(line))
