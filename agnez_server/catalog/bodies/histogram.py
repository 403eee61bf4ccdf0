"""HISTOGRAM: counts between edges; NaN and infinities are counted beside them."""

from __future__ import annotations

import math

from agnez_server.catalog.bodies.fields import Fields, ascending


def check(body: Fields) -> None:
    """One edge more than counts, ascending and finite; counts from 0 up."""
    counts = body.numbers("counts", 0)
    edges = body.numbers("edges")
    if not counts or any(not math.isfinite(c) for c in counts):
        raise body.wrong("counts", "a list of 1 or more finite numbers")
    if len(edges) != len(counts) + 1:
        raise body.wrong("edges", f"a list of {len(counts) + 1} numbers, one more than counts")
    if not all(math.isfinite(e) for e in edges) or not ascending(edges):
        raise body.wrong("edges", "finite and ascending")
    for key in ("total", "nan", "inf"):
        body.whole(key)
