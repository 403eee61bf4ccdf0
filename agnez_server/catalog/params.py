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

    A name may hold dots itself: the longest one that is there is followed first. Only names that
    are there are compared, so a path of any length takes no longer than they do.
    """
    if path in params:
        return params[path]
    inner = [k for k, v in params.items() if isinstance(v, dict) and path.startswith(f"{k}.")]
    for name in sorted(inner, key=len, reverse=True):
        found = found_at(params[name], path[len(name) + 1 :])
        if found is not None:
            return found
    return None
