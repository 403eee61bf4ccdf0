"""What a plot is given: arrays of a certain shape, and numbers in a certain range."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from agnez_client.kinds.arrays import Array, as_array
from agnez_client.shown import shown

Floats = npt.NDArray[np.floating[Any]]


def shaped(value: Any, axes: str, name: str) -> Array:
    """
    *value* as an array with as many axes as *axes* names, such as "N, C, H, W".

    Raises:
        ValueError: If it is no array of numbers, is empty, or has another number of axes.
    """
    array = as_array(value, name)
    if array.ndim != axes.count(",") + 1:
        raise ValueError(f"{name} has the shape {array.shape}, expected ({axes})")
    return array


def as_floats(array: Array) -> Floats:
    """*array* as floats: float32 and float64 as they are, what is shorter as float32."""
    return array.astype(np.result_type(array.dtype, np.float32), copy=False)


def whole(value: Any, name: str, least: int = 0) -> int:
    """
    *value* as an int of at least *least*.

    Raises:
        ValueError: If it is none.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise ValueError(f"{name} is {shown(value)}, expected a whole number")
    if value < least:
        raise ValueError(f"{name} is {value}, expected at least {least}")
    return int(value)


def labels_of(labels: Any, count: int, name: str = "labels") -> npt.NDArray[Any]:
    """
    *labels* as *count* whole numbers or texts.

    Raises:
        ValueError: If there are more or fewer, or they are neither.
    """
    if hasattr(labels, "detach"):
        labels = as_array(labels, name)
    found = np.asarray(labels)
    if found.shape != (count,):
        raise ValueError(f"{name} has the shape {found.shape}, expected ({count},): one a sample")
    if found.dtype.kind == "f" and (found == np.rint(found)).all():
        return found.astype(np.int64)
    if found.dtype.kind not in "biuU":
        raise ValueError(f"{name} are of {found.dtype}, expected whole numbers or texts")
    return found


def checked_bounds(bounds: tuple[float, float]) -> tuple[float, float]:
    """
    *bounds* as they are.

    Raises:
        ValueError: If the first is not smaller than the second.
    """
    low, high = bounds
    if not low < high:
        raise ValueError(f"bounds are {bounds}, expected a smaller and a larger number")
    return low, high
