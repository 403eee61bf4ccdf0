"""HISTOGRAM: numpy's bins, and what lies beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from agnez_client import Histogram
from agnez_client.kinds.entry import Encoded
from agnez_client.kinds.histogram import binning, encode_histogram

Encode = Callable[..., Encoded]
NUMBERS = st.floats(-1e6, 1e6, width=32) | st.just(np.nan) | st.just(np.inf) | st.just(-np.inf)
SHAPES = arrays.array_shapes(min_dims=0, max_dims=3, max_side=8)


@given(arrays.arrays(np.float32, SHAPES, elements=NUMBERS), st.integers(1, 50))
def test_bins_are_numpys(y: Any, bins: int) -> None:
    """Of the finite elements; the others are counted by kind."""
    body = encode_histogram(y, bins).body

    finite = y[np.isfinite(y)]
    try:
        counts, edges = np.histogram(finite, bins)
    except ValueError:  # float32 has not so many numbers there
        counts, edges = np.histogram(finite.astype(float), bins)
    assert body["counts"] == counts.tolist()
    assert body["edges"] == edges.tolist()
    assert (body["nan"], body["inf"]) == (np.isnan(y).sum(), np.isinf(y).sum())
    assert body["total"] == y.size == sum(body["counts"]) + body["nan"] + body["inf"]


@given(
    arrays.arrays(np.int64, SHAPES, elements=st.integers(-1000, 1000)),
    st.lists(st.integers(-50, 50), min_size=2, max_size=9).map(sorted),
)
def test_fixed_edges_and_ranges_are_numpys(y: Any, edges: list[int]) -> None:
    """What lies beside the edges is in the total alone."""
    body = encode_histogram(y, *binning({"edges": edges})).body
    assert body["counts"] == np.histogram(y, edges)[0].tolist()
    assert body["edges"] == edges
    assert body["total"] == y.size

    low, high = edges[0], edges[-1]
    ranged = encode_histogram(y, *binning({"bins": 7, "range": (low, high)})).body
    assert ranged["counts"] == np.histogram(y, 7, (low, high))[0].tolist()


@pytest.mark.parametrize(
    "y",
    [
        [1, 2, 2, 5],
        (1.0, 2.0, 2.0, 5.0),
        np.array([[1, 2], [2, 5]], np.uint8),
        np.array([1, 2, 2, 5], np.float16),
        torch.tensor([1, 2, 2, 5], dtype=torch.bfloat16),
        torch.tensor([[1.0, 2.0, 2.0, 5.0]], requires_grad=True) * 1,
        np.ma.masked_equal([1, 2, 2, 5, 9], 9),
    ],
)
def test_arrays_of_all_makes(encode: Encode, y: Any) -> None:
    """Lists, arrays of any type, tensors with or without a graph."""
    assert encode("HISTOGRAM", y, {"bins": 2}).body["counts"] == [3, 1]


def test_the_default_is_ten_bins(encode: Encode) -> None:
    """And a keyword of `send` wins over the option of the channel."""
    assert len(encode("HISTOGRAM", [1, 2]).body["counts"]) == 10
    assert len(encode("HISTOGRAM", [1, 2], {"bins": 3}).body["counts"]) == 3
    assert len(encode("HISTOGRAM", [1, 2], {"bins": 3}, bins=4).body["counts"]) == 4


def test_booleans_are_zeros_and_ones(encode: Encode) -> None:
    """Without numpy's warning."""
    assert encode("HISTOGRAM", np.array([True, False, True]), {"bins": 2}).body["counts"] == [1, 2]


def test_a_ready_histogram_stays_as_it_is(encode: Encode) -> None:
    """Counts, edges and what was counted beside."""
    y = Histogram(np.array([1, 4]), np.array([0.0, 0.5, 2.0]), nan=3, inf=1)

    assert encode("HISTOGRAM", y).body == {
        "counts": [1, 4], "edges": [0.0, 0.5, 2.0], "total": 9, "nan": 3, "inf": 1,
    }  # fmt: skip


BAD = {
    "empty": (np.zeros((0, 3)), {}, r"empty: its shape is \(0, 3\)"),
    "ragged": ([[1], [1, 2]], {}, "ragged"),
    "numpy's pair": (np.histogram([1, 2]), {}, "expected Histogram.counts, edges."),
    "objects": (np.array([object()]), {}, "object, expected an array of numbers"),
    "texts": (["a"], {}, "a list, expected an array of numbers"),
    "complex": (np.array([1j]), {}, "complex128"),
    "None": (None, {}, "y is None, expected an array of numbers"),
    "too wide": (np.array([-1e308, 1e308]), {}, "."),
    "no bins": ([1], {"bins": 0}, "bins is 0, expected 1 to 4096"),
    "a word": ([1], {"bins": "auto"}, "bins is 'auto', expected a number or a list of edges"),
    "edges that fall": ([1], {"edges": [2, 1]}, "do not ascend"),
    "edges that are not finite": ([1], {"bins": [0, np.nan]}, "not finite"),
    "one edge": ([1], {"bins": [1]}, "1 edges"),
    "both": ([1], {"bins": 3, "edges": [1, 2]}, "contradict"),
    "range": ([1], {"range": (2, 1)}, "ascend"),
    "range of one": ([1], {"range": 3}, "lowest and highest"),
    "unknown": ([1], {"density": True}, "'density' is not known"),
    "counts": (Histogram([1, 2], [0, 1]), {}, "one edge more"),
    "negative": (Histogram([-1], [0, 1]), {}, "negative"),
}


@pytest.mark.parametrize("way", BAD)
def test_what_is_none_says_so(encode: Encode, way: str) -> None:
    """What was found and what was expected."""
    y, more, expected = BAD[way]

    with pytest.raises(ValueError, match=expected):
        encode("HISTOGRAM", y, **more)
