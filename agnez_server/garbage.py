"""
How often Python looks for cycles of objects that nobody holds any more.

A batch leaves none, but brings hundreds of objects that come and go, and some that stay: with
Python's own thresholds a look is taken several times in each batch, and one at all objects there
are again and again while points wait to be sealed.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_THRESHOLDS: Final = 20_000, 20, 20


@contextmanager
def rare_collections() -> Iterator[None]:
    """Seldom looks, for the time of the block."""
    before = gc.get_threshold()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
