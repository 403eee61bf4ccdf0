"""Points that move through a plane, as films drawn by Pillow."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import numpy.typing as npt

from agnez_client.kinds.arrays import as_array
from agnez_client.kinds.pixels import Pixels
from agnez_client.plots.embedding import Points
from agnez_client.plots.filmfile import checked_path, write_film
from agnez_client.plots.films import FPS
from agnez_client.plots.grids import scale_norm
from agnez_client.plots.look import Mode, Stroke, mixed, stroke, tokens
from agnez_client.plots.shapes import Floats, as_floats, labels_of, shaped

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

SIDE: Final = 400
"""Pixels of the square in which points move."""
FINE: Final = 2
"""Drawn so many times as large, then made small: smooth edges."""
BORDER: Final = 0.08
LEGEND_MOST: Final = 20
MAX_FRAMES: Final = 5_000

_AROUND: Final = {"square": (4, 45), "triangle": (3, -90), "diamond": (4, 0), "hex": (6, 0),
                  "inverted_triangle": (3, 90)}  # fmt: skip
"""Corners of a marker and the angle of the first, in degrees, clockwise from the right."""


def timeseries2dvideo(
    data: Any,
    labels: Any = None,
    filepath: Any = "ts2video.gif",
    *,
    one_by_one: bool = False,
    fps: float = FPS,
    mode: Mode = "light",
) -> Path:
    """
    Series that move through a plane and leave their trace. Source: agnez, `timeseries2dvideo`.

    Args:
        data: ``(t, b, 2)`` as from `timeseries2d`, finite.
        labels: ``(b,)`` whole numbers or texts: colours, markers and the legend; None: all alike.
        filepath, fps: As for `make_gif`.
        one_by_one: True: one series after the other, ``t * b`` frames, as the original did it.
            False: all at once, *t* frames.
        mode: "light" or "dark".

    Returns:
        The path of the film.

    Raises:
        ValueError: If a shape does not fit, an array is empty, or there are more than 5,000 frames.
        RuntimeError, OSError: As `make_gif`.
    """
    checked_path(filepath)
    plane = _Plane(_paths(data), labels, mode)
    frames = (plane.frame(step, series) for step, series in plane.steps(one_by_one))
    return write_film(frames, filepath, fps)


def video_embedding(
    video: Any,
    embedding: Any,
    labels: Any = None,
    filepath: Any = "video_ebd.gif",
    *,
    fps: float = FPS,
    mode: Mode = "light",
) -> Path:
    """
    Image sequences beside their way through a plane, one sequence after the other. Source: agnez,
    `video_embedding`.

    Args:
        video: ``(t, b, d)`` flattened square images, or ``(t, b, H, W)``; one scale for the film,
            in which the largest value is the ink.
        embedding: ``(t, b, 2)`` as from `timeseries2d`, finite.
        labels: ``(b,)``, as for `timeseries2dvideo`.
        filepath, fps, mode: As for `timeseries2dvideo`.

    Returns:
        The path of the film, of ``t * b`` frames.

    Raises:
        ValueError: As `timeseries2dvideo`; and if *d* is no square number.
        RuntimeError, OSError: As `make_gif`.
    """
    checked_path(filepath)
    paths = _paths(embedding)
    images = _images(video, paths.shape[:2])
    plane = _Plane(paths, labels, mode)
    frames = (
        np.concatenate([plane.frame(step, [one]), _poster(images[step, one], mode)], axis=1)
        for step, (one,) in plane.steps(True)
    )
    return write_film(frames, filepath, fps)


class _Plane:
    """The picture that grows: traces stay, the places of now are drawn over them."""

    def __init__(self, paths: Points, labels: Any, mode: Mode) -> None:
        from PIL import Image

        self.card = tokens(mode).card
        self.ink = tokens(mode).body
        count = paths.shape[1]
        found = np.zeros(count, np.int64) if labels is None else labels_of(labels, count)
        names, numbers = np.unique(found, return_inverse=True)
        self.strokes = [stroke(int(n), mode) for n in numbers]
        self.names = [] if labels is None else [str(name) for name in names]
        self.legend = [stroke(i, mode) for i in range(len(self.names))]
        self.places = _in_pixels(paths)
        self.traces = Image.new("RGB", (SIDE * FINE, SIDE * FINE), self.card)
        self._draw_legend()

    def steps(self, one_by_one: bool) -> Iterator[tuple[int, list[int]]]:
        """Each frame's step, and the series that move in it."""
        length, count, _ = self.places.shape
        frames = length * count if one_by_one else length
        if frames > MAX_FRAMES:
            raise ValueError(f"the film would have {frames} frames, at most {MAX_FRAMES}")
        if one_by_one:
            return ((step, [one]) for one in range(count) for step in range(length))
        return ((step, list(range(count))) for step in range(length))

    def frame(self, step: int, series: list[int]) -> Pixels:
        """The picture after *series* have gone to *step*, ``(SIDE, SIDE, 3)``."""
        from PIL import Image

        pen = _pen(self.traces)
        for one in series:
            look = self.strokes[one]
            trace = look._replace(colour=mixed(look.colour, self.card, 0.55))
            here = self.places[step, one]
            if step:
                ends = (*self.places[step - 1, one], *here)
                pen.line(ends, fill=trace.colour, width=FINE)
            _mark(pen, here, 2.5, trace)
        now = self.traces.copy()
        for one in series:
            _mark(_pen(now), self.places[step, one], 6, self.strokes[one])
        return np.asarray(now.resize((SIDE, SIDE), Image.Resampling.BOX))

    def _draw_legend(self) -> None:
        from PIL import ImageFont

        pen = _pen(self.traces)
        font = ImageFont.load_default(12 * FINE)
        shown = self.names[:LEGEND_MOST]
        for i, (name, look) in enumerate(zip(shown, self.legend, strict=False)):
            middle = np.array([12.0, 14 + 17 * i]) * FINE
            _mark(pen, middle, 4.5, look)
            pen.text((24 * FINE, middle[1]), name[:24], fill=self.ink, font=font, anchor="lm")


def _paths(data: Any) -> Points:
    paths = as_floats(shaped(data, "t, b, 2", "data"))
    if paths.shape[2] != 2 or not np.isfinite(paths).all():
        found = f"the shape {paths.shape}" if paths.shape[2] != 2 else "values that are not finite"
        raise ValueError(f"data has {found}, expected points (t, b, 2): see timeseries2d")
    return paths


def _in_pixels(paths: Points) -> npt.NDArray[np.float64]:
    """Places in the picture, drawn FINE times as large; both axes keep one scale."""
    flat = paths.reshape(-1, 2).astype(np.float64)
    low, high = flat.min(axis=0), flat.max(axis=0)
    span = float((high - low).max()) or 1.0
    inner = (paths - (low + high) / 2) / span * (1 - 2 * BORDER)
    upright = inner * np.array([1, -1]) + 0.5
    return cast("npt.NDArray[np.float64]", upright * SIDE * FINE)


def _images(video: Any, shape: tuple[int, ...]) -> Floats:
    """*video* as ``(t, b, H, W)``, 0 to 1."""
    array = as_array(video, "video")
    if array.ndim == 3:
        side = math.isqrt(array.shape[2])
        if side * side != array.shape[2]:
            raise ValueError(f"video has images of {array.shape[2]} numbers, expected a square")
        array = array.reshape(*array.shape[:2], side, side)
    films = np.nan_to_num(scale_norm(shaped(array, "t, b, H, W", "video")))
    if films.shape[:2] != shape:
        raise ValueError(f"video has {films.shape[:2]} frames and samples, embedding {shape}")
    return films


def _poster(image: Floats, mode: Mode) -> Pixels:
    """*image* ``(H, W)`` in ink on the card, ``(SIDE, SIDE, 3)`` with hard pixels."""
    from PIL import Image

    look = tokens(mode)
    inner = round(SIDE * (1 - 2 * BORDER))
    scale = inner / max(image.shape)
    size = max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1)
    shares = Image.fromarray(np.rint(image * 255).astype(np.uint8))
    mask = shares.resize(size, Image.Resampling.NEAREST)
    room = Image.new("RGB", (SIDE, SIDE), look.card)
    room.paste(look.ink, ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2), mask)
    return np.asarray(room)


def _pen(image: Image) -> ImageDraw:
    from PIL import ImageDraw

    return ImageDraw.Draw(image)


def _mark(pen: ImageDraw, middle: Any, radius: float, look: Stroke) -> None:
    """A marker of about *radius* pixels at *middle*."""
    x, y = (float(v) for v in middle)
    r = radius * FINE
    if look.marker == "circle":
        pen.ellipse((x - r, y - r, x + r, y + r), fill=look.colour)
    elif look.marker == "plus":
        third = r / 3
        pen.rectangle((x - r, y - third, x + r, y + third), fill=look.colour)
        pen.rectangle((x - third, y - r, x + third, y + r), fill=look.colour)
    else:
        pen.polygon(_corners(x, y, r * 1.2, look.marker), fill=look.colour)


def _corners(x: float, y: float, r: float, marker: str) -> list[tuple[float, float]]:
    count, first = _AROUND.get(marker, (10, -90))  # a star has five corners out and five in
    radii = [r if marker in _AROUND or i % 2 == 0 else r * 0.45 for i in range(count)]
    angles = [math.radians(first + 360 * i / count) for i in range(count)]
    return [(x + s * math.cos(a), y + s * math.sin(a)) for s, a in zip(radii, angles, strict=True)]
