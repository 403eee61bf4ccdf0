"""Parameters of runs by their dotted names: `optimizer.lr`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def flattened(params: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Names and values; an empty object is a value, as is a list."""
    for name, value in params.items():
        if isinstance(value, dict) and value:
            yield from flattened(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def found_at(params: Mapping[str, Any], path: str) -> object:
    """
    The value at *path*; None where there is none.

    A name may hold dots itself: the longest one that is there is followed first.
    """
    if path in params:
        return params[path]
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        inner = params.get(".".join(parts[:length]))
        if isinstance(inner, dict):
            found = found_at(inner, ".".join(parts[length:]))
            if found is not None:
                return found
    return None
