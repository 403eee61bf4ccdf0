"""
Films of what changes: weights over epochs, reconstructions, sequences.

Each writes the file and gives its path, which a VIDEO channel takes. The ending says the format:
``.gif``, ``.webp``, ``.mp4`` or ``.webm``; see filmfile.py. Five frames a second, as the original.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from agnez_client.kinds.arrays import as_array
from agnez_client.kinds.pixels import Pixels, as_bytes
from agnez_client.plots.filmfile import checked_path, write_film
from agnez_client.plots.grids import grid2d, img_grid, laid_out, scale_norm
from agnez_client.plots.shapes import shaped

FPS: Final = 5
SHORTEST_SIDE: Final = 240
"""Pixels: smaller frames are enlarged, by whole numbers where pixels stay hard."""
INTERPOLATIONS: Final = ("nearest", "bilinear", "bicubic", "lanczos")
Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]


def make_gif(
    video: Any,
    filepath: Any = "video.gif",
    gray: bool = True,
    interpolation: Interpolation | None = None,
    *,
    fps: float = FPS,
) -> Path:
    """
    Frames as a film. Source: agnez, `make_gif`.

    Args:
        video: ``(frames, rows, cols)`` or ``(frames, rows, cols, channels)`` with 1, 3 or 4
            channels (the fourth is not shown). Bytes stay as they are; else the smallest value of
            the whole film is 0 and the largest 255, NaN is 0.
        filepath: Its ending says the format; its folder is there.
        gray: Of one channel: True is gray, False a scale from purple to yellow.
        interpolation: Frames whose shorter side is below 240 pixels are enlarged: with hard pixels
            ("nearest", None), or smoothly ("bilinear", "bicubic", "lanczos").
        fps: Frames a second, 0.1 to 240.

    Returns:
        The path of the film.

    Raises:
        ValueError: If *video* is no film or is empty, or an argument is not known.
        RuntimeError: If the format needs PyAV and it is not installed.
        OSError: If the file can't be written.
    """
    checked_path(filepath)
    array = as_array(video, "video")
    if array.ndim == 3:
        array = array[..., None]
    frames = as_bytes(shaped(array, "frames, rows, cols, channels", "video"))[0]
    if frames.shape[3] not in (1, 3, 4):
        raise ValueError(f"video has the shape {array.shape}, expected 1, 3 or 4 channels")
    if frames.shape[3] == 1:
        frames = frames[..., 0] if gray else _in_colours(frames[..., 0])
    return write_film(_enlarged(frames[..., :3] if frames.ndim == 4 else frames, interpolation),
                      filepath, fps)  # fmt: skip


def video_grid2d(
    video: Any, filepath: Any = "video_grid.gif", rescale: bool = False, *, fps: float = FPS
) -> Path:
    """
    Rows of a matrix as images in a grid, over time. Source: agnez, `video_grid2d`.

    Args:
        video: ``(frames, samples, dim)``: each frame as `grid2d` takes it.
        filepath, fps: As for `make_gif`.
        rescale: As for `grid2d`; False keeps one scale for all frames.

    Raises:
        ValueError: As `grid2d` and `make_gif`.
        RuntimeError, OSError: As `make_gif`.
    """
    checked_path(filepath)
    frames = shaped(video, "frames, samples, dim", "video")
    return make_gif(
        np.stack([grid2d(frame, rescale=rescale) for frame in frames]), filepath, fps=fps
    )


def video_img_grid(
    video: Any,
    filepath: Any = "video_grid.gif",
    rescale: bool | Literal["film"] = False,
    rows_cols: tuple[int, int] | None = None,
    *,
    fps: float = FPS,
) -> Path:
    """
    Films side by side in a grid. Source: agnez, `video_img_grid`.

    Args:
        video: ``(samples, frames, channels, H, W)``: of each frame a grid as by `img_grid`; one or
            three channels.
        filepath, fps: As for `make_gif`.
        rescale: False scales each image of each frame by itself, True each frame, "film" the whole
            film: only there brightness can be compared over time.
        rows_cols: As for `img_grid`.

    Raises:
        ValueError: As `img_grid` and `make_gif`.
        RuntimeError, OSError: As `make_gif`.
    """
    checked_path(filepath)
    films = shaped(video, "samples, frames, channels, H, W", "video")
    if rescale == "film":
        grids = [laid_out(frame, rows_cols) for frame in np.moveaxis(scale_norm(films), 1, 0)]
    else:
        frames = np.moveaxis(films, 1, 0)
        grids = [img_grid(frame, rows_cols, rescale=bool(rescale)) for frame in frames]
    return make_gif(np.stack(grids), filepath, fps=fps)


def _in_colours(frames: Pixels) -> Pixels:
    from agnez_client.plots.heat import scale

    return scale()[frames]


def _enlarged(frames: Pixels, interpolation: Interpolation | None) -> Pixels:
    if interpolation not in (None, *INTERPOLATIONS):
        raise ValueError(f"interpolation is {interpolation!r:.60}, expected {INTERPOLATIONS}")
    height, width = frames.shape[1:3]
    times = -(-SHORTEST_SIDE // min(height, width))
    if times == 1:
        return frames
    if interpolation in (None, "nearest"):
        return frames.repeat(times, axis=1).repeat(times, axis=2)
    from PIL import Image

    how = Image.Resampling[str(interpolation).upper()]
    size = (width * times, height * times)
    return np.stack([np.asarray(Image.fromarray(frame).resize(size, how)) for frame in frames])
