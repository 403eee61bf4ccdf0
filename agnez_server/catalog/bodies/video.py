"""VIDEO: one or more films, or animated pictures."""

from __future__ import annotations

from typing import Final

from agnez_server.catalog.bodies.fields import Fields
from agnez_server.catalog.bodies.image import MAX_SIDE

MAX_ITEMS: Final = 64


def check(body: Fields) -> None:
    """Each a blob; its size in pixels, length, pace and frames where they are known."""
    for video in body.parts("items", 1, MAX_ITEMS):
        video.blob("video/", "image/webp", "image/gif")
        for side in ("width", "height"):
            if video.has(side):
                video.whole(side, 1, MAX_SIDE)
        for key in ("seconds", "fps"):
            if video.has(key):
                video.number(key, 0)
        if video.has("frames"):
            video.whole("frames")
        video.texts("caption")
