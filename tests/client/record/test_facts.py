"""What is found out about the place where a run runs, compared with what others say of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from agnez_client.record import facts, git
from agnez_client.record.facts import collect
from agnez_client.record.git import git_diff, git_facts
from agnez_client.record.gpus import gpu_facts, gpu_figures
from agnez_client.settings import load_settings


def run_git(folder: Path, *words: str) -> str:
    """What git says, as a person would ask."""
    names = {
        f"GIT_{w}_{n}": "x@example.org" for w in ("AUTHOR", "COMMITTER") for n in ("NAME", "EMAIL")
    }
    environment = {**os.environ, **names, "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(["git", *words], cwd=folder, env=environment, capture_output=True,
                          text=True, check=True)  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with one commit of one file, and a remote with credentials."""
    folder = tmp_path / "code"
    folder.mkdir()
    run_git(folder, "init", "-q", "-b", "work")
    (folder / "train.py").write_text("lr = 0.1\n")
    run_git(folder, "add", "train.py")
    run_git(folder, "commit", "-q", "-m", "first")
    run_git(folder, "remote", "add", "origin", "https://me:secret@example.org/code.git")
    return folder


def test_git_tells_the_code(checkout: Path) -> None:
    """Commit, branch, clean; no credentials of the remote."""
    assert git_facts(checkout) == {
        "commit": run_git(checkout, "rev-parse", "HEAD"),
        "branch": "work",
        "dirty": False,
        "remote": "https://***@example.org/code.git",
    }
    assert git_diff(checkout) is None


def test_a_change_makes_it_dirty(checkout: Path) -> None:
    """An untracked file does not; the diff is a patch that git applies."""
    (checkout / "notes.txt").write_text("mine\n")
    assert (git_facts(checkout) or {})["dirty"] is False
    (checkout / "train.py").write_text("lr = 0.2\n")

    assert (git_facts(checkout) or {})["dirty"] is True
    patch = git_diff(checkout)
    assert patch is not None
    run_git(checkout, "checkout", "-q", "train.py")
    subprocess.run(["git", "apply"], cwd=checkout, input=patch, check=True)
    assert (checkout / "train.py").read_text() == "lr = 0.2\n"


def test_a_detached_commit_has_no_branch(checkout: Path) -> None:
    """Nor has a repository without commits a commit."""
    run_git(checkout, "checkout", "-q", "--detach")
    assert (git_facts(checkout) or {})["branch"] is None
    empty = checkout / "empty"
    empty.mkdir()
    run_git(empty, "init", "-q")
    assert (git_facts(empty) or {})["commit"] is None


def test_outside_of_a_repository_there_is_nothing(tmp_path: Path, monkeypatch: Any) -> None:
    """Nor without git, nor where git hangs."""
    assert git_facts(tmp_path) is None
    monkeypatch.setattr(git, "TIMEOUT_S", 0.0)
    assert git_facts(Path(__file__).parent) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_facts(Path(__file__).parent) is None


def test_a_repository_starts_no_programs(checkout: Path) -> None:
    """Its configuration may be somebody else's."""
    mark = checkout / "started"
    trap = checkout / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {mark}\n")
    trap.chmod(0o755)
    for name in ("core.fsmonitor", "diff.external"):
        run_git(checkout, "config", name, str(trap))
    (checkout / "train.py").write_text("lr = 0.2\n")

    assert (git_facts(checkout) or {})["dirty"] is True
    assert b"+lr = 0.2" in (git_diff(checkout) or b"")
    assert not mark.exists()


def collected(**environment: str) -> dict[str, Any]:
    """All facts, of these settings."""
    found: dict[str, Any] = {}
    for part in collect(load_settings(environment)):
        found |= part.about
    return found


def test_the_host_is_described() -> None:
    """As psutil and the interpreter see it."""
    found = collected(AGNEZ_RECORD="host")

    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["memory_bytes"] == psutil.virtual_memory().total
    assert found["cpus"] == len(os.sched_getaffinity(0))
    assert found["gpus"] == []
    assert found.keys() == {"python", "platform", "cpus", "memory_bytes", "gpus"}


def test_packages_are_those_of_pip() -> None:
    """One `name==version` a line, in a blob."""
    (part,) = collect(load_settings({"AGNEZ_RECORD": "packages"}))
    (blob,) = part.blobs
    assert isinstance(blob.source, bytes)
    lines = blob.source.decode().splitlines()

    code = "import numpy, psutil; print(numpy.__version__, psutil.__version__)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    numpy_version, psutil_version = said.stdout.split()
    assert {f"numpy=={numpy_version}", f"psutil=={psutil_version}"} <= set(lines)
    assert lines == sorted(lines, key=str.lower)
    assert part.about["packages"] == {"count": len(lines), "blob": blob.ref}


def test_the_command_is_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redacted, with the directory."""
    monkeypatch.setattr(sys, "orig_argv", ["python", "train.py", "--token", "abc", "--lr", "1"])
    found = collected(AGNEZ_RECORD="command")

    assert found["command"] == ["python", "train.py", "--token", "***", "--lr", "1"]
    assert found["directory"] == str(Path.cwd())


def test_a_part_that_fails_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are there."""

    def fail(settings: Any) -> None:
        raise RuntimeError("a broken host")

    monkeypatch.setitem(facts._PARTS, "host", fail)

    assert collected(AGNEZ_RECORD="command,host").keys() == {"command", "script", "directory"}


def no_power(handle: int) -> int:
    """The second card does not tell."""
    if handle == 1:
        raise RuntimeError("not supported")
    return 250_500


TWO_CARDS = SimpleNamespace(
    nvmlDeviceGetCount=lambda: 2,
    nvmlDeviceGetHandleByIndex=lambda number: number,
    nvmlDeviceGetName=lambda handle: (b"Card A", "Card B")[handle],
    nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace(total=80 << 30, used=(handle + 1) << 30),
    nvmlDeviceGetUtilizationRates=lambda handle: SimpleNamespace(gpu=97 - handle),
    nvmlDeviceGetTemperature=lambda handle, sensor: 60 + handle,
    nvmlDeviceGetPowerUsage=no_power,
)


def test_cards_are_told_by_nvml() -> None:
    """Names and memory once, figures in %, bytes, °C and W; what is not told is left out."""
    assert gpu_facts(TWO_CARDS) == [
        {"name": "Card A", "memory_bytes": 80 << 30},
        {"name": "Card B", "memory_bytes": 80 << 30},
    ]
    assert gpu_figures(TWO_CARDS) == {
        "gpu0/percent": 97.0,
        "gpu0/memory_bytes": float(1 << 30),
        "gpu0/celsius": 60.0,
        "gpu0/watts": 250.5,
        "gpu1/percent": 96.0,
        "gpu1/memory_bytes": float(2 << 30),
        "gpu1/celsius": 61.0,
    }


def test_without_a_driver_there_are_no_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is installed, and finds nothing to ask."""

    def fail() -> None:
        raise RuntimeError("NVML Shared Library Not Found")

    monkeypatch.setitem(sys.modules, "pynvml", SimpleNamespace(nvmlInit=fail))  # type: ignore[arg-type]

    assert gpu_facts() == []
