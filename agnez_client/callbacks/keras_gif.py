"""A film of what a model of Keras makes of the same inputs, while it learns."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from agnez_client.callbacks.keras_weights import Array
from agnez_client.errors import SettingsError
from agnez_client.kinds.pixels import Pixels
from agnez_client.plots.filmfile import checked_path
from agnez_client.plots.films import make_gif, video_grid2d, video_img_grid
from agnez_client.plots.grids import grid2d, img_grid
from agnez_client.settings import load_settings

logger = logging.getLogger("agnez_client")


class SaveGif(keras.callbacks.Callback):
    """
    Every *how_often* epochs, from the first on, and at the end of `fit`, what ``func(X)`` returns:

    - ``(samples, dim)``, or images ``(samples, H, W, C)`` or ``(samples, C, H, W)`` of 1 or 3
      channels: one frame more of a film of the training, in a grid.
    - ``(frames, samples, dim)`` or ``(samples, frames, C, H, W)``: a film by itself, which takes
      the place of the one before.

    What goes wrong is told in the log; with AGNEZ_STRICT it is an error.
    """

    def __init__(
        self,
        filepath: str | Path,
        X: Any,  # noqa: N803 (as it was called)
        func: Callable[[Any], Any],
        how_often: int = 10,
        display: Callable[[Path], Any] | None = None,
    ) -> None:
        """
        Args:
            filepath: Ends in .gif, .webp, .mp4 or .webm.
            X: What *func* is given.
            func: As `model.predict`.
            how_often: Epochs from one time to the next.
            display: Told the path each time that the file was written.

        Raises:
            SettingsError: If *func*, *how_often* or *display* is wrong.
            ValueError: If no film can have this path.
        """
        super().__init__()
        if type(how_often) is not int or how_often < 1:
            raise SettingsError("how_often", how_often, "a whole number, 1 up")
        for name, call in (("func", func), ("display", display or print)):
            if not callable(call):
                raise SettingsError(name, call, "a function")
        self.filepath, self.X, self.func = checked_path(filepath), X, func
        self.how_often, self.display = how_often, display
        self._frames: list[Pixels] = []
        self._strict = load_settings().strict
        self._is_saved = self._said = False

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Save, where it is time."""
        self._is_saved = epoch % self.how_often == 0
        if self._is_saved:
            self._attempt()

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """The film ends with what was learnt."""
        if not self._is_saved:
            self._attempt()

    def _attempt(self) -> None:
        try:
            self._save(np.asarray(keras.ops.convert_to_numpy(self.func(self.X))))
        except Exception as error:
            if self._strict:
                raise
            if not self._said:
                logger.warning("the film %s was not saved (said once): %s", self.filepath, error)
            self._said = True

    def _save(self, found: Array) -> None:
        if found.ndim == 3:
            video_grid2d(found, self.filepath)
        elif found.ndim == 5:
            video_img_grid(found, self.filepath)
        else:
            self._frames.append(_as_frame(found))
            make_gif(np.stack(self._frames), self.filepath)
        if self.display is not None:
            self.display(self.filepath)


def _as_frame(found: Array) -> Pixels:
    if found.ndim == 2:
        return grid2d(found, rescale=False)
    if found.ndim != 4:
        raise ValueError(f"func returned the shape {found.shape}, expected 2 to 5 axes")
    is_last = found.shape[3] in (1, 3) and found.shape[1] not in (1, 3)
    return img_grid(found.transpose(0, 3, 1, 2) if is_last else found)
