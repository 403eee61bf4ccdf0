"""The short form for shells: name, value, perhaps x."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnez_client.loglines import Reading, read_short


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("loss 0.31 120", ("loss", 120, 0.31)),
        ("  loss\t0.31  ", ("loss", None, 0.31)),
        ("train/损失😀 1e-3 2.5", ("train/损失😀", 2.5, 0.001)),
        ("'val loss' -inf 1", ("val loss", 1, -math.inf)),
        ('"a \\"b\\" \\\\c" 1', ('a "b" \\c', None, 1)),
        ('"Epoch" 3', ("Epoch", None, 3)),
        ("acc 12%", None),
        ("loss", None),
        ("loss high", None),
        ("loss 1 2 3", None),
        ("loss 1 nan", None),
        ("Epoch 3", None),
        ("# loss 1", None),
        ("'open 1", None),
        ("'' 1", None),
        (f"{'n' * 257} 1", None),
        ("a\x00b 1", None),
    ],
)
def test_a_short_line_is_read(line: str, expected: tuple[str, float | None, float] | None) -> None:
    """Names in quotes may hold blanks; what has another form is none."""
    assert read_short(line) == (None if expected is None else Reading(*expected))


@given(
    st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1).map(str.strip),
    st.floats(allow_nan=False),
    st.none() | st.integers(-(2**62), 2**62),
)
def test_any_name_can_be_written(name: str, value: float, x: int | None) -> None:
    """In double quotes, with backslashes before quotes and backslashes."""
    if not 0 < len(name) <= 256:
        return
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')

    assert read_short(f'"{quoted}" {value!r} {"" if x is None else x}') == (name, x, value)
