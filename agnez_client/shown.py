"""A value in an error message: what was given, for a person who does not think in types."""

from __future__ import annotations

from typing import Any


def shown(value: Any) -> str:
    """*value* with its article: "None", "the number 3 (int)", "a list", "an ndarray"."""
    if value is None or isinstance(value, bool):
        return str(value)
    name = type(value).__name__
    if isinstance(value, int | float):
        is_short = not isinstance(value, int) or abs(value) < 10**18
        return f"the number {value} ({name})" if is_short else f"a large number ({name})"
    if isinstance(value, str):
        return f"the text {value!r:.60} ({name})"
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes"
    return f"{'an' if name[:1].lower() in 'aeiou' or name == 'ndarray' else 'a'} {name}"
