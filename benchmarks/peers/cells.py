"""The cells of one tracker's line: its tasks are started, fed, killed and timed from outside."""

from __future__ import annotations

import json
import os
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

PLACE = Path(__file__).resolve().parent
POLLS = {
    "agnez": "pushed", "trackio": "1 s", "aim": "10 s", "mlflow": "30 s",
    "tensorboardx": "30 s, when switched on", "wandb": "no page",
}  # fmt: skip
"""What the pages do by default, as far as their sources say."""
OFFLINE = {
    "WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "1", "AIM_UI_TELEMETRY_ENABLED": "0",
    "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "GRADIO_ANALYTICS_ENABLED": "False",
    "GIT_PYTHON_REFRESH": "quiet",
}  # fmt: skip
LONGEST_S = 90.0
Program = subprocess.Popen[str]


class Failed(RuntimeError):
    """A task ended without an answer, or took too long."""


class Cells:
    """What was found so far for the tracker *name*."""

    def __init__(self, name: str, python: Path, small: bool) -> None:
        self.name, self._python, self._small = name, python, small
        self._found: dict[str, list[dict[str, Any]]] = {}
        self._failed: dict[str, str] = {}

    def measure(self, folder: Path, with_page: bool) -> None:
        """One round; a task that fails is told in its cell, and the others go on."""
        tenth = 10 if self._small else 1
        for cell, task, most, limit in (
            ("cost", self._task, 10_000 // tenth, 5),
            ("durable", self._task, 100_000 // tenth, 20 // tenth + 1),
            ("kill", self._kill, 1000, 0),
        ):
            self._try(cell, task, folder / cell, cell, most, limit)
        if with_page and POLLS[self.name] != "no page":
            fill = (1_000_000 // tenth**2, 25 // tenth + 1)
            self._try("ask", self._ask, folder / "ask", "filled", *fill)
            self._try("live", self._live, folder / "live", "live", 5, 10)

    def _try(self, cell: str, task: Any, folder: Path, *given: Any) -> None:
        folder.mkdir(parents=True)
        try:
            with self._home(folder) as (environment, port):
                found = task(folder, environment, port, *given)
            self._found.setdefault(cell, []).append(found)
        except (Failed, OSError, ValueError, subprocess.SubprocessError) as error:
            self._failed[cell] = str(error)[-80:].replace("\n", " ").replace("|", "/")

    # -- processes ---------------------------------------------------------------------------

    def _command(self, *args: object) -> list[str]:
        return [str(self._python), str(PLACE / f"{self.name}_peer.py"), *map(str, args)]

    @contextmanager
    def _home(self, folder: Path) -> Iterator[tuple[dict[str, str], int]]:
        """The environment of a user who has nothing yet, with a server where one is needed."""
        port = free_port()
        environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("AGNEZ_", "PYTHON", "XDG_"))
        }
        environment |= {**OFFLINE, "HOME": str(folder), "TRACKIO_DIR": str(folder / "trackio")}
        if self.name == "agnez":
            environment |= {"AGNEZ_URL": f"http://127.0.0.1:{port}"}
            with self._server(folder, environment, port):
                yield environment, port
        else:
            yield environment, port

    @contextmanager
    def _server(self, folder: Path, environment: dict[str, str], port: int) -> Iterator[None]:
        with self._started(environment, "serve", folder, port) as process:
            end = time.monotonic() + LONGEST_S
            while not listens(port):
                if process.poll() is not None or time.monotonic() > end:
                    raise Failed("its server did not start")
                time.sleep(0.05)
            yield

    @contextmanager
    def _started(
        self, environment: dict[str, str], *args: object
    ) -> Iterator[subprocess.Popen[str]]:
        """A task that runs; it and all that it started are ended with the block."""
        with subprocess.Popen(
            self._command(*args), env=environment, stdin=subprocess.PIPE, text=True,
            stdout=subprocess.DEVNULL if args[0] == "serve" else subprocess.PIPE,
            stderr=subprocess.DEVNULL, start_new_session=True, cwd=environment["HOME"],
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def _task(
        self, folder: Path, environment: dict[str, str], port: int, *args: object
    ) -> dict[str, Any]:
        """What the task says at its end."""
        done = subprocess.run(
            self._command(args[0], folder, *args[1:]), env=environment, capture_output=True,
            text=True, timeout=LONGEST_S, cwd=folder,
        )  # fmt: skip
        answers = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode or not answers:
            raise Failed((done.stderr or done.stdout).strip()[-80:] or "no answer")
        return dict(json.loads(answers[-1]))

    def _kill(
        self, folder: Path, environment: dict[str, str], port: int, *args: object
    ) -> dict[str, Any]:
        """The trainer dies behind its last call; then its points are counted."""
        with self._started(environment, args[0], folder, *args[1:]) as process:
            heard(process)
            process.kill()
            process.wait()
        return self._task(folder, environment, port, "count")

    def _ask(
        self, folder: Path, environment: dict[str, str], port: int, *args: object
    ) -> dict[str, Any]:
        """A run is filled, then its page's endpoint asked."""
        logged = self._task(folder, environment, port, *args)
        with ExitStack() as stack:
            if self.name != "agnez":
                stack.enter_context(self._server(folder, environment, port))
            self._wait_for_points(folder, environment, port)
            return {**logged, **self._task(folder, environment, port, "ask", port, 30)}

    def _wait_for_points(self, folder: Path, environment: dict[str, str], port: int) -> None:
        """Until the server has read the run."""
        with self._started(environment, "watch", folder, port, 30) as process:
            say(process, -1)
            if not heard(process)["seen"]:
                raise Failed("the page showed nothing within 30 s")

    def _live(
        self, folder: Path, environment: dict[str, str], port: int, *args: Any
    ) -> dict[str, Any]:
        """Points one by one, each until it is in the page's answer."""
        name, most, limit = args
        took: list[float] = []
        with ExitStack() as stack:
            trainer = stack.enter_context(self._started(environment, name, folder))
            heard(trainer)
            if self.name != "agnez":
                stack.enter_context(self._server(folder, environment, port))
            watcher = stack.enter_context(self._started(environment, "watch", folder, port, limit))
            for x in range(1, most + 1):
                say(watcher, x)
                start = time.perf_counter()
                say(trainer, x)
                heard(trainer)
                if not heard(watcher)["seen"]:
                    return {"not_within_s": limit, "seen": len(took)}
                took.append((time.perf_counter() - start) * 1e3)
        return {"ms": statistics.median(took), "seen": len(took)}

    # -- words -------------------------------------------------------------------------------

    def line(self) -> list[str]:
        """The cells as texts."""
        return [
            self.name, self._cost(), self._median("cost", "cpu_us", "{:.3g} µs"), self._durable(),
            self._page(), self._spike(), self._seen(), POLLS[self.name],
            self._median("kill", "counted", "{:,.0f} of 1,000"),
        ]  # fmt: skip

    def _median(self, cell: str, key: str, form: str) -> str:
        found = self._found.get(cell)
        if not found:
            return self._failed.get(cell, "–")
        return form.format(statistics.median(f[key] for f in found))

    def _cost(self) -> str:
        median = self._median("cost", "median_us", "{:.3g}")
        return f"{median} / {self._median('cost', 'p99_us', '{:.3g} µs')}"

    def _durable(self) -> str:
        found = self._found.get("durable")
        if not found:
            return self._failed.get("durable", "–")
        seconds = statistics.median(f["kept_s"] for f in found)
        logged, counted = found[-1]["logged"], found[-1]["counted"]
        rest = "" if counted == logged else f", {counted:,} found"
        return f"{seconds:.3g} s for {logged:,}{rest}"

    def _page(self) -> str:
        found = self._found.get("ask")
        if not found:
            return self._failed.get("ask", "–")
        f = found[0]
        return f"{f['ms']:.3g} ms, {f['points']:,} points, {f['bytes']:,} bytes of {f['logged']:,}"

    def _spike(self) -> str:
        found = self._found.get("ask")
        return "–" if not found else "there" if found[0]["spike"] else "**lost**"

    def _seen(self) -> str:
        found = self._found.get("live")
        if not found:
            return self._failed.get("live", "–")
        if "ms" not in found[0]:
            return f"not within {found[0]['not_within_s']} s"
        return f"{found[0]['ms']:.3g} ms"


def free_port() -> int:
    """A port that nobody holds at present."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def say(process: Program, x: int) -> None:
    """Tell a task the next x."""
    assert process.stdin is not None
    process.stdin.write(f"{x}\n")
    process.stdin.flush()


def heard(process: Program) -> dict[str, Any]:
    """The next answer of a task; other lines that it prints are passed over."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{"):
            return dict(json.loads(line))
    raise Failed("the task ended early")
