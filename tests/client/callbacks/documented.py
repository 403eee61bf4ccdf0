"""The examples of docs/callbacks.md, run by the tests of their frameworks."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "callbacks.md"


def example_of(heading: str) -> str:
    """The blocks of Python below the heading *heading*, one after the other."""
    text = PAGE.read_text(encoding="utf-8")
    body = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", text, re.M | re.S)
    blocks = re.findall(r"^```py\n(.*?)^```$", body.group(1) if body else "", re.M | re.S)
    assert blocks, f"docs/callbacks.md has no example below {heading!r}"
    return "\n".join(blocks)


def run_example(heading: str) -> None:
    """Run the example below *heading*, as a program."""
    exec(compile(example_of(heading), f"docs/callbacks.md ({heading})", "exec"), {})
