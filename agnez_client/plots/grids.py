"""Many small images as one: filters, samples, weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnez_client.kinds.arrays import Array, as_array
from agnez_client.kinds.pixels import Pixels
from agnez_client.plots.shapes import Floats, as_floats, shaped, whole

WHITE: Final = 255


def scale_norm(x: Any) -> Floats:
    """
    *x* shifted to the minimum 0, then divided by its range: 0 to 1. Source: agnez, `scale_norm`.

    Args:
        x: Numbers of any shape and type, at least one.

    Returns:
        The same shape, float32 for types of up to 16 bits and float32, float64 for others. An array
        of one value is 0. NaN stays NaN, inf is 1, -inf is 0; none of them changes the scale.

    Raises:
        ValueError: If *x* is no array of numbers, or is empty.
    """
    floats = as_floats(as_array(x, "x"))
    is_finite = np.isfinite(floats)
    if not is_finite.any():
        return np.where(np.isnan(floats), floats, (floats > 0).astype(floats.dtype))
    low, high = floats[is_finite].min(), floats[is_finite].max()
    with np.errstate(over="ignore", invalid="ignore"):
        if not np.isfinite(high - low):  # the range of what is near the limits of the type
            floats, low, high = floats / 2, low / 2, high / 2
        shifted = floats - low
        scaled = shifted / (high - low) if high > low else shifted
    clipped: Floats = np.clip(scaled, 0, 1).astype(floats.dtype, copy=False)
    return clipped


def img_grid(
    x: Any, rows_cols: Sequence[int] | None = None, rescale: bool = True
) -> npt.NDArray[np.uint8]:
    """
    Images in a grid with white lines of one pixel between them. Source: agnez, `img_grid`.

    Args:
        x: ``(N, C, H, W)``, or ``(N, H, W)`` for one channel, of any type and range. Convolution
            kernels of torch are of this shape, those of Keras are ``(H, W, in, out)``: give
            ``kernel.transpose(3, 2, 0, 1)``.
        rows_cols: Rows and columns. Without it there are ceil(√N) columns and floor(√N) + 1 rows,
            of which the last may be empty (and white).
        rescale: True scales over all images by `scale_norm`, False each by itself.

    Returns:
        ``uint8`` of ``rows * H + rows - 1`` by ``cols * W + cols - 1`` pixels: ``(H, W)`` for one
        channel, ``(H, W, C)`` otherwise. Images fill it row by row, unused room is white; NaN, and
        an image (or all) of one value, is black.

    Raises:
        ValueError: If *x* has another shape, is empty, or has more images than *rows_cols* room.
    """
    images = as_array(x, "x")
    if images.ndim == 3:
        images = images[:, None]
    images = shaped(images, "N, C, H, W", "x")
    return laid_out(
        scale_norm(images) if rescale else np.stack([scale_norm(one) for one in images]), rows_cols
    )


def laid_out(tiles: Floats, rows_cols: Sequence[int] | None = None) -> Pixels:
    """The grid of `img_grid` of *tiles* ``(N, C, H, W)`` that are 0 to 1 already."""
    count, channels, height, width = tiles.shape
    rows, cols = _rows_and_columns(count, rows_cols)
    grid = np.full((rows * (height + 1) - 1, cols * (width + 1) - 1, channels), WHITE, np.uint8)
    for i, tile in enumerate(_as_bytes(tiles)):
        top, left = i // cols * (height + 1), i % cols * (width + 1)
        grid[top : top + height, left : left + width] = np.moveaxis(tile, 0, -1)
    return grid[..., 0] if channels == 1 else grid


def grid2d(
    x: Any,
    example_width: int | bool = False,
    display_cols: int | bool = False,
    pad_row: int = 1,
    pad_col: int = 1,
    rescale: bool = True,
) -> npt.NDArray[np.uint8]:
    """
    Rows of a matrix as images in a grid, such as the filters of a dense layer. Source: agnez,
    `grid2d`. 100 rows of 784 become 291 by 291 pixels.

    Args:
        x: ``(m, n)``: *m* images, flattened row by row. Dense weights of torch are of this shape,
            those of Keras are its transpose.
        example_width: Pixels of one image's width, a divisor of *n*; round(√n) without it.
        display_cols: Images in a row; floor(√m) without it.
        pad_row, pad_col: Pixels between images and around all of them, above and below, left and
            right.
        rescale: True: the smallest value shown is black and the largest white. False: -1 is black
            and 1 white, whatever is shown, so that the frames of a film keep one scale.

    Returns:
        ``uint8`` of ``pad_row + rows * (height + pad_row)`` by ``pad_col + cols * (width +
        pad_col)`` pixels. Each image is divided by its own largest magnitude, an image of zeros
        stays zero; lines, unused room and NaN are -1. So 0 is gray (127) and NaN black.

    Raises:
        ValueError: If *x* is no matrix, is empty, or *n* is no multiple of the width.
    """
    matrix = as_floats(shaped(x, "m, n", "x"))
    m, n = matrix.shape
    width = whole(example_width, "example_width", 1) if example_width else round(math.sqrt(n))
    if n % width:
        raise ValueError(
            f"x has rows of {n} numbers, which make no image {width} pixels wide: give "
            "example_width, a divisor"
        )
    height = n // width
    cols = whole(display_cols, "display_cols", 1) if display_cols else math.isqrt(m)
    pad_row, pad_col = whole(pad_row, "pad_row"), whole(pad_col, "pad_col")
    rows = math.ceil(m / cols)
    grid = np.full(
        (pad_row + rows * (height + pad_row), pad_col + cols * (width + pad_col)),
        -1, matrix.dtype,
    )  # fmt: skip
    for i, tile in enumerate(_by_magnitude(matrix).reshape(m, height, width)):
        top = pad_row + i // cols * (height + pad_row)
        left = pad_col + i % cols * (width + pad_col)
        grid[top : top + height, left : left + width] = tile
    return _as_bytes(scale_norm(grid) if rescale else (grid + 1) / 2)


def _rows_and_columns(count: int, rows_cols: Sequence[int] | None) -> tuple[int, int]:
    if rows_cols is None:
        root = math.isqrt(count)
        return root + 1, root + (root * root < count)
    if len(rows_cols) != 2:
        raise ValueError(f"rows_cols has {len(rows_cols)} numbers, expected rows and columns")
    rows, cols = (whole(n, "rows_cols", 1) for n in rows_cols)
    if rows * cols < count:
        raise ValueError(f"x has {count} images, rows_cols has room for {rows} x {cols}")
    return rows, cols


def _by_magnitude(matrix: Floats) -> Floats:
    """Each row divided by its largest finite magnitude: -1 to 1; NaN is -1."""
    largest = np.max(np.abs(matrix), axis=1, keepdims=True, where=np.isfinite(matrix), initial=0)
    with np.errstate(over="ignore"):
        scaled = matrix / np.where(largest > 0, largest, 1)
    return np.nan_to_num(np.clip(scaled, -1, 1), nan=-1.0)


def _as_bytes(scaled: Floats | Array) -> Pixels:
    """0 to 1 as 0 to 255, cut off as the original does it; NaN is 0."""
    return (255 * np.nan_to_num(scaled, nan=0.0)).astype(np.uint8)
