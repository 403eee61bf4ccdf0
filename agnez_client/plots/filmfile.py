"""Frames as a film on disk, and a film in a notebook."""

from __future__ import annotations

import base64
import io
import itertools
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from pathlib import Path
from typing import Any, Final

import numpy as np

from agnez_client.kinds.pixels import Pixels
from agnez_client.kinds.video import check_fps, sniffed
from agnez_client.shown import shown

FORMATS: Final = (".gif", ".webp", ".mp4", ".webm")


def write_film(frames: Iterable[Pixels], path: Any, fps: float) -> Path:
    """
    Write frames ``(H, W)`` or ``(H, W, 3)``, bytes, at least one and all of one shape, as what the
    ending of *path* says: GIF and WebP (which play without end) by Pillow, MP4 (H.264) and WebM
    (VP9) by PyAV. They are taken one after the other.

    The file has its name when it is whole; one of that name is replaced. Sides of an MP4 are made
    even by its last row or column once more.

    Raises:
        ValueError: If the ending is none of these, or *fps* is not 0.1 to 240.
        RuntimeError: If PyAV is needed and not installed.
        OSError: If it can't be written.
    """
    check_fps(fps)
    target = checked_path(path)
    data = _encoded(iter(frames), target.suffix.lower(), fps)
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        part.write_bytes(data)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def checked_path(path: Any) -> Path:
    """
    *path* as a path, before work is done for it.

    Raises:
        ValueError: If it is none, ends otherwise than a film, or its folder is not there.
    """
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"filepath is {shown(path)}, expected a path")
    target = Path(path)
    if target.suffix.lower() not in FORMATS:
        raise ValueError(f"{target.name!r:.80} ends in no known format: {', '.join(FORMATS)}")
    if not target.parent.is_dir():
        raise ValueError(f"{str(target.parent)!r:.200} is no folder: make it first")
    return target


@dataclass(frozen=True, slots=True)
class NotebookFilm:
    """A film that a notebook shows: all of it is in ``html``."""

    html: str

    def _repr_html_(self) -> str:
        return self.html


def video_at_notebook(path: Any, width: int | None = None) -> NotebookFilm:
    """
    The film at *path* for a notebook, which holds it from then on. Source: agnez,
    `video_at_notebook`.

    Args:
        path: An MP4, WebM, GIF or WebP, known by its content; its bytes or its path.
        width: In pixels; that of the film without it.

    Raises:
        ValueError: If it is none of these.
        OSError: If it can't be read.
    """
    data = bytes(path) if isinstance(path, bytes | bytearray) else Path(path).read_bytes()
    mime = sniffed(data[:16])
    source = f"data:{mime};base64,{base64.b64encode(data).decode()}"
    sized = "" if width is None else f' width="{int(width)}"'
    name = "film" if isinstance(path, bytes | bytearray) else escape(Path(path).name)
    if mime.startswith("image/"):
        return NotebookFilm(f'<img src="{source}" alt="{name}"{sized}>')
    return NotebookFilm(f'<video src="{source}" aria-label="{name}"{sized} controls loop></video>')


def _encoded(frames: Iterator[Pixels], suffix: str, fps: float) -> bytes:
    stream = io.BytesIO()
    if suffix == ".gif":
        # It counts hundredths of a second, and browsers slow down below two of them.
        _draw(frames, stream, "GIF", duration=max(round(100 / fps), 2) * 10)
    elif suffix == ".webp":
        _draw(frames, stream, "WEBP", duration=round(1000 / fps), quality=80, method=0)
    elif suffix == ".webm":
        options = {"deadline": "realtime", "cpu-used": "8", "crf": "24", "b": "0"}
        _film(frames, stream, fps, "webm", "libvpx-vp9", options)
    else:
        _film((_even(f) for f in frames), stream, fps, "mp4", "h264", {"crf": "18"})
    return stream.getvalue()


def _draw(frames: Iterator[Pixels], stream: io.BytesIO, format: str, **options: Any) -> None:
    from PIL import Image

    first = Image.fromarray(next(frames))
    others = (Image.fromarray(frame) for frame in frames)
    first.save(stream, format, save_all=True, append_images=others, loop=0, **options)


def _film(
    frames: Iterator[Pixels],
    stream: io.BytesIO,
    fps: float,
    format: str,
    codec: str,
    options: dict[str, str],
) -> None:
    try:
        import av
    except ImportError:
        raise RuntimeError(
            f"a .{format} needs PyAV: pip install 'agnez[media]', or write a .gif or .webp"
        ) from None
    first = next(frames)
    with av.open(stream, "w", format=format) as film:
        track: Any = film.add_stream(codec, rate=Fraction(fps).limit_denominator(1000))
        track.height, track.width = first.shape[:2]
        track.pix_fmt = "yuv420p"
        track.options = options
        for frame in itertools.chain([first], frames):
            film.mux(track.encode(av.VideoFrame.from_ndarray(_coloured(frame), format="rgb24")))
        film.mux(track.encode(None))


def _coloured(frame: Pixels) -> Pixels:
    if frame.ndim == 2:
        frame = np.repeat(frame[..., None], 3, axis=2)
    return np.ascontiguousarray(frame)


def _even(frame: Pixels) -> Pixels:
    odd = [(0, n % 2) for n in frame.shape[:2]]
    return np.pad(frame, [*odd, (0, 0)][: frame.ndim], mode="edge")
