"""Pixels: from arrays of any type to 8 bits, to PNG, to a thumbnail."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnez_client.kinds.arrays import Array, as_array, as_number

SHORTER_SIDE: Final = 50
"""Pixels of the shorter side of a thumbnail; a smaller image is its own."""
LONGER_SIDE: Final = 1000
DEFAULT_MAX_PIXELS: Final = 100_000_000
COMPRESSION: Final = 1
"""Of PNG, from 0 to 9: higher levels take a multiple of the time for a tenth of the size."""
DEPTHS: Final = (1, 3, 4)
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Scaling:
    """
    How values became 8 bits: ``low`` became 0 and ``high`` 255 (None where nothing was scaled);
    ``nan`` and ``inf`` values have no brightness: NaN is shown as 0, an infinity as 0 or 255.
    """

    low: float | None = None
    high: float | None = None
    nan: int = 0
    inf: int = 0

    def as_body(self) -> dict[str, Any]:
        """What an image's body says of it."""
        found: dict[str, Any] = {}
        if self.low is not None and self.high is not None:
            found["scaled"] = [as_number(self.low), as_number(self.high)]
        return found | {k: n for k, n in (("nan", self.nan), ("inf", self.inf)) if n}


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Raises ValueError if an image of this size has too many pixels, or none."""
    if width * height > max_pixels:
        raise ValueError(
            f"the image has {width} x {height} pixels, at most {max_pixels} are allowed "
            "(AGNEZ_MAX_PIXELS, or the option max_pixels)"
        )
    if not width * height:
        raise ValueError(f"the image has {width} x {height} pixels")


def as_pixels(y: Any, max_pixels: int = DEFAULT_MAX_PIXELS) -> tuple[Pixels, Scaling]:
    """
    *y* as 8 bits, ``(H, W)`` or ``(H, W, 3 or 4)``.

    Bytes stay as they are, booleans become 0 and 255, all else is scaled so that its smallest
    finite value is 0 and its largest 255; an image of one value is 0.

    Args:
        y: ``(H, W)``, ``(H, W, C)``, or ``(C, H, W)`` where only the first axis is 1, 3 or 4.

    Raises:
        ValueError: If *y* has another shape, is no array of numbers or has too many pixels.
    """
    shape = getattr(y, "shape", None)
    if shape is not None and len(shape) in (2, 3):
        height, width, _ = layout(tuple(int(n) for n in shape))
        check_size(width, height, max_pixels)
    array = as_array(y)
    height, width, is_first = layout(array.shape)
    check_size(width, height, max_pixels)
    if is_first:
        array = np.moveaxis(array, 0, -1)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    pixels, scaling = as_bytes(array)
    return np.ascontiguousarray(pixels), scaling


def layout(shape: tuple[int, ...]) -> tuple[int, int, bool]:
    """Height, width, and whether the colours are the first axis, of an image of this shape."""
    if len(shape) == 2:
        return shape[0], shape[1], False
    if len(shape) == 3 and shape[2] in DEPTHS:
        return shape[0], shape[1], False
    if len(shape) == 3 and shape[0] in DEPTHS:
        return shape[1], shape[2], True
    raise ValueError(f"an image has the shape {shape}, expected (H, W) or (H, W, 1, 3 or 4)")


def as_bytes(array: Array) -> tuple[Pixels, Scaling]:
    """*array* of any shape as bytes; see `as_pixels`."""
    if array.dtype == np.uint8:
        return array, Scaling()
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255), Scaling()
    nan = inf = 0
    finite = array
    if array.dtype.kind == "f" and not (is_finite := np.isfinite(array)).all():
        nan = int(np.isnan(array).sum())
        inf = int(array.size - is_finite.sum()) - nan
        finite = array[is_finite]
    if not finite.size:
        return (array == np.inf).astype(np.uint8) * np.uint8(255), Scaling(None, None, nan, inf)
    low, high = finite.min().item(), finite.max().item()
    return stretched(array, low, high), Scaling(low, high, nan, inf)


def stretched(array: Array, low: float, high: float) -> Pixels:
    """*array* with *low* as 0 and *high* as 255, NaN as 0."""
    if low == high:
        return (array > high).astype(np.uint8) * np.uint8(255)
    is_small = array.dtype.itemsize <= 2 or array.dtype == np.float32
    work: npt.NDArray[np.floating[Any]] = array.astype(np.float32 if is_small else np.float64)
    if not float(high) - float(low) <= float(np.finfo(work.dtype).max):  # would overflow
        work, low, high = work / 4, low / 4, high / 4
    with np.errstate(all="ignore"):
        work -= work.dtype.type(low)
        work *= 255 / (float(high) - float(low))
        np.clip(np.rint(work, out=work), 0, 255, out=work)
    pixels: Pixels = np.nan_to_num(work, copy=False, nan=0.0).astype(np.uint8)
    return pixels


def as_png(pixels: Pixels) -> bytes:
    """*pixels* as PNG."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=COMPRESSION)
    return stream.getvalue()


def thumbnail_size(width: int, height: int) -> tuple[int, int]:
    """
    The size of the thumbnail of an image: its shorter side has 50 pixels, its longer one at most
    1,000; never larger than the image.
    """
    scale = min(1.0, SHORTER_SIDE / min(width, height), LONGER_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def as_thumbnail(picture: Any) -> bytes:
    """*picture* (of Pillow) in the size of a thumbnail, as PNG."""
    from PIL import Image

    if picture.mode not in ("L", "RGB", "RGBA"):
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    small = picture.resize(
        thumbnail_size(*picture.size), Image.Resampling.BILINEAR, reducing_gap=2.0
    )
    stream = io.BytesIO()
    small.save(stream, "PNG", compress_level=6)
    return stream.getvalue()
