"""A real `agnez up` in a process of its own, for tests that look at it from outside."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

AGNEZ = [sys.executable, "-c", "from agnez_client.cli import main; main()"]
_ADDRESS = re.compile(r"https?://\S+:\d+\S*")


def home_environment(home: Path) -> dict[str, str]:
    """The environment of a user whose home is *home* and who has set nothing."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AGNEZ_", "XDG_"))}
    return {**kept, "HOME": str(home), "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}


@dataclass(frozen=True)
class RunningServer:
    """Where it listens, its process, and the environment of the user who started it."""

    url: str
    process: subprocess.Popen[str]
    environment: Mapping[str, str]

    def agnez(self, *args: str, status: int = 0) -> str:
        """What `agnez *args` writes to standard output, or to standard error if it fails."""
        done = subprocess.run(
            [*AGNEZ, *args], env=self.environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stderr if status else done.stdout


@contextmanager
def agnez_up(
    home: Path, *args: str, python: Sequence[str] = AGNEZ, cwd: Path | None = None
) -> Iterator[RunningServer]:
    """`agnez up` on a free port of 127.0.0.1, ended with the block."""
    environment = home_environment(home)
    command = [*python, "up", "--port", "0", "--data", str(home / "data"), *args]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, cwd=cwd
    ) as process:
        assert process.stdout is not None
        try:
            lines = []
            for line in process.stdout:
                lines.append(line)
                if found := _ADDRESS.search(line):
                    yield RunningServer(found.group(), process, environment)
                    break
            else:
                raise AssertionError(f"no address: {''.join(lines)}, status {process.wait()}")
        finally:
            process.send_signal(signal.SIGINT)
