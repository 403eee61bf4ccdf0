"""What counts as an array of numbers, whoever made it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from agnez_client.shown import shown

Array = npt.NDArray[Any]


def as_array(value: Any, name: str = "y") -> Array:
    """
    *value* as a numpy array of booleans, integers or floats; not copied where it is one.

    Tensors lose their graph; one on a device is copied to the host, which waits for the device.
    Masked elements are NaN.

    Raises:
        ValueError: If it is no array of numbers, or has no elements; says what it is.
    """
    if hasattr(getattr(value, "value", None), "detach"):  # a variable of Keras on torch
        value = value.value
    if hasattr(value, "detach"):
        value = _of_tensor(value, name)
    if isinstance(value, np.ma.MaskedArray):
        value = np.ma.filled(value.astype(float), np.nan)
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is ragged: its rows have different lengths") from error
    if array.dtype.kind not in "biuf":
        is_array = isinstance(value, np.ndarray)
        found = f"an array of {array.dtype.name}" if is_array else shown(value)
        raise ValueError(f"{name} is {found}, expected an array of numbers")
    if not array.size:
        raise ValueError(f"{name} is empty: its shape is {array.shape}")
    return array


def as_vector(value: Any, name: str = "y") -> Array:
    """The same with one axis; ValueError if it has more."""
    array = as_array(value, name)
    if array.ndim != 1:
        raise ValueError(f"{name} has the shape {array.shape}, expected one axis")
    return array


def _of_tensor(tensor: Any, name: str) -> Any:
    tensor = tensor.detach()
    if str(getattr(getattr(tensor, "device", None), "type", "cpu")) == "meta":
        raise ValueError(f"{name} is a tensor without values (device 'meta')")
    if getattr(tensor, "is_sparse", False):
        raise ValueError(f"{name} is a sparse tensor, expected a dense one (to_dense())")
    tensor = tensor.cpu()
    if str(tensor.dtype).endswith("bfloat16") or "float8" in str(tensor.dtype):
        tensor = tensor.float()  # numpy has no such type
    return tensor.numpy()


def as_number(value: float | int) -> float | int | str:
    """*value* as JSON can hold it: NaN and infinities are texts."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def as_numbers(values: Array) -> list[float | int | str]:
    """*values*, one axis, as JSON can hold them."""
    found: list[float | int | str] = values.tolist()
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return [as_number(v) for v in found]  # type: ignore[arg-type]
    return found
