"""The comparison with other trackers: Agnez's own line, measured small, and the table around it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def peers() -> ModuleType:
    """The benchmark, loaded as the module that it is when it is run."""
    spec = importlib.util.spec_from_file_location("peers_benchmark", BENCHMARKS / "peers.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.path.remove(str(BENCHMARKS / "peers"))
    return module


def test_all_points_outlive_the_trainer(peers: ModuleType, tmp_path: Path) -> None:
    """The line of Agnez says what its tasks found; what was not measured is a dash."""
    agnez = peers.Cells("agnez", Path(sys.executable), small=True)

    agnez._try("kill", agnez._kill, tmp_path / "kill", "kill", 1000, 0)
    line = agnez.line()

    assert (line[0], line[-1], line[4]) == ("agnez", "1,000 of 1,000", "–")


def test_a_task_that_fails_says_so_in_its_cell(peers: ModuleType, tmp_path: Path) -> None:
    """The others go on."""
    broken = peers.Cells("wandb", tmp_path / "nowhere", small=True)

    broken._try("cost", broken._task, tmp_path / "cost", "cost", 10, 1)

    assert "nowhere" in broken.line()[1]


def test_each_line_of_the_table_has_a_cell_for_each_heading(peers: ModuleType) -> None:
    """Also that of a tracker of which nothing is known."""
    line = peers.Cells("aim", Path(sys.executable), small=True).line()
    rows = peers.table([line]).splitlines()

    assert len(line) == len(peers.COLUMNS)
    assert {row.count("|") for row in rows} == {len(peers.COLUMNS) + 1}


def test_every_peer_has_an_adapter_and_a_pinned_version(peers: ModuleType) -> None:
    """What is installed is the same each time, apart from what only holds something back."""
    for name, packages in peers.PEERS.items():
        assert (BENCHMARKS / "peers" / f"{name}_peer.py").is_file()
        assert all("==" in package or "<" in package for package in packages)
