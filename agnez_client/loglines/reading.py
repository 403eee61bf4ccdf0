"""What a line gives: numbers for channels, with names and steps that a channel can have."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from agnez_client.protocol import MAX_NAME_LENGTH

GROUPS: Final = {
    **dict.fromkeys(("train", "training"), "Train"),
    **dict.fromkeys(("val", "valid", "validation"), "Validation"),
    **dict.fromkeys(("test", "testing"), "Test"),
}
"""Words that say on what was measured, in lower case, and the name that each stands for."""

X_WORDS: Final = ("global_step", "global step", "step", "iteration", "iter", "epoch")
"""Words that name x, in lower case; of several in a line the first of these counts."""


class Reading(NamedTuple):
    """A number for a channel; ``x`` is None where the line names no step."""

    channel: str
    x: int | float | None
    value: float


def number_of(text: str) -> float:
    """The number that `forms.NUMBER` has found; too large ones are infinite."""
    return float(text.replace(",", ""))


def step_of(text: str) -> int | float | None:
    """As `number_of`, whole ones of 64 bits exact; None where it is not finite."""
    plain = text.replace(",", "")
    digits = plain.lstrip("+-")
    if digits.isdigit() and len(digits) < 20 and int(digits) < 1 << 63:
        return int(plain)
    value = float(plain)
    return value if math.isfinite(value) else None


def is_name(text: str) -> bool:
    """Whether a channel can have this name."""
    odd = any(c < " " or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in text)
    return not odd and 0 < len(text.strip()) == len(text) <= MAX_NAME_LENGTH
