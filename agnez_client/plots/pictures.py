"""One image: the order of its axes, a row of several, and how it is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from agnez_client.kinds.arrays import Array, as_array
from agnez_client.kinds.pixels import Pixels, as_bytes
from agnez_client.plots.shapes import shaped, whole

if TYPE_CHECKING:
    from bokeh.plotting import figure
    from PIL.Image import Image

    from agnez_client.plots.look import Mode

COLOURS = (3, 4)


def to_01c(x: Any) -> Array:
    """
    Channels moved to the end, as Pillow has it: ``(…, C, H, W)`` becomes ``(…, H, W, C)``.

    A view of what is an array already, of the same type. `to_c01` is its inverse.

    Raises:
        ValueError: If *x* is empty, or has fewer than three axes.
    """
    return np.moveaxis(_with_channels(x), -3, -1)


def to_c01(x: Any) -> Array:
    """
    Channels moved to the front, as torch has it: ``(…, H, W, C)`` becomes ``(…, C, H, W)``.

    A view of what is an array already, of the same type. `to_01c` is its inverse.

    Raises:
        ValueError: If *x* is empty, or has fewer than three axes.
    """
    return np.moveaxis(_with_channels(x), -1, -3)


def image_sequence(x: Any, shape: Sequence[int]) -> Array:
    """
    Flattened images laid side by side in one row. Source: agnez, `image_sequence`.

    Args:
        x: ``(N, n)`` or any shape of ``N * n`` numbers, an image after the other.
        shape: Of one image, *n* in all: ``(rows, cols)`` or ``(channels, rows, cols)``.

    Returns:
        ``(rows, N * cols)`` or ``(rows, N * cols, channels)``, of the type of *x*; not scaled.

    Raises:
        ValueError: If *x* is empty, or is no whole number of such images.
    """
    array = as_array(x, "x")
    if len(shape) not in (2, 3):
        raise ValueError(
            f"shape is {tuple(shape)}, expected (rows, cols) or (channels, rows, cols)"
        )
    *channels, rows, cols = (whole(n, "shape", 1) for n in shape)
    one = rows * cols * (channels[0] if channels else 1)
    if array.size % one or (array.ndim == 2 and array.shape[1] != one):
        raise ValueError(f"x has the shape {array.shape}, expected rows of {one} numbers")
    if not channels:
        return array.reshape(-1, rows, cols).swapaxes(0, 1).reshape(rows, -1)
    images = array.reshape(-1, channels[0], rows, cols)
    return images.transpose(2, 0, 3, 1).reshape(rows, -1, channels[0])


def guessed_pixels(img: Any) -> Pixels:
    """
    An image of unknown layout as ``uint8``: ``(H, W)`` or ``(H, W, 3 or 4)``.

    Two axes are gray. Of three, the first is the channels where it is 3 (the original's guess), or
    where it is 1 or 4 and the last is no number of channels; otherwise the last is. Bytes stay as
    they are, booleans are black and white, all else is scaled from its smallest to its largest
    finite value; NaN is black.

    Raises:
        ValueError: If *img* is empty, or is no image.
    """
    array = as_array(img, "img")
    if array.ndim == 3:
        array = _channels_last(array)
    shaped(array, "H, W" if array.ndim == 2 else "H, W, C", "img")
    if array.ndim == 3 and array.shape[2] not in COLOURS:
        raise ValueError(f"img has the shape {array.shape}, expected 1, 3 or 4 channels")
    return np.ascontiguousarray(as_bytes(array)[0])


def imshow(img: Any) -> Image:
    """
    An image of unknown layout as a picture of Pillow, which a notebook shows and an IMAGE channel
    takes; see `guessed_pixels` for the guess. Source: agnez, `imshow`.

    Raises:
        ValueError: If *img* is empty, or is no image.
    """
    from PIL import Image as Pillow

    return Pillow.fromarray(guessed_pixels(img))


def image_figure(img: Any, title: str = "", *, height: int = 360, mode: Mode = "light") -> figure:
    """
    An image as a figure of Bokeh to zoom into, with hard pixels.

    Args:
        img: As `imshow` takes it; also what `img_grid`, `grid2d` and the others return.
        title: Above the picture.
        height: Of the figure at most, in pixels; a wide image makes a lower one, 960 pixels wide.
        mode: "light" or "dark": the colours of what stands around the picture.

    Raises:
        ValueError: If *img* is empty, or is no image.
    """
    from agnez_client.plots.look import add_pixels, square_figure

    pixels = guessed_pixels(img)
    plot = square_figure(title, pixels.shape[1], pixels.shape[0], height, mode)
    add_pixels(plot, pixels)
    return plot


def _channels_last(array: Array) -> Array:
    first, last = array.shape[0], array.shape[2]
    if first == 3 or (first in (1, 4) and last not in (1, *COLOURS)):
        array = np.moveaxis(array, 0, -1)
    return array[..., 0] if array.shape[2] == 1 else array


def _with_channels(x: Any) -> Array:
    array = as_array(x, "x")
    if array.ndim < 3:
        raise ValueError(f"x has the shape {array.shape}, expected channels and two axes at least")
    return array
