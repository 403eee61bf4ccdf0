"""
What a proof found: one line, printed and kept for the table of `docs/reliability.md`.

`./scripts/prove` sets AGNEZ_PROOF_ROWS to a file, and AGNEZ_FULL=1 for the full size.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final, TypeVar

FULL: Final = os.environ.get("AGNEZ_FULL") == "1"
_Size = TypeVar("_Size")


def size(small: _Size, full: _Size) -> _Size:
    """*full* under `./scripts/prove`, else *small*."""
    return full if FULL else small


def proved(proof: str, what: str, figure: str) -> None:
    """
    Keep what was found; called when all checks of the proof have passed.

    Args:
        proof: Its name, one word or a few with hyphens. Rows with one name and one *what* become
            one line of the table.
        what: What was done and what held, in a sentence.
        figure: The figures, with their units.
    """
    print(f"{proof}: {what}: {figure}")
    kept = os.environ.get("AGNEZ_PROOF_ROWS")
    if kept:
        with Path(kept).open("a") as file:
            file.write(json.dumps({"proof": proof, "what": what, "figure": figure}) + "\n")
