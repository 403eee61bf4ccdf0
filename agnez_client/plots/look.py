"""
How the figures of this room look: the colours of the pages, and figures of Bokeh without clutter.

The SDK can't load the pages' package: a test compares the colours here with those of theme.json.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from bokeh.models import Range1d
from bokeh.plotting import figure

from agnez_client.kinds.pixels import Pixels

Mode = Literal["light", "dark"]
FONT: Final = "Inter Variable, Inter, system-ui, sans-serif"
MARGIN: Final = 10
TITLE: Final = 30
"""Pixels that a title takes."""
WIDEST: Final = 960
LEAST: Final = 20


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours of what stands around the data, ``#rrggbb``."""

    card: str
    ink: str
    body: str
    mute: str
    line: str
    grid: str


class Stroke(NamedTuple):
    """How one group is told from the others: by its colour, and by its marker."""

    colour: str
    marker: str


TOKENS: Final = {
    "light": Tokens("#ffffff", "#161b24", "#3d4655", "#626c7d", "#e2e6ec", "#eceff3"),
    "dark": Tokens("#141921", "#e9ecf2", "#bfc7d4", "#8e98a9", "#232a36", "#1f2631"),
}
COLOURS: Final = {
    "light": (
        *("#3c58d2", "#d57a0d", "#20a48b", "#82003d", "#5a3b95", "#7f6900", "#188cbd", "#57677a"),
    ),
    "dark": (
        *("#5b7ef6", "#f0913a", "#66e3b8", "#da7a9a", "#a394e6", "#ecd25a", "#6ddbfe", "#676f82"),
    ),
}
MARKERS: Final = (
    *("circle", "square", "triangle", "diamond", "inverted_triangle", "hex", "star", "plus"),
)


def tokens(mode: Mode) -> Tokens:
    """
    The colours of *mode*.

    Raises:
        ValueError: If it is neither "light" nor "dark".
    """
    if mode not in TOKENS:
        raise ValueError(f"mode is {mode!r:.60}, expected 'light' or 'dark'")
    return TOKENS[mode]


def stroke(index: int, mode: Mode) -> Stroke:
    """
    The stroke of the *index*-th group: the eight of the pages, then the same colours nearer to the
    ink with other markers; 64 differ, then they begin anew.
    """
    count = len(MARKERS)
    colour = COLOURS[mode][index % count]
    if index // count % 2:
        colour = mixed(colour, TOKENS[mode].ink, 0.45)
    return Stroke(colour, MARKERS[(index + index // count) % count])


def mixed(colour: str, other: str, share: float) -> str:
    """``#rrggbb`` of which *share* is *other*."""
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(a * (1 - share) + b * share) for a, b in pairs).hex()


def bare_figure(title: str, height: int, mode: Mode, **more: Any) -> figure:
    """A figure on the colour of a card, without frame, axes and grid."""
    look = tokens(mode)
    plot = figure(
        height=height, background_fill_color=None, border_fill_color=None, outline_line_color=None,
        styles={"background": look.card},  # a fill would leave a seam between room and border
        min_border=MARGIN, toolbar_location=None, **more,
    )  # fmt: skip
    plot.axis.visible = False
    plot.grid.visible = False
    if title:
        above: Any = plot.title
        above.update(
            text=title, text_color=look.ink, text_font=FONT, text_font_size="14px",
            text_font_style="normal",
        )  # fmt: skip
    return plot


def square_figure(title: str, width: int, height: int, room: int, mode: Mode) -> figure:
    """
    A figure for an image of *width* by *height* pixels, all square, in *room* pixels of height at
    most and `WIDEST` pixels of width.
    """
    above = TITLE if title else 0
    scale = min(
        max(room - 2 * MARGIN - above, LEAST) / height, (WIDEST - 2 * MARGIN) / width
    )  # fmt: skip
    return bare_figure(
        title, max(round(height * scale), LEAST) + 2 * MARGIN + above, mode,
        width=max(round(width * scale), LEAST) + 2 * MARGIN,
        x_range=Range1d(start=0, end=width), y_range=Range1d(start=0, end=height),
        tools="pan,wheel_zoom,reset", active_scroll="wheel_zoom",
    )  # fmt: skip


def add_pixels(plot: figure, pixels: Pixels, left: float = 0) -> None:
    """*pixels*, ``(H, W)`` or ``(H, W, 3 or 4)``, upon y = 0."""
    height, width = pixels.shape[:2]
    image: Any = as_rgba(pixels[::-1])
    plot.image_rgba(image=[image], x=left, y=0, dw=width, dh=height)


def as_rgba(pixels: Pixels) -> np.ndarray[Any, np.dtype[np.uint32]]:
    """``(H, W)`` or ``(H, W, 3 or 4)`` bytes as Bokeh takes them: ``(H, W)`` of 32 bits."""
    rgba = np.full((*pixels.shape[:2], 4), 255, np.uint8)
    depth = pixels.shape[2] if pixels.ndim == 3 else 3
    rgba[..., :depth] = pixels if pixels.ndim == 3 else pixels[..., None]
    return rgba.view("<u4")[..., 0]
