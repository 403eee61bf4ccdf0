"""Weights of Keras as arrays that can be drawn, whatever holds them."""

from __future__ import annotations

from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

MAX_TILES: Final = 256
LEAST_PIXELS: Final = 320
"""Of the longer side of a picture: filters are small."""


def is_function(weights: Any) -> bool:
    """Whether *weights* are to be asked for each time."""
    return callable(weights) and not isinstance(weights, keras.Layer)


def is_there(weights: Any) -> bool:
    """Whether the shape of *weights* is known by now."""
    return not is_function(weights) and getattr(weights, "built", True)


def as_array(weights: Any) -> tuple[Array, bool]:
    """
    The values of *weights* (a layer, its kernel, an array, or a function that returns one of these)
    as float32, and whether they are Keras' own: then the last axis is that of the units.

    Raises:
        ValueError: If a layer has no kernel, or is not built yet.
    """
    if is_function(weights):
        weights = weights()
    is_own = isinstance(weights, keras.Layer | keras.Variable)
    if isinstance(weights, keras.Layer):
        found = getattr(weights, "kernel", None) if weights.built else None
        if found is None:
            why = "has no kernel" if weights.built else "is not built yet"
            raise ValueError(f"the layer {weights.name!r} {why}")
        weights = found
    return np.asarray(keras.ops.convert_to_numpy(weights), np.float32), is_own


def as_tiles(weights: Any) -> Array:
    """
    The filters of a convolution as images ``(N, C, H, W)`` with 1 or 3 channels, at most 256.

    Args:
        weights: A layer; its kernel ``(H, W, in, out)``, or ``(W, in, out)`` of one dimension; or
            an array ``(N, C, H, W)``. Where there are other than 1 or 3 channels, each is an
            image.

    Raises:
        ValueError: If they have another shape.
    """
    array, is_own = as_array(weights)
    if is_own and array.ndim == 3:
        array = array.transpose(2, 1, 0)[:, None]
    elif is_own and array.ndim == 4:
        array = array.transpose(3, 2, 0, 1)
    if array.ndim != 4 or not array.size:
        raise ValueError(
            f"weights have the shape {array.shape}, expected those of a convolution: a layer, its "
            "kernel (H, W, in, out), or an array (N, C, H, W); `keras_live.Grid2D` shows others"
        )
    if array.shape[1] not in (1, 3):
        array = array.reshape(-1, 1, *array.shape[2:])
    return array[:MAX_TILES]


def as_rows(weights: Any, most: int) -> Array:
    """
    One unit a row: ``(units, inputs)``, the first *most* of them.

    Args:
        weights: A layer or its kernel ``(…, units)``; or an array ``(units, …)``.

    Raises:
        ValueError: If there is only one axis.
    """
    array, is_own = as_array(weights)
    if array.ndim < 2 or not array.size:
        raise ValueError(f"weights have the shape {array.shape}, expected at least two axes")
    rows = np.moveaxis(array, -1, 0) if is_own else array
    return rows.reshape(len(rows), -1)[:most]


def enlarged(picture: Array) -> Array:
    """*picture* ``(H, W)`` or ``(H, W, C)``, each pixel a square, so that it can be seen."""
    times = max(1, LEAST_PIXELS // max(picture.shape[:2]))
    return picture.repeat(times, axis=0).repeat(times, axis=1)
