"""Grids: sizes and pixels worked out by hand from the formulas of the docstrings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from agnez_client.plots import grid2d, img_grid, scale_norm

NAN, INF = math.nan, math.inf


class Variable:
    """What numpy can read, as a variable of Keras."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(self.values, dtype)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ([2, 4, 6], [0, 0.5, 1]),
        ([-1.0, 0.0, 3.0], [0, 0.25, 1]),
        ([True, False], [1, 0]),
        ([7], [0]),
        ([5.0, 5.0, NAN], [0, 0, NAN]),
        ([0.0, NAN, 4.0, INF, -INF, 1.0], [0, NAN, 1, 1, 0, 0.25]),
        ([INF, -INF, NAN], [1, 0, NAN]),
        ([-1.7e308, 0, 1.7e308], [0, 0.5, 1]),
    ],
)
def test_scaled_to_the_range(given_: list[float], expected: list[float]) -> None:
    """(x - min) / (max - min) over what is finite."""
    np.testing.assert_allclose(scale_norm(given_), expected)


@given(arrays.arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e6, 1e6)))
def test_scaling_stays_within_its_range(x: Any) -> None:
    """0 to 1, both reached unless all values are one; twice is once."""
    scaled = scale_norm(x)

    assert scaled.min() == 0
    assert scaled.max() == (1 if x.max() > x.min() else 0)
    np.testing.assert_allclose(scale_norm(scaled), scaled)


def test_images_stand_row_by_row_between_white_lines() -> None:
    """Three images of 1 x 2: two columns, two rows, one place unused."""
    x = np.array([[[[0, 1]]], [[[2, 3]]], [[[4, 5]]]])

    # 51 is 255 / 5: the range of all values is 0 to 5.
    assert img_grid(x).tolist() == [
        [0, 51, 255, 102, 153],
        [255, 255, 255, 255, 255],
        [204, 255, 255, 255, 255],
    ]


def test_each_image_by_itself() -> None:
    """Without rescale each image has its own black and white."""
    x = np.array([[[[0, 1]]], [[[2, 3]]], [[[4, 4]]]])

    grid = img_grid(x, rows_cols=(1, 3), rescale=False)

    assert grid.tolist() == [[0, 255, 255, 0, 255, 255, 0, 0]]


def test_colours_are_the_last_axis_of_the_grid() -> None:
    """(N, C, H, W) in, (H, W, C) out; NaN is black."""
    x = np.zeros((1, 3, 1, 2))
    x[0, :, 0, 0] = 0, 2, 4
    x[0, 1, 0, 1] = NAN

    assert img_grid(x, (1, 1)).tolist() == [[[0, 127, 255], [0, 0, 0]]]


@given(st.integers(1, 40), st.integers(1, 4), st.integers(1, 6), st.integers(1, 6))
def test_size_of_a_grid_of_images(n: int, channels: int, height: int, width: int) -> None:
    """ceil(√N) columns, floor(√N) + 1 rows, a pixel between them."""
    grid = img_grid(np.ones((n, channels, height, width)))

    cols, rows = math.ceil(math.sqrt(n)), math.floor(math.sqrt(n)) + 1
    shape = (rows * height + rows - 1, cols * width + cols - 1)
    assert grid.dtype == np.uint8
    assert grid.shape == (shape if channels == 1 else (*shape, channels))


def test_a_hundred_filters_of_784() -> None:
    """The original's own test: 10 x 10 images of 28 x 28."""
    assert grid2d(np.random.default_rng(0).normal(size=(100, 784))).shape == (291, 291)


def test_rows_are_images_divided_by_their_magnitude() -> None:
    """Two rows of four: one column, two rows of 2 x 2 within a black frame."""
    x = np.array([[0, 1, 2, 4], [-10, 0, 5, 10]])

    # 0 to 255 is -1 to 1: v becomes floor(255 * (v + 1) / 2).
    assert grid2d(x).tolist() == [
        [0, 0, 0, 0],
        [0, 127, 159, 0],
        [0, 191, 255, 0],
        [0, 0, 0, 0],
        [0, 0, 127, 0],
        [0, 191, 255, 0],
        [0, 0, 0, 0],
    ]


def test_without_rescale_the_scale_is_fixed() -> None:
    """-1 is black and 1 white, even where neither appears."""
    x = np.array([[-2.0, -1.0]])

    assert grid2d(x, example_width=2, pad_row=0, pad_col=0).tolist() == [[0, 255]]
    assert grid2d(x, example_width=2, pad_row=0, pad_col=0, rescale=False).tolist() == [[0, 63]]


def test_zeros_are_gray_and_nan_is_black() -> None:
    """A dead filter and a broken one spoil none of the others."""
    x = np.array([[0, 0], [NAN, 3], [1, INF]])

    grid = grid2d(x, example_width=2, display_cols=1, pad_row=0, pad_col=0)

    assert grid.tolist() == [[127, 127], [0, 255], [255, 255]]


@given(
    *(st.integers(1, 30), st.integers(1, 6), st.integers(1, 6)),
    *(st.integers(1, 7), st.integers(0, 3), st.integers(0, 3)),
)
def test_size_of_a_grid_of_rows(
    m: int, height: int, width: int, cols: int, pad_row: int, pad_col: int
) -> None:
    """A pad before each image and one at the end, in both directions."""
    grid = grid2d(np.ones((m, height * width)), width, cols, pad_row, pad_col)

    rows = math.ceil(m / cols)
    assert grid.shape == (rows * (height + pad_row) + pad_row, cols * (width + pad_col) + pad_col)


@pytest.mark.parametrize("kind", [torch.tensor, np.array, list, Variable])
def test_arrays_of_any_maker(kind: Any) -> None:
    """Tensors with a graph, lists, and what has `__array__`, are read as arrays are."""
    x = [[0.0, 1.0, 2.0, 4.0]]
    made = torch.tensor(x, requires_grad=True) * 1 if kind is torch.tensor else kind(x)

    assert (grid2d(made) == grid2d(np.array(x))).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: img_grid(np.zeros((0, 1, 2, 2))), r"x is empty: its shape is \(0, 1, 2, 2\)"),
        (lambda: img_grid(np.zeros((4, 4))), r"shape \(4, 4\), expected \(N, C, H, W\)"),
        (lambda: img_grid(np.zeros((5, 1, 2, 2)), (2, 2)), "5 images.*room for 2 x 2"),
        (lambda: img_grid(np.zeros((5, 1, 2, 2)), (5,)), "expected rows and columns"),
        (lambda: img_grid(np.zeros((1, 1, 2, 2)), (0, 2)), "rows_cols is 0, expected at least 1"),
        (lambda: grid2d(np.zeros((0, 4))), "x is empty"),
        (lambda: grid2d(np.zeros(4)), r"expected \(m, n\)"),
        (lambda: grid2d(np.zeros((2, 7))), "rows of 7 numbers.*3 pixels wide: give example_width"),
        (lambda: grid2d(np.zeros((2, 4)), pad_row=-1), "pad_row is -1, expected at least 0"),
        (lambda: grid2d(np.zeros((2, 4)), pad_row=1.5), "pad_row is the number 1.5"),
        (lambda: scale_norm(["a"]), "expected an array of numbers"),
        (lambda: scale_norm([]), "x is empty"),
    ],
)
def test_what_makes_no_grid_is_named(call: Any, words: str) -> None:
    """The error says what was wrong and what was expected."""
    with pytest.raises(ValueError, match=words):
        call()
