"""CONFUSION_MATRIX: how often each class was taken for which."""

from __future__ import annotations

import math
from typing import Final

from agnez_server.catalog.bodies.fields import Fields

MAX_CLASSES: Final = 1000


def check(body: Fields) -> None:
    """As many rows and columns as labels; counts from 0 up."""
    labels = body.items("labels", 1, MAX_CLASSES)
    if not all(isinstance(label, str) for label in labels):
        raise body.wrong("labels", "a list of texts")
    rows = body.items("counts", 0, MAX_CLASSES)
    if len(rows) != len(labels) or not all(_is_row(row, len(labels)) for row in rows):
        raise body.wrong("counts", f"{len(labels)} lists of {len(labels)} numbers from 0 up")


def _is_row(row: object, width: int) -> bool:
    return isinstance(row, list) and len(row) == width and all(_is_count(n) for n in row)


def _is_count(value: object) -> bool:
    whole = isinstance(value, (int, float)) and not isinstance(value, bool)
    return whole and math.isfinite(value) and value >= 0  # type: ignore[arg-type, operator]
