"""Samples of many dimensions as points of a plane."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from agnez_client.kinds.arrays import Array, as_array
from agnez_client.plots.shapes import as_floats, shaped

Points = npt.NDArray[np.floating[Any]]


class PlanePCA:
    """
    The first two principal components: the plane in which samples spread most.

    The sign of each component is fixed: its entry of the largest magnitude is positive, as in
    scikit-learn's PCA since 1.5, which gives the same numbers.

    Attributes, once fitted: ``mean`` ``(d,)``, ``components`` ``(2, d)``, rows of length 1 (zeros
    where the samples have no second direction), ``shares`` ``(2,)``, of the variance, 0 to 1.
    """

    mean: Points
    components: Points
    shares: Points

    def fit(self, data: Any) -> Self:
        """
        Find the plane of *data* ``(N, d)``.

        Raises:
            ValueError: If it has another shape, is empty, or has values that are not finite.
        """
        samples = _samples(data)
        count, dims = samples.shape
        self.mean = samples.mean(axis=0)
        centred = samples - self.mean
        centred /= np.abs(centred).max() or 1.0  # squares neither overflow nor vanish
        if count > dims:  # much faster for many samples
            values, vectors = np.linalg.eigh(centred.T @ centred)
            variances, axes = values[::-1].clip(0), vectors.T[::-1]
        else:
            _, singular, axes = np.linalg.svd(centred, full_matrices=False)
            variances = singular**2
        self.components, self.shares = np.zeros((2, dims)), np.zeros(2)
        found = min(2, len(axes))
        total = variances.sum()
        if total > 0:
            self.shares[:found] = variances[:found] / total
            self.components[:found] = _with_sign(axes[:found])
        return self

    def transform(self, data: Any) -> Points:
        """
        Where *data* ``(N, d)`` lies in the plane: ``(N, 2)``.

        Raises:
            ValueError: If it has another shape, is empty, or has values that are not finite.
        """
        samples = _samples(data)
        if samples.shape[1] != len(self.mean):
            raise ValueError(
                f"data has {samples.shape[1]} dimensions, the plane was found in {len(self.mean)}"
            )
        points: Points = (samples - self.mean) @ self.components.T
        return points

    def fit_transform(self, data: Any) -> Points:
        """Both with the same *data*."""
        return self.fit(data).transform(data)


def embedding2d(data: Any, train_data: Any = None, method: Any = None) -> tuple[Points, Any]:
    """
    Samples as points of a plane. Source: agnez, `embedding2d`.

    Args:
        data: ``(N, d)``; further axes are flattened.
        train_data: ``(M, d)``, what the method learns from; *data* itself without it.
        method: `PlanePCA` without it. Any object with ``fit_transform(data)``, or with ``fit`` and
            ``transform``, that gives two columns: scikit-learn's, UMAP's… With *train_data* it
            needs the latter two, which t-SNE does not have. It is fitted, a copy is not made.

    Returns:
        The points ``(N, 2)``, and the fitted method.

    Raises:
        ValueError: If *data* is empty, has values that are not finite, or the method gives no two
            columns.
        TypeError: If the method lacks what is needed.
    """
    method = PlanePCA() if method is None else method
    samples = _flat(data, "data")
    if train_data is not None:
        _need(method, "fit", "transform")
        method.fit(_flat(train_data, "train_data"))
        points = method.transform(samples)
    elif hasattr(method, "fit_transform"):
        points = method.fit_transform(samples)
    else:
        _need(method, "fit", "transform")
        method.fit(samples)
        points = method.transform(samples)
    found = np.asarray(points)
    if found.shape != (len(samples), 2):
        raise ValueError(
            f"{type(method).__name__} gave {found.shape}, expected ({len(samples)}, 2): make it "
            "with n_components=2"
        )
    return found, method


def timeseries2d(data: Any, train_data: Any = None, method: Any = None) -> tuple[Points, Any]:
    """
    Series of samples as paths in one plane. Source: agnez, `timeseries2d`.

    Args:
        data: ``(t, b, d)``: time, series, dimensions. All are embedded at once.
        train_data: ``(M, d)`` or ``(t, b, d)``, what the method learns from.
        method: As for `embedding2d`.

    Returns:
        ``(t, b, 2)``, and the fitted method.

    Raises:
        ValueError: As `embedding2d`; and if *data* has other axes.
        TypeError: As `embedding2d`.
    """
    series = shaped(data, "t, b, d", "data")
    if train_data is not None:
        trained = as_array(train_data, "train_data")
        train_data = trained.reshape(-1, trained.shape[-1])
    points, fitted = embedding2d(series.reshape(-1, series.shape[2]), train_data, method)
    return points.reshape(*series.shape[:2], 2), fitted


def _need(method: Any, *names: str) -> None:
    missing = [name for name in names if not hasattr(method, name)]
    if missing:
        raise TypeError(
            f"{type(method).__name__} has no {missing[0]}(): it can't place other data than what "
            "it learned from; leave train_data out, or take PCA or UMAP"
        )


def _flat(data: Any, name: str) -> Array:
    array = as_array(data, name)
    if array.ndim < 2:
        raise ValueError(f"{name} has the shape {array.shape}, expected (N, d)")
    array = array.reshape(len(array), -1)
    broken = 0 if array.dtype.kind != "f" else int((~np.isfinite(array)).any(axis=1).sum())
    if broken:
        raise ValueError(f"{name} has {broken} of {len(array)} samples with NaN or infinities")
    return array


def _samples(data: Any) -> Points:
    return as_floats(shaped(_flat(data, "data"), "N, d", "data")).astype(np.float64, copy=False)


def _with_sign(axes: Array) -> Array:
    largest = np.abs(axes).argmax(axis=1)
    signs = np.sign(axes[np.arange(len(axes)), largest])
    return axes * np.where(signs == 0, 1, signs)[:, None]
