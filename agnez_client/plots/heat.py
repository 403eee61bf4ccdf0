"""Heat over an image: what saliency found, where it found it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from agnez_client.kinds.arrays import as_array
from agnez_client.kinds.pixels import Pixels
from agnez_client.plots.pictures import guessed_pixels
from agnez_client.plots.shapes import Floats, as_floats

FOR: Final = (255, 140, 26)
"""Orange: what speaks for it."""
AGAINST: Final = (58, 110, 255)
"""Blue: what speaks against it."""


def overlay(
    image: Any, heat: Any, opacity: float = 0.7, cut: float = 99.5
) -> npt.NDArray[np.uint8]:
    """
    Heat over images: where it is strong its colour covers the image, where it is 0 the image is
    seen in gray. Heat that is never negative is drawn from purple to yellow; heat of both signs
    orange (for) and blue (against).

    Args:
        image: ``(H, W)``, ``(H, W, C)`` or ``(C, H, W)`` as `imshow` takes it, or a batch of such:
            ``(N, …)`` with four axes.
        heat: ``(h, w)`` as from `grad_cam`, or ``(C, H, W)`` as from `integrated_gradients`, whose
            channels are summed; with ``N`` before it for a batch. It is resized to the image.
        opacity: Of the strongest heat, 0 to 1.
        cut: Percentile of the magnitudes that counts as the strongest, above 0 to 100, so that a
            single pixel does not darken all others. Each image has its own.

    Returns:
        ``uint8`` ``(H, W, 3)``, or ``(N, H, W, 3)`` for a batch, which an IMAGE channel takes as N
        images. NaN in the heat is 0.

    Raises:
        ValueError: If a shape does not fit, or an array is empty.
    """
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity is {opacity}, expected 0 to 1")
    if not 0 < cut <= 100:
        raise ValueError(f"cut is {cut}, expected a percentile above 0, to 100")
    images, heats = as_array(image, "image"), as_floats(as_array(heat, "heat"))
    if images.ndim != 4:
        return _overlaid(images, heats, opacity, cut)
    if len(images) != len(heats):
        raise ValueError(f"there are {len(images)} images and {len(heats)} heats")
    pairs = zip(images, heats, strict=True)
    return np.stack([_overlaid(one, its, opacity, cut) for one, its in pairs])


def heat_colours(heat: Any, cut: float = 100) -> tuple[Pixels, Floats]:
    """
    The colours of *heat* ``(h, w)`` and how strong it is.

    Args:
        heat: Numbers; NaN is 0.
        cut: See `overlay`.

    Returns:
        ``uint8`` ``(h, w, 3)``, and 0 to 1 ``(h, w)``.
    """
    amounts = np.nan_to_num(as_floats(as_array(heat, "heat")), nan=0.0, posinf=0.0, neginf=0.0)
    magnitudes = np.abs(amounts)
    strongest = (
        float(np.percentile(magnitudes, cut, method="lower")) or float(magnitudes.max()) or 1.0
    )
    strength: Floats = np.clip(magnitudes / strongest, 0, 1)
    if amounts.min() < 0:
        signed = np.where((amounts < 0)[..., None], AGAINST, FOR)
        return signed.astype(np.uint8), strength
    return scale()[np.rint(strength * 255).astype(np.intp)], strength


def _overlaid(image: Any, heat: Floats, opacity: float, cut: float) -> Pixels:
    pixels = guessed_pixels(image)
    gray = pixels if pixels.ndim == 2 else pixels[..., :3] @ np.array([0.299, 0.587, 0.114])
    colours, strength = heat_colours(_resized(_of_one_channel(heat), gray.shape), cut)
    share = (opacity * strength)[..., None]
    mixed = gray[..., None] * (1 - share) + colours * share
    whole: Pixels = np.rint(mixed).clip(0, 255).astype(np.uint8)
    return whole


def _of_one_channel(heat: Floats) -> Floats:
    if heat.ndim == 3:
        heat = heat.sum(axis=0)
    if heat.ndim != 2:
        raise ValueError(f"heat has the shape {heat.shape}, expected (h, w) or (C, h, w)")
    return heat


def _resized(heat: Floats, shape: tuple[int, ...]) -> Floats:
    if heat.shape == shape:
        return heat
    from PIL import Image

    picture = Image.fromarray(np.nan_to_num(heat).astype(np.float32))
    return np.asarray(picture.resize((shape[1], shape[0]), Image.Resampling.BILINEAR))


def scale() -> Pixels:
    """256 colours, ``(256, 3)``, dark and purple to yellow, evenly brighter."""
    from bokeh.palettes import Plasma256

    return np.array([list(bytes.fromhex(colour[1:])) for colour in Plasma256], np.uint8)
