"""IMAGE: one or more pictures with thumbnails, and what is drawn over them."""

from __future__ import annotations

import math
from typing import Final

from agnez_server.catalog.bodies.fields import Fields

MAX_ITEMS: Final = 64
MAX_SIDE: Final = 1_000_000
MAX_OVERLAYS: Final = 10_000
PICTURES: Final = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif", "image/bmp")


def check(body: Fields) -> None:
    """1 to 64 images; each a blob with its size in pixels, a thumbnail, overlays."""
    for image in body.parts("items", 1, MAX_ITEMS):
        _picture(image)
        _picture(image.part("thumb"))
        image.texts("caption")
        _overlays(image)


def _picture(image: Fields) -> None:
    image.blob(*PICTURES)
    for side in ("width", "height"):
        image.whole(side, 1, MAX_SIDE)


def _overlays(image: Fields) -> None:
    if image.has("classes"):
        _classes(image)
    if image.has("boxes"):
        for box in image.parts("boxes", 0, MAX_OVERLAYS):
            _finite(box, "box", 4)
            _named(box)
            if box.has("score"):
                box.number("score")
    if image.has("masks"):
        for mask in image.parts("masks", 0, MAX_ITEMS):
            mask.blob("image/png")
            mask.texts("name")
    if image.has("keypoints"):
        for points in image.parts("keypoints", 0, MAX_OVERLAYS):
            _keypoints(points)


def _classes(image: Fields) -> None:
    classes = image.part("classes")
    for key in classes.names():
        if not (key.isascii() and key.isdigit() and len(key) < 10):
            raise image.wrong("classes", "an object of class ids (whole numbers) and names")
        classes.text(key)


def _named(overlay: Fields) -> None:
    if overlay.has("class"):
        overlay.whole("class", 0, 2**31)
    overlay.texts("label")


def _finite(overlay: Fields, key: str, count: int) -> None:
    found = overlay.numbers(key, most=count)
    if len(found) != count or not all(math.isfinite(n) for n in found):
        raise overlay.wrong(key, f"a list of {count} finite numbers")


def _keypoints(overlay: Fields) -> None:
    points = overlay.items("points", 0, MAX_OVERLAYS)
    if not all(_is_point(p) for p in points):
        raise overlay.wrong("points", "a list of [x, y, visible], visible 0 or 1")
    if overlay.has("skeleton"):
        bones = overlay.items("skeleton", 0, MAX_OVERLAYS)
        if not all(_is_bone(b, len(points)) for b in bones):
            raise overlay.wrong("skeleton", "a list of [a, b], places of points")
    _named(overlay)


def _is_point(point: object) -> bool:
    if not isinstance(point, list) or len(point) != 3:
        return False
    numbers = all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in point)
    return numbers and point[2] in (0, 1)


def _is_bone(bone: object, points: int) -> bool:
    return (
        isinstance(bone, list)
        and len(bone) == 2
        and all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n < points for n in bone)
    )
