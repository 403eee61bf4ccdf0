"""Embeddings: the same as scikit-learn's, and by any method that fits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from agnez_client.plots import PlanePCA, embedding2d, timeseries2d

DIGITS = load_digits().data


@pytest.mark.parametrize("count", [400, 65, 64, 20, 3])
def test_the_same_plane_as_scikit_learn(count: int) -> None:
    """Points, components and shares of the variance, for many samples and for few."""
    data = DIGITS[:count]
    theirs = PCA(2, svd_solver="full")

    points, ours = embedding2d(data)

    np.testing.assert_allclose(points, theirs.fit_transform(data), atol=1e-8)
    np.testing.assert_allclose(ours.components, theirs.components_, atol=1e-8)
    np.testing.assert_allclose(ours.shares, theirs.explained_variance_ratio_, atol=1e-10)


def test_points_of_a_line() -> None:
    """They keep their distances: 5 from one to the next, along (0.6, 0.8)."""
    points, method = embedding2d([[0, 0], [3, 4], [6, 8]])

    np.testing.assert_allclose(points, [[-5, 0], [0, 0], [5, 0]], atol=1e-9)
    np.testing.assert_allclose(method.components[0], [0.6, 0.8])
    np.testing.assert_allclose(method.shares, [1, 0], atol=1e-12)


@pytest.mark.parametrize("data", [[[1.0, 2.0, 3.0]], [[4.0], [4.0]], np.ones((30, 5))])
def test_samples_without_a_direction(data: Any) -> None:
    """One sample, one dimension, equal samples: all in the middle."""
    points, _ = embedding2d(data)

    assert (points == 0).all()


@given(
    arrays.arrays(
        np.float64,
        arrays.array_shapes(min_dims=2, max_dims=4, max_side=5),
        elements=st.floats(-1e200, 1e200),
    )
)
def test_further_axes_are_flattened(data: Any) -> None:
    """(N, …) gives (N, 2)."""
    points, _ = embedding2d(data)

    assert points.shape == (len(data), 2)


def test_learned_from_other_data() -> None:
    """The plane of the training data, in which new samples are placed."""
    theirs = PCA(2, svd_solver="full").fit(DIGITS[:300])

    points, method = embedding2d(torch.tensor(DIGITS[300:310]), train_data=DIGITS[:300])

    np.testing.assert_allclose(points, theirs.transform(DIGITS[300:310]), atol=1e-8)
    assert isinstance(method, PlanePCA)
    np.testing.assert_allclose(method.transform(DIGITS[300:310]), points)


def test_a_method_of_scikit_learn() -> None:
    """t-SNE, which has no transform, embeds what it learns from; it comes back fitted."""
    method = TSNE(2, perplexity=5, init="random", max_iter=250, random_state=0)

    points, fitted = embedding2d(DIGITS[:30], method=method)

    assert fitted is method
    assert (points == method.embedding_).all()


class Halves:
    """Has fit and transform alone."""

    def fit(self, data: Any) -> None:
        self.middle = data.mean(axis=0)

    def transform(self, data: Any) -> Any:
        return (data - self.middle)[:, :2]


def test_a_method_with_fit_and_transform_alone() -> None:
    """It learns from the data, then places them."""
    points, _ = embedding2d([[1.0, 2, 9], [3, 6, 9]], method=Halves())

    assert points.tolist() == [[-1, -2], [1, 2]]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: embedding2d(DIGITS, DIGITS, TSNE()), TypeError, r"TSNE has no transform\(\)"),
        (lambda: embedding2d(DIGITS, method=object()), TypeError, r"object has no fit\(\)"),
        (lambda: embedding2d(DIGITS[:9], method=PCA(3)), ValueError, r"\(9, 3\), expected \(9, 2"),
        (lambda: embedding2d([[1, np.nan], [1, 2]]), ValueError, "1 of 2 samples with NaN"),
        (lambda: embedding2d([1, 2]), ValueError, r"shape \(2,\), expected \(N, d\)"),
        (lambda: embedding2d(np.zeros((0, 4))), ValueError, "data is empty"),
        (lambda: embedding2d(np.ones((2, 3)), np.ones((2, 4))), ValueError, "3 dimensions.* in 4"),
        (lambda: timeseries2d(np.ones((2, 3))), ValueError, "expected .t, b, d"),
    ],
)
def test_what_can_not_be_embedded(call: Any, error: type[Exception], words: str) -> None:
    """The error says what was wrong and what to do."""
    with pytest.raises(error, match=words):
        call()


def test_series_lie_in_one_plane() -> None:
    """All steps of all series are embedded at once, and keep their places in the array."""
    data = DIGITS[:60].reshape(12, 5, 64)

    points, _ = timeseries2d(data)

    np.testing.assert_allclose(points.reshape(60, 2), embedding2d(DIGITS[:60])[0])
    np.testing.assert_allclose(timeseries2d(data, train_data=data)[0], points)
