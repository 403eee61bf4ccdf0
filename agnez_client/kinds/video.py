"""VIDEO: y is a film, as frames or as a file."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np

from agnez_client.kinds.arrays import as_array
from agnez_client.kinds.audio import captioned
from agnez_client.kinds.entry import Encoded, EntryChannel
from agnez_client.kinds.pixels import DEFAULT_MAX_PIXELS, DEPTHS, Pixels, as_bytes
from agnez_client.spool.blobs import Blob

MAX_FILMS: Final = 16
DEFAULT_FPS: Final = 10
MAX_FRAMES: Final = 10_000
_MAGIC: Final = (
    (4, b"ftyp", "video/mp4"), (0, b"\x1aE\xdf\xa3", "video/webm"), (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Video:
    """A film with what belongs to it; ``data`` is what `send()` takes, ``fps`` frames a second."""

    data: Any
    fps: float | None = None
    caption: str | None = None


class VideoChannel(EntryChannel):
    """Option ``fps``: frames a second, 10 by default; `send(fps=…)` for one entry."""

    type: ClassVar[str] = "VIDEO"
    known_options: ClassVar[frozenset[str]] = frozenset({"fps"})
    __slots__ = ()

    def encode(self, y: Any, *, fps: float | None = None, caption: str | None = None) -> Encoded:
        """The entry of one film, or of a list of up to 16; see `encode_film`."""
        fps = self.options.get("fps", DEFAULT_FPS) if fps is None else fps
        films = films_of(y)
        if not 1 <= len(films) <= MAX_FILMS:
            raise ValueError(f"there are {len(films)} films, expected 1 to {MAX_FILMS}")
        items, blobs = [], []
        for film in films:
            found = film if isinstance(film, Video) else Video(film)
            item, blob = encode_film(found.data, fps if found.fps is None else found.fps)
            words = found.caption if found.caption is not None else caption
            items.append({**item, **captioned(words)})
            blobs.append(blob)
        return Encoded({"items": items}, blobs)

    @classmethod
    def check_options(cls, options: dict[str, Any]) -> None:
        """See `Channel.check_options`."""
        if "fps" in options:
            check_fps(options["fps"])


def films_of(y: Any) -> list[Any]:
    """*y* as a list of films; a list of pictures, ``(H, W)`` or ``(H, W, 3 or 4)``, is one film."""
    if not isinstance(y, list | tuple):
        return [y]
    shapes = {tuple(getattr(one, "shape", ())) for one in y}
    if not shapes or not all(len(s) == 2 or (len(s) == 3 and s[2] in (3, 4)) for s in shapes):
        return list(y)
    if len(shapes) > 1:
        raise ValueError(f"the frames have different shapes: {sorted(shapes)!r:.100}")
    return [np.stack([as_array(one) for one in y])]


def check_fps(fps: Any) -> None:
    """Raises ValueError if *fps* is no number of frames a second."""
    if isinstance(fps, bool) or not isinstance(fps, int | float) or not 0.1 <= fps <= 240:
        raise ValueError(f"fps is {fps!r:.60}, expected 0.1 to 240 frames a second")


def encode_film(data: Any, fps: float = DEFAULT_FPS) -> tuple[dict[str, Any], Blob]:
    """
    One film: frames become WebM where PyAV is installed (`pip install agnez[media]`), an animated
    WebP otherwise; a file (its path or bytes) stays as it is.

    Args:
        data: Frames ``(T, H, W)``, ``(T, H, W, C)`` or ``(T, C, H, W)``, C being 1, 3 or 4 (of
            which the fourth is not shown); what are no bytes is scaled over the whole film.

    Raises:
        ValueError: If *data* is no film, is too long or has too many pixels.
    """
    check_fps(fps)
    if isinstance(data, str | os.PathLike):
        path = Path(data)
        if not path.is_file():
            raise ValueError(f"{str(path)!r:.200} is not a file, expected a film or its path")
        with path.open("rb") as file:
            return described(Blob.of_file(path, sniffed(file.read(16))))
    if isinstance(data, bytes | bytearray):
        return described(Blob.of(bytes(data), sniffed(bytes(data[:16]))))
    frames = as_frames(data)
    film, mime = written(frames, fps)
    blob = Blob.of(film, mime)
    count, height, width = frames.shape[:3]
    about = {"width": width, "height": height, "frames": count, "fps": fps, "seconds": count / fps}
    return {**blob.ref, **about}, blob


def as_frames(data: Any) -> Pixels:
    """*data* as bytes ``(T, H, W, 3)``; see `encode_film`."""
    shape = tuple(int(n) for n in getattr(data, "shape", ()))
    if len(shape) not in (3, 4):
        raise ValueError(f"y has the shape {shape}, expected (T, H, W) or (T, H, W, C)")
    if shape[0] > MAX_FRAMES or int(np.prod(shape)) > 8 * DEFAULT_MAX_PIXELS:
        raise ValueError(f"y has the shape {shape}, more than {MAX_FRAMES} frames or 800 MB")
    array = as_array(data)
    if array.ndim == 3:
        array = array[..., None]
    elif array.shape[3] not in DEPTHS and array.shape[1] in DEPTHS:
        array = np.moveaxis(array, 1, -1)
    if array.shape[3] not in DEPTHS:
        raise ValueError(f"y has the shape {shape}, expected (T, H, W, C) where C is 1, 3 or 4")
    pixels = as_bytes(array)[0][..., :3]
    return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:3], 3)))


def written(frames: Pixels, fps: float) -> tuple[bytes, str]:
    """*frames* as a film, and its type."""
    try:
        import av  # noqa: F401
    except ImportError:
        return as_webp(frames, fps), "image/webp"
    return as_webm(frames, fps), "video/webm"


def as_webm(frames: Pixels, fps: float) -> bytes:
    """*frames* as WebM with VP9."""
    from fractions import Fraction

    import av

    stream = io.BytesIO()
    with av.open(stream, "w", format="webm") as film:
        track = film.add_stream("libvpx-vp9", rate=Fraction(fps).limit_denominator(1000))
        track.height, track.width = frames.shape[1:3]
        track.pix_fmt = "yuv420p"
        track.options = {"deadline": "realtime", "cpu-used": "8", "crf": "24", "b": "0"}
        for frame in frames:
            film.mux(track.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        film.mux(track.encode(None))
    return stream.getvalue()


def as_webp(frames: Pixels, fps: float) -> bytes:
    """*frames* as an animated WebP, which plays without end."""
    from PIL import Image as Pillow

    first, *others = [Pillow.fromarray(frame) for frame in frames]
    stream = io.BytesIO()
    first.save(
        stream, "WEBP", save_all=True, append_images=others, duration=round(1000 / fps),
        loop=0, quality=80, method=0,
    )  # fmt: skip
    return stream.getvalue()


def sniffed(head: bytes) -> str:
    """The type of the film that begins with *head*; ValueError if it is none."""
    for at, magic, mime in _MAGIC:
        if head[at : at + len(magic)] == magic:
            return mime
    raise ValueError("y is no film that is known: MP4, WebM, GIF or WebP")


def described(blob: Blob) -> tuple[dict[str, Any], Blob]:
    """What a body says of the film in *blob*, as far as it can be read here."""
    source = io.BytesIO(blob.source) if isinstance(blob.source, bytes) else blob.source
    read = _described_picture if blob.mime.startswith("image/") else _described_film
    return {**blob.ref, **read(source)}, blob


def _described_picture(source: io.BytesIO | Path) -> Mapping[str, Any]:
    from PIL import Image as Pillow

    with Pillow.open(source) as picture:
        width, height = picture.size
        return {"width": width, "height": height, "frames": getattr(picture, "n_frames", 1)}


def _described_film(source: io.BytesIO | Path) -> Mapping[str, Any]:
    try:
        import av
    except ImportError:
        return {}
    try:
        with av.open(source if isinstance(source, io.BytesIO) else str(source), "r") as film:
            track = film.streams.video[0]
            found = {"width": track.width, "height": track.height}
            seconds = {"seconds": film.duration / 1e6} if film.duration else {}
            return {**found, **seconds}
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(f"y is no film that can be read: {error}") from error
