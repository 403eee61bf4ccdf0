"""IMAGE: y is a picture, or up to 64 of them, as arrays, pictures of Pillow or files."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Final

from agnez_client.kinds.audio import captioned
from agnez_client.kinds.entry import Encoded, EntryChannel
from agnez_client.kinds.overlay import (
    encode_boxes,
    encode_classes,
    encode_keypoints,
    encode_masks,
)
from agnez_client.kinds.pixels import (
    DEFAULT_MAX_PIXELS,
    Scaling,
    as_pixels,
    as_png,
    as_thumbnail,
    check_size,
    thumbnail_size,
)
from agnez_client.settings import Settings
from agnez_client.shown import shown
from agnez_client.spool.blobs import Blob

MAX_IMAGES: Final = 64
KEPT_AS_THEY_ARE: Final = {
    "PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif",
}  # fmt: skip
"""Formats of files that browsers show."""


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """
    A picture with what lies over it; ``data`` is what `send()` takes. In pixels of the picture:

    ``boxes`` an array ``(N, 4)`` of x0, y0, x1, y1 or mappings with ``box``, ``class``, ``label``,
    ``score``; ``masks`` arrays ``(H, W)`` of class ids; ``keypoints`` ``(N, J, 2 or 3)`` or
    mappings with ``points`` and ``skeleton``; ``classes`` names by class id.
    """

    data: Any
    caption: str | None = None
    boxes: Any = None
    masks: Any = None
    keypoints: Any = None
    classes: Any = None


_OVERLAYS: Final = frozenset(f.name for f in fields(Image)) - {"data"}


class ImageChannel(EntryChannel):
    """
    Options ``classes``, names by class id for all its images; ``max_pixels``, of one image at most
    (AGNEZ_MAX_PIXELS, 100 million by default).
    """

    type: ClassVar[str] = "IMAGE"
    known_options: ClassVar[frozenset[str]] = frozenset({"classes", "max_pixels"})
    __slots__ = ()

    def encode(self, y: Any, **over: Any) -> Encoded:
        """The entry of one picture or of a list of up to 64; see `encode_image`."""
        unknown = over.keys() - _OVERLAYS
        if unknown:
            raise ValueError(
                f"{min(unknown)!r} is not known, expected {', '.join(sorted(_OVERLAYS))}"
            )
        images = images_of(y)
        if not 1 <= len(images) <= MAX_IMAGES:
            raise ValueError(f"there are {len(images)} images, expected 1 to {MAX_IMAGES}")
        if len(images) > 1 and over.keys() - {"classes", "caption"}:
            raise ValueError("what lies over several images is told one by one: Image(…, boxes=…)")
        shared = {k: v for k, v in {**self._classes(), **over}.items() if v is not None}
        items, blobs = [], list[Blob]()
        for image in images:
            item, own = encode_image(
                _with(image, shared), self.options.get("max_pixels", DEFAULT_MAX_PIXELS)
            )
            items.append(item)
            blobs += own
        return Encoded({"items": items}, blobs)

    @classmethod
    def preset(cls, settings: Settings) -> dict[str, Any]:
        """See `Channel.preset`."""
        return {"max_pixels": settings.max_pixels}

    def _classes(self) -> dict[str, Any]:
        return {"classes": self.options.get("classes")}

    @classmethod
    def check_options(cls, options: dict[str, Any]) -> None:
        """See `Channel.check_options`."""
        if options.get("classes") is not None:
            encode_classes(options["classes"])
        most = options.get("max_pixels", DEFAULT_MAX_PIXELS)
        if type(most) is not int or most < 1:
            raise ValueError(f"max_pixels is {most!r:.60}, expected a number of pixels")


def images_of(y: Any) -> list[Any]:
    """
    *y* as a list of images: a list or tuple is one, and so are four axes. Numbers in lists are one
    array.

    Raises:
        ValueError: If y holds lists or numbers that make no array.
    """
    if isinstance(y, list | tuple) and y and isinstance(y[0], list | tuple | float | int):
        y = _array_of(y)
    if isinstance(y, list | tuple) or len(getattr(y, "shape", ())) == 4:
        return list(y)
    return [y]


def _array_of(rows: Any) -> Any:
    import numpy as np

    try:
        array = np.array(rows)
    except ValueError:  # rows of different lengths
        array = np.array(None)
    if array.ndim < 2 or array.dtype.kind not in "biuf":
        raise ValueError(
            f"y is {shown(rows)} that is no image: expected np.array(…) of (H, W) or (H, W, 3), or "
            "a list of such images"
        )
    return array


def _with(image: Any, shared: Mapping[str, Any]) -> Image:
    """*image* with what is *shared*, where it says nothing of its own."""
    found = image if isinstance(image, Image) else Image(image)
    own = {f.name: getattr(found, f.name) for f in fields(Image)}
    return Image(**{**own, **{k: v for k, v in shared.items() if own[k] is None}})


def encode_image(
    image: Image, max_pixels: int = DEFAULT_MAX_PIXELS
) -> tuple[dict[str, Any], list[Blob]]:
    """
    One picture: what its body says, and its blobs.

    Raises:
        ValueError: If it is no picture, has more than *max_pixels*, or what lies over it is wrong.
    """
    full, picture, scaling = opened(image.data, max_pixels)
    width, height = picture.size
    small = full if thumbnail_size(width, height) == (width, height) else _thumbnail(picture)
    item = {
        **full.ref, "width": width, "height": height, **scaling.as_body(),
        "thumb": {**small.ref, **_size(thumbnail_size(width, height))},
        **captioned(image.caption),
    }  # fmt: skip
    blobs = [full, small]
    if image.boxes is not None:
        item["boxes"] = encode_boxes(image.boxes)
    if image.masks is not None:
        item["masks"], masks = encode_masks(image.masks, width, height)
        blobs += masks
    if image.keypoints is not None:
        item["keypoints"] = encode_keypoints(image.keypoints)
    if image.classes is not None:
        item["classes"] = encode_classes(image.classes)
    return item, blobs


def opened(data: Any, max_pixels: int) -> tuple[Blob, Any, Scaling]:
    """The blob of a picture, the picture itself (of Pillow), and how it was scaled."""
    from PIL import Image as Pillow

    if isinstance(data, str | os.PathLike):
        return _of_file(Path(data), max_pixels)
    if isinstance(data, bytes | bytearray):
        return _of_bytes(bytes(data), max_pixels)
    if isinstance(data, Pillow.Image):
        check_size(*data.size, max_pixels)
        return _of_picture(data)
    pixels, scaling = as_pixels(data, max_pixels)
    return Blob.of(as_png(pixels), "image/png"), Pillow.fromarray(pixels), scaling


def _of_file(path: Path, max_pixels: int) -> tuple[Blob, Any, Scaling]:
    if not path.is_file():
        raise ValueError(f"{str(path)!r:.200} is not a file, expected a picture or its path")
    return _of_bytes(path.read_bytes(), max_pixels)


def _of_bytes(data: bytes, max_pixels: int) -> tuple[Blob, Any, Scaling]:
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    try:
        picture = Pillow.open(io.BytesIO(data))
        check_size(*picture.size, max_pixels)
        picture.load()
    except UnidentifiedImageError:
        raise ValueError(
            f"y is no picture that can be read: it begins with {data[:16]!r}"
        ) from None
    except (OSError, SyntaxError) as error:
        raise ValueError(f"y is no picture that can be read: {error}") from error
    mime = KEPT_AS_THEY_ARE.get(picture.format or "")
    if mime is None:
        return _of_picture(picture)
    return Blob.of(data, mime), picture, Scaling()


def _of_picture(picture: Any) -> tuple[Blob, Any, Scaling]:
    """A picture of Pillow in any mode; those that no screen shows are scaled like arrays."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;"):
        import numpy as np
        from PIL import Image as Pillow

        pixels, scaling = as_pixels(np.asarray(picture))
        return Blob.of(as_png(pixels), "image/png"), Pillow.fromarray(pixels), scaling
    if picture.mode not in ("L", "RGB", "RGBA"):
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=1)
    return Blob.of(stream.getvalue(), "image/png"), picture, Scaling()


def _thumbnail(picture: Any) -> Blob:
    return Blob.of(as_thumbnail(picture), "image/png")


def _size(size: tuple[int, int]) -> dict[str, int]:
    return {"width": size[0], "height": size[1]}
