"""The comparison with other peers: Agnez's own line, measured small, and the table around it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def peers() -> Iterator[ModuleType]:
    """The benchmark, loaded as the module that it is when it is run."""
    sys.path.insert(0, str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location("peers_benchmark", BENCHMARKS / "peers.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(BENCHMARKS / "peers"))
    sys.path.remove(str(BENCHMARKS))


@pytest.fixture
def agnez(peers: ModuleType, tmp_path: Path) -> Any:
    """Agnez as a peer, of the small size."""
    return peers.Cells("agnez", Path(sys.executable), tmp_path, peers.SMALL)


def test_all_points_outlive_the_trainer(peers: ModuleType, agnez: Any) -> None:
    """The line of Agnez says what its cells found; what was not measured is a dash."""
    agnez.measure("kill")
    line = peers.words.line(agnez, "Agnez")
    found, logged = line[-1].split(" of ")

    assert found == logged and int(logged) > 0
    assert (line[0], line[1], line[3]) == ("Agnez", "–", "–")


def test_a_peer_that_fails_says_so_in_its_cell(peers: ModuleType, tmp_path: Path) -> None:
    """The others go on."""
    broken = peers.Cells("wandb", tmp_path / "nowhere", tmp_path, peers.SMALL)

    broken.measure("cost")

    assert "nowhere" in peers.words.line(broken, "wandb")[1]


def test_a_cell_without_time_says_so(peers: ModuleType, agnez: Any) -> None:
    """Nothing is started for it."""
    agnez.measure("live", 0.5)

    assert "out of time" in peers.words.line(agnez, "Agnez")


def test_what_runs_past_its_time_is_ended(peers: ModuleType, tmp_path: Path) -> None:
    """Also in a session of its own, and without a parent that waits for it."""
    environment = {**os.environ, peers.leash.MARK: str(tmp_path / "cell")}
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]

    with peers.leash.Leash(tmp_path / "cell", 0.01) as leash:
        process = subprocess.Popen(sleeper, env=environment, start_new_session=True)
        process.wait(60)

    assert leash.late and process.returncode == -9


def test_each_line_of_the_table_has_a_cell_for_each_heading(peers: ModuleType, agnez: Any) -> None:
    """Also that of a peer of which nothing is known, and that of the calibration loop."""
    words = peers.words
    lines = [words.line(agnez, "Agnez"), words.calibration({"kill": [17.0, 18.0]})]
    rows = words.table(lines).splitlines()

    assert {row.count("|") for row in rows} == {len(words.COLUMNS) + 1}


def test_the_table_stands_between_its_markers(peers: ModuleType, tmp_path: Path) -> None:
    """A new one takes the place of the old, and the rest stays; the real README has a place."""
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{peers.BEGIN}\nold\n{peers.END}\nafter\n")

    peers.write(readme, "| new |")

    assert readme.read_text() == f"before\n{peers.BEGIN}\n| new |\n{peers.END}\nafter\n"
    assert peers.BEGIN in peers.README.read_text() and peers.END in peers.README.read_text()


def test_every_peer_has_an_adapter_and_a_pinned_version(peers: ModuleType) -> None:
    """What is installed is the same each time."""
    for name, packages in peers.PEERS.items():
        assert (BENCHMARKS / "peers" / f"{name}_peer.py").is_file()
        assert all("==" in package for package in packages)
