"""`agnez backup`: while a server is used, and back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import requests

from tests.support.agnez_up import AGNEZ, agnez_up, home_environment


def agnez(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """`agnez *args` of the user whose home is *home*."""
    return subprocess.run(
        [*AGNEZ, *args], env=home_environment(home), capture_output=True, text=True, timeout=60
    )


def points(url: str) -> int:
    """How many points the server has."""
    runs = requests.get(f"{url}/api/v1/runs", timeout=30).json()["items"]
    return sum(int(run["points"]) for run in runs)


def test_what_was_backed_up_comes_back(tmp_path: Path) -> None:
    """Points that were there when the backup was made; those that came later are not."""
    home, target = tmp_path / "home", tmp_path / "backup"
    home.mkdir()
    body = {"run": "mine", "channel": "loss", "y": [1, 2, 3]}
    with agnez_up(home) as server:
        assert requests.post(f"{server.url}/api/v1/points", json=body, timeout=30).ok
        made = agnez(home, "backup", "make", str(target), "--data", str(home / "data"))
        assert requests.post(f"{server.url}/api/v1/points", json=body, timeout=30).ok
        assert points(server.url) == 6
    assert made.returncode == 0, made.stderr

    assert agnez(home, "backup", "check", str(target)).stdout.startswith("whole: ")
    again = tmp_path / "again"
    again.mkdir()
    done = agnez(home, "backup", "restore", str(target), "--data", str(again / "data"))
    assert done.returncode == 0, done.stderr
    with agnez_up(again) as server:
        assert points(server.url) == 3


def test_troubles_are_one_line(tmp_path: Path) -> None:
    """No store, a taken name, no backup: each says what to do, and changes nothing."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    for args, said in (
        (("make", "b", "--data", "nothing"), "there is no store in"),
        (("restore", "nothing", "--data", "d"), "is no backup of Agnez"),
        (("check", "full"), "is no backup of Agnez"),
    ):
        done = subprocess.run(
            [sys.executable, *AGNEZ[1:], "backup", *args], env=home_environment(tmp_path),
            capture_output=True, text=True, timeout=60, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 1
        assert done.stderr.startswith("Error: ") and said in done.stderr
    assert (tmp_path / "full" / "thesis.tex").read_text() == "mine"
