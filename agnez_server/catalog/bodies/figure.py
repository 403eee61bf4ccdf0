"""FIGURE: a drawing as SVG, as PNG, or as Bokeh's JSON."""

from __future__ import annotations

from typing import Final

from agnez_server.catalog.bodies.fields import Fields
from agnez_server.catalog.bodies.image import MAX_SIDE

MIMES: Final = {"svg": "image/svg+xml", "png": "image/png", "bokeh": "application/json"}


def check(body: Fields) -> None:
    """A blob whose mime goes with the format; the size in pixels where it is known."""
    body.blob(MIMES[body.one_of("format", tuple(MIMES))])
    for side in ("width", "height"):
        if body.has(side):
            body.number(side, 0, MAX_SIDE)
