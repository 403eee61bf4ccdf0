"""The unit tests of the pages' scripts, run by Node, and their types."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "dashboards" / "web"
TESTS = Path(__file__).parent / "web"


def run(*command: str | Path, folder: Path = WEB) -> None:
    """Run *command*; its output is the failure's message."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module", autouse=True)
def node_modules() -> None:
    """The packages of the lock file; there already after an install from the checkout."""
    if not (WEB / "node_modules").is_dir():
        npm = shutil.which("npm")
        assert npm is not None, "npm was not found: install Node 20 or newer"
        run(npm, "ci", "--ignore-scripts")


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory, node_modules: None) -> Path:
    """The tests as scripts for Node."""
    out = tmp_path_factory.mktemp("web")
    run("node", "test.mjs", out)
    return out


@pytest.mark.parametrize("name", sorted(file.stem for file in TESTS.glob("*.test.ts")))
def test_scripts(name: str, bundles: Path) -> None:
    """What each test file of `tests/dashboards/web` says."""
    run("node", "--enable-source-maps", "--test", bundles / f"{name}.mjs")


@pytest.mark.parametrize("project", [WEB, TESTS], ids=["pages", "tests"])
def test_types(project: Path) -> None:
    """Strict TypeScript finds nothing."""
    run(WEB / "node_modules" / ".bin" / "tsc", "-p", project)
