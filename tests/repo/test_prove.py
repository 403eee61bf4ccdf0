"""`./scripts/prove` finds what is to be proved, and makes tables of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def listed(*words: str) -> tuple[int, str]:
    """The exit status and what is said of what would run."""
    command = [sys.executable, str(ROOT / "scripts/lib/prove.py"), "--list", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_each_part_has_its_files() -> None:
    """All without a word; of a part only those that are named; faults are not hostile."""
    assert {line.split(":")[0] for line in listed()[1].splitlines()} >= {"faults", "hostile"}
    assert re.fullmatch(r"faults: about \d+ min: kills\n", listed("faults", "kills")[1])
    assert "kills" not in listed("hostile")[1]
    assert listed("speed", "send", "loop")[1].endswith(": send, loop\n")
    assert listed("speed", "fan-out")[1].endswith(": fan_out\n")


def test_a_proof_is_found_by_its_name_in_the_tables() -> None:
    """As by that of its file, in which words are joined by another sign."""
    assert listed("faults", "spool-cut")[1].endswith(": spool_cuts\n")
    assert listed("faults", "last-words")[1].endswith(": kills\n")


def test_what_is_not_there_is_said() -> None:
    """A wrong part and a wrong name are named, with those that there are."""
    status, said = listed("sped")
    assert (status, "there are faults, hostile, speed, peers" in said) == (1, True)
    status, said = listed("speed", "sned")
    assert (status, "nothing named 'sned'; it has" in said) == (1, True)


def test_the_table_of_benchmarks_is_made_of_their_rows(tmp_path: Path) -> None:
    """A missed demand stands out."""
    row = {"benchmark": "send", "what": "float", "limit": "bare", "demand": "<= 2",
           "figure": "3", "met": False}  # fmt: skip
    (tmp_path / "rows").write_text(json.dumps(row) + "\n")

    command = [sys.executable, str(ROOT / "benchmarks/_rows.py"), str(tmp_path / "rows")]
    table = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert table.splitlines()[2] == "| `send` | float | bare | <= 2 | 3 | **missed** |"
