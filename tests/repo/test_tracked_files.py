"""What no file of the repository may hold: places of one machine, oversized rooms, build output."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 400

# Spelled in parts, so that this file does not hold them.
INDEX_HOSTS = re.compile(
    r"(py"
    r"pi\.org|python"
    r"hosted\.org|registry\.npm"
    r"js\.|registry\.yarn"
    r"pkg\.|download\.py"
    r"torch\.org|proxy\.gol"
    r"ang\.org)",
    re.IGNORECASE,
)
MACHINE_PATHS = re.compile(r"(?<![\w.}])/(?:home|root|Users|work|mnt)/[\w.-]+")


def tracked(*patterns: str) -> list[Path]:
    """The files that git knows or would take in, of these patterns."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def found_in_files(pattern: re.Pattern[str]) -> list[str]:
    """Where *pattern* stands in a text file, as "path:line: text"."""
    hits = []
    for path in tracked():
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        name = path.relative_to(ROOT)
        hits += [f"{name}:{i}: {s[:120]}" for i, s in enumerate(lines, 1) if pattern.search(s)]
    return hits


def test_no_package_index_is_named() -> None:
    """Packages come from wherever the machine is set up to take them."""
    assert found_in_files(INDEX_HOSTS) == []


def test_no_path_of_one_machine_is_named() -> None:
    """Nothing depends on where somebody keeps his files."""
    assert found_in_files(MACHINE_PATHS) == []


def test_sources_stay_short() -> None:
    """No source file has more than 400 lines: a longer one hides a noun."""
    sources = tracked("*.py", "*.ts", "*.mjs", "*.css", "*.sh", "scripts/*")
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in sources}

    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}


@pytest.mark.parametrize("folder", ["dashboards/web", "tests/feathers"])
def test_the_lock_file_names_no_addresses(folder: str) -> None:
    """npm resolves the locked versions wherever the machine is set up to take them."""
    lock = json.loads((ROOT / folder / "package-lock.json").read_text())

    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []


def test_no_build_output_is_tracked() -> None:
    """What a build makes, a build makes again."""
    listed = {str(p.relative_to(ROOT)) for p in tracked()}

    assert [n for n in listed if "/static/" in n or "node_modules/" in n] == []


def test_scripts_can_be_run() -> None:
    """Every script is executable and stops at the first failure."""
    scripts = [p for p in tracked("scripts/*", ".ci/*") if p.parent.name in ("scripts", ".ci")]
    scripts = [p for p in scripts if not p.suffix]

    assert {p.name for p in scripts} >= {"test", "demo", "prove", "lint", "bench", "run"}
    for path in scripts:
        assert path.stat().st_mode & 0o111, path
        assert "set -euo pipefail" in path.read_text(), path


def test_ci_runs_the_readme_command() -> None:
    """What is run for each change is the command that the README tells people."""
    lines = (ROOT / ".ci/run").read_text().splitlines()

    assert lines[-1] == "exec ./scripts/test"
    assert "./scripts/test" in (ROOT / "README.md").read_text()
