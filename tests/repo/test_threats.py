"""The threat model names its proofs, and they are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
TABLE = PAGE.partition("\n| who, at which border")[2].partition("\n\n")[0].splitlines()[2:]


def test_every_threat_names_tests_that_exist() -> None:
    """No defence is only claimed."""
    assert len(TABLE) > 10
    for row in TABLE:
        named = re.findall(r"`(tests/[\w/]+\.py)`", row)
        assert named, row
        for name in named:
            assert "def test_" in (ROOT / name).read_text("utf-8"), name


def test_every_threat_says_what_remains() -> None:
    """Five cells a row: who, what he wants, what meets him, the proof, the rest."""
    assert {row.count(" |") for row in TABLE} == {5}
