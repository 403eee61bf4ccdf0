"""What a look at files found: one sentence, where, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "damage"]


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that `agnez doctor` says.

    ``ok`` was looked at and is sound; ``note`` is worth knowing, nothing is lost; ``damage`` means
    that something stored can't be read or is not what was written. ``what`` is a sentence with
    figures, ``where`` a path with the place in it, ``hint`` what the reader may do, or "".
    """

    level: Level
    what: str
    where: str
    hint: str = ""
