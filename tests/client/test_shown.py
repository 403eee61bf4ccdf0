"""Values in error messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agnez_client.shown import shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "None"),
        (True, "True"),
        (3, "the number 3 (int)"),
        (np.float64(0.5), "the number 0.5 (float64)"),
        (10**5000, "a large number (int)"),
        ("a", "the text 'a' (str)"),
        (b"abc", "3 bytes"),
        ([], "a list"),
        (np.zeros(3), "an ndarray"),
        (object(), "an object"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_value_is_told_to_a_person(value: Any, expected: str) -> None:
    """With what it is; never as "a NoneType"."""
    assert shown(value) == expected
