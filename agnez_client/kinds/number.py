"""What counts as x and as y: Python numbers, NumPy scalars, tensors of one element."""

from __future__ import annotations

import math
from typing import Any, Final

INT64_MIN: Final = -(1 << 63)
INT64_MAX: Final = (1 << 63) - 1


def as_y(y: Any) -> float:
    """
    *y* as a float; NaN and infinity pass.

    Raises:
        ValueError: If it is no single number; says what it is.
    """
    if isinstance(y, float | int):
        return _as_float(y, "y")
    return _as_float(single(y, "y"), "y")


def as_x(x: Any) -> int | float:
    """
    *x* as an integer of 64 bits or a finite float.

    Raises:
        ValueError: If it is neither; says what it is.
    """
    if not isinstance(x, float | int):
        if is_on_device(x):
            raise ValueError("x is a tensor on a device, expected a number: reading it would wait")
        x = single(x, "x")
    if hasattr(x, "__index__"):
        whole = int(x)
        if not INT64_MIN <= whole <= INT64_MAX:
            raise ValueError(f"x is {whole}, expected at most 64 bits")
        return whole
    number = _as_float(x, "x")
    if not math.isfinite(number):
        raise ValueError(f"x is {number}, expected a finite number")
    return number


def single(value: Any, name: str) -> Any:
    """The one element of an array or tensor, read without its graph; other values as they are."""
    if hasattr(value, "detach"):
        value = value.detach()
    if not hasattr(value, "item"):
        return value
    size = value.numel() if hasattr(value, "numel") else getattr(value, "size", 1)
    if size != 1:
        shape = tuple(getattr(value, "shape", ()))
        raise ValueError(f"{name} has the shape {shape}, expected one number")
    return value.item()


def is_on_device(value: Any) -> bool:
    """Whether *value* is a tensor whose reading would wait for a device."""
    kind = getattr(getattr(value, "device", None), "type", "cpu")
    return isinstance(kind, str) and kind != "cpu" and hasattr(value, "detach")


def _as_float(value: Any, name: str) -> float:
    if not hasattr(value, "__float__") and not hasattr(value, "__index__"):
        shown = "None" if value is None else f"{str(value)[:60]!r} ({type(value).__name__})"
        alone = ": a lone argument is x, write send(y=...)" if value is None else ""
        raise ValueError(f"{name} is {shown}, expected a number{alone}")
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError(f"{name} is too large for a float") from error
