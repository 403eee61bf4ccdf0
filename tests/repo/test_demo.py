"""The demo, without the installation that `scripts/demo` does before it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.agnez_up import agnez_up, home_environment

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def demo(home: Path, *args: str) -> Iterator[subprocess.Popen[str]]:
    """The demo as a process with its output, of a user with an empty home."""
    command = [sys.executable, str(ROOT / "scripts/lib/demo.py"), "--data", str(home / "data")]
    with subprocess.Popen(
        [*command, *args], env=home_environment(home), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)


def read_until(process: subprocess.Popen[str], words: str) -> list[str]:
    """The lines of output up to that with *words*; fails when the output ends first."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return lines
    raise AssertionError(f"{words!r} never came:\n{''.join(lines)}")


def test_the_demo_trains_serves_and_can_be_read_back(tmp_path: Path) -> None:
    """Three runs finish, Ctrl-C ends it with status 0, and a later server has all their points."""
    with demo(tmp_path, "--port", "0", "--epochs", "1") as process:
        said = read_until(process, "Its charts stay at")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0, "".join(said)

    with agnez_up(tmp_path) as server:
        runs = json.loads(server.agnez("runs", "--json"))
        channels = json.loads(server.agnez("channels", runs[0]["id"], "--json"))
    assert [run["state"] for run in runs] == ["finished"] * 3
    assert {run["project"] for run in runs} == {"digits"}
    # 1,437 samples in batches of 16: 90 steps an epoch; one validation an epoch.
    counts = {c["name"]: c["count"] for c in channels if not c["name"].startswith("system/")}
    assert counts == {
        "loss": 90,
        "accuracy": 90,
        "learning rate": 90,
        "gradient norm": 90,
        "val loss": 1,
        "val accuracy": 1,
        "first layer/weights": 1,
        "val confusion": 1,
        "val mistakes": 1,
        "digits.pt": 1,
    }


def test_the_demo_ends_by_itself(tmp_path: Path) -> None:
    """`--seconds` ends training and server with status 0, and the run says that it was stopped."""
    with demo(tmp_path, "--port", "0", "--seconds", "20", "--epochs", "10000") as process:
        assert process.stdout is not None
        said = process.stdout.read()
        assert process.wait(60) == 0, said

    with agnez_up(tmp_path) as server:
        (run,) = json.loads(server.agnez("runs", "--json"))
    assert run["state"] == "stopped"
    assert run["points"] > 0


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """The demo says which port is held and how to choose another, and fails."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with demo(tmp_path, "--port", str(port)) as process:
            assert process.stdout is not None
            said = process.stdout.read()
            assert process.wait(60) == 1

    assert f"port {port}" in said and "--port" in said
    assert "Traceback" not in said
