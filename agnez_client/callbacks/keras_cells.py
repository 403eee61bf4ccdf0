"""
Cells of the dashboard that follow a training of Keras: one callback a cell.

These are the callbacks of the first Agnez, with their names, arguments and defaults. What they show
is html or a picture in `/values`; for curves of numbers `keras.AgnezCallback` is the better one.

>>> model.fit(x, y, callbacks=[LossPlot(), SendFigHTML(draw, name="mine")])   # doctest: +SKIP
"""

from __future__ import annotations

import importlib.util
import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import keras

from agnez_client.callbacks.keras_gif import SaveGif
from agnez_client.callbacks.keras_weights import as_tiles, enlarged, is_there
from agnez_client.errors import SettingsError, TransportError
from agnez_client.naming import as_name
from agnez_client.plots.grids import img_grid
from agnez_client.settings import load_settings
from agnez_client.values import Values
from agnez_client.values.content import File, as_content, as_file

__all__ = [
    "LossPlot",
    "SaveGif",
    "SendFigHTML",
    "SendImage",
    "SendImgur",
    "Sender",
    "VisualizeConvWeights",
]

APP_URL: Final = "http://localhost:3000/api/v1/values"
TIMEOUT_S: Final = 10.0
SLOW_S: Final = 2.0
RESTS: Final = 10
"""A server that kept the training waiting in vain is left alone so many times as long."""
_FONT: Final = 14
"""Points: a cell is smaller than the figure."""
Logs = Mapping[str, Any] | None

logger = logging.getLogger("agnez_client")


class Sender(keras.callbacks.Callback):
    """
    A cell, made when the callback is, or taken over from an earlier training with the same name and
    position; a class made from this one calls `send` or `show` when it likes.

    A server that is away, or refuses, ends no training: the log says so once, and the next `send`
    tries again. One that does not answer for ten seconds is left alone for minutes, so that it
    costs a tenth of the training at most. With AGNEZ_STRICT it is an error.

    Attributes:
        id: The `_id` of the cell's document; None as long as no server has taken it.
    """

    def __init__(
        self,
        name: str,
        description: str,
        position: int,
        cell_type: str,
        app_url: str | None = None,
        *,
        run: Any = None,
        token: str | None = None,
    ) -> None:
        """
        Args:
            name: Stands above the cell.
            description: Stands below the name.
            position: Its place among the cells, from 0 on.
            cell_type: "html" or "img".
            app_url: Address of `/values`; AGNEZ_URL, else http://localhost:3000/api/v1/values.
            run: A run's id, or its `Job`: then the cell stands on the run's page too, and another
                at this position of the run takes its place.
            token: AGNEZ_TOKEN.

        Raises:
            SettingsError: If one of them is wrong.
        """
        super().__init__()
        if cell_type not in ("html", "img"):
            raise SettingsError("cell_type", cell_type, "html or img")
        if type(position) is not int:
            raise SettingsError("position", position, "a whole number")
        try:
            self.name = as_name(name)
        except ValueError as wrong:
            raise SettingsError("name", name, str(wrong)) from None
        self.description, self.position, self.cell_type = description, position, cell_type
        self.id: str | None = None
        self._run = None if run is None else getattr(run, "run", run)
        self._strict, self._said = load_settings().strict, False
        self._rests_until = 0.0
        self._values = Values(server_of(app_url), token, timeout_s=TIMEOUT_S)
        self._attempt(self._create)

    def send(self, value: str, cell_type: str | None = None) -> bool:
        """
        Show *value*: html, or the address of a picture.

        Args:
            cell_type: "html" or "img" where it is another one this time.

        Returns:
            Whether the server has it.
        """
        return self._attempt(lambda: self._patch(value, cell_type))

    def show(self, content: Any) -> bool:
        """Show whatever a cell can, see `agnez_client.values.Cell.show`; pictures are uploaded."""
        return self._attempt(lambda: self._show(content))

    def _show(self, content: Any) -> None:
        found = page_of(content)
        if isinstance(found, str):
            self._patch(found, "html")
        else:
            self._patch(self._values.upload(found), "img")

    def _create(self) -> None:
        """The page must not fill with cells of trainings that are over: one is taken over."""
        empty = self._document("", None)
        if self._run is not None:
            self.id = str(self._values.create({**empty, "run": self._run})["_id"])
            return
        alike = {"name": self.name, "pos": self.position, "$select": ["run"]}
        known = [r["_id"] for r in self._values.find(alike) if r.get("run") is None]
        if known:
            self._values.patch(known[-1], empty)
        self.id = known[-1] if known else str(self._values.create(empty)["_id"])

    def _patch(self, value: str, cell_type: str | None) -> None:
        if self.id is None:
            self._create()
        assert self.id is not None
        self._values.patch(self.id, self._document(value, cell_type))

    def _document(self, value: str, cell_type: str | None) -> dict[str, Any]:
        return {
            "name": self.name,
            "type": cell_type or self.cell_type,
            "value": value,
            "pos": self.position,
            "description": self.description,
        }

    def _attempt(self, call: Callable[[], None]) -> bool:
        began = time.monotonic()
        if began < self._rests_until:
            return False
        try:
            call()
        except Exception as error:
            if self._strict:
                raise
            lost_s = time.monotonic() - began
            if isinstance(error, TransportError) and lost_s > SLOW_S:
                self._rests_until = time.monotonic() + RESTS * lost_s
            if not self._said:
                logger.warning(
                    "the cell %r can't be shown, the next epoch tries again (said once): %s: %s",
                    self.name, type(error).__name__, error,
                )  # fmt: skip
            self._said = True
            return False
        self._said = False
        return True


class LossPlot(Sender):
    """The learning curves by epoch: training blue, validation green."""

    def __init__(
        self,
        name: str = "Loss plot",
        position: int = 0,
        app_url: str | None = None,
        description: str = "train (blue) and validation (green) learning curves",
        **more: Any,
    ) -> None:
        """See `Sender`; it needs matplotlib."""
        from matplotlib.figure import Figure

        super().__init__(name, description, position, "html", app_url, **more)
        self._figure = Figure(figsize=(8, 5))
        self.train_loss: list[tuple[int, float]] = []
        self.valid_loss: list[tuple[int, float]] = []

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Draw what there is."""
        for curve, key in ((self.train_loss, "loss"), (self.valid_loss, "val_loss")):
            if key in (logs or {}):
                curve.append((epoch + 1, float((logs or {})[key])))
        self._attempt(lambda: self._show(self._drawn()))

    def _drawn(self) -> Any:
        self._figure.clear()
        axes = self._figure.add_subplot()
        for curve, colour, label in (
            (self.train_loss, "blue", "train"),
            (self.valid_loss, "green", "validation"),
        ):
            if curve:
                axes.plot(*zip(*curve, strict=True), color=colour, label=label, marker=".")
        axes.set_xlabel("epoch", fontsize=_FONT)
        axes.set_ylabel("loss", fontsize=_FONT)
        axes.tick_params(labelsize=_FONT)
        if self.train_loss or self.valid_loss:
            axes.legend(fontsize=_FONT)
        return self._figure


class VisualizeConvWeights(Sender):
    """The filters of a convolution as a grid of images, each epoch."""

    def __init__(
        self,
        weights: Any,
        static_path: str | Path | None = None,
        name: str = "Conv weights",
        position: int = 1,
        app_url: str | None = None,
        description: str = "weights of convolutional layer",
        **more: Any,
    ) -> None:
        """
        Args:
            weights: A layer or its kernel; or an array ``(N, C, H, W)``, or a function that returns
                one of these.
            static_path: Of a folder that the server shows (`agnez up --static`): the picture is
                written to `<static_path>/images/`. Without one it is uploaded.
            more: See `Sender`.

        Raises:
            ValueError: If *weights* are not those of a convolution.
        """
        self.weights = weights
        self._folder = None if static_path is None else Path(static_path) / "images"
        if is_there(weights):
            as_tiles(weights)
        super().__init__(name, description, position, "img", app_url, **more)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Draw them as they are now."""
        self._attempt(lambda: self._draw(epoch))

    def _draw(self, epoch: int) -> None:
        picture = as_file(enlarged(img_grid(as_tiles(self.weights))))
        if self._folder is None:
            self._patch(self._values.upload(picture), "img")
            return
        file = self._folder / f"{file_name(self.name)}.png"
        self._folder.mkdir(parents=True, exist_ok=True)
        beside = file.with_suffix(f".{os.getpid()}.part")
        beside.write_bytes(picture.data)
        beside.replace(file)  # nobody is shown half a picture
        self._patch(f"./images/{file.name}?epoch={epoch}", "img")


class SendFigHTML(Sender):
    """What a function draws, each epoch: a figure of matplotlib or Bokeh, or html."""

    def __init__(
        self,
        generate_plot: Callable[[], Any],
        name: str = "plot",
        description: str = "",
        position: int = 0,
        app_url: str | None = None,
        **more: Any,
    ) -> None:
        """
        Args:
            generate_plot: Called without arguments. Figures of matplotlib can be zoomed where mpld3
                is installed, else they are SVG; a text is html as it is.
            more: See `Sender`.
        """
        self.generate_plot = _function(generate_plot, "generate_plot")
        super().__init__(name, description, position, "html", app_url, **more)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Draw it anew."""
        self._attempt(lambda: self._show(self.generate_plot()))


class SendImage(Sender):
    """The picture that a function makes, each epoch, kept by the server itself."""

    def __init__(
        self,
        generate_img: Callable[[], Any],
        name: str = "img",
        description: str = "",
        position: int = 1,
        app_url: str | None = None,
        **more: Any,
    ) -> None:
        """
        Args:
            generate_img: Called without arguments; returns the path or the bytes of a picture, an
                array ``(H, W)`` or ``(H, W, 3 or 4)``, a picture of Pillow, a figure, or an address
                that begins with http.
            more: See `Sender`.
        """
        self.generate_img = _function(generate_img, "generate_img")
        super().__init__(name, description, position, "img", app_url, **more)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Make it anew."""
        self._attempt(self._send)

    def _send(self) -> None:
        image = self.generate_img()
        is_address = isinstance(image, str) and image.startswith(("http://", "https://"))
        self._patch(image if is_address else self._values.upload(image), "img")


SendImgur = SendImage
"""Its old name, from when pictures were sent to imgur."""


def page_of(content: Any) -> str | File:
    """
    *content* as html, or as a picture where it can only be one.

    Figures of matplotlib become html by mpld3 where that is installed, else SVG, which is html too.
    """
    has_mpld3 = importlib.util.find_spec("mpld3") is not None
    found = as_content(content, interactive=has_mpld3)
    if isinstance(found, File) and found.mime == "image/svg+xml":
        return found.data.decode()
    return found


def server_of(app_url: str | None) -> str:
    """The address of the server whose `/values` is at *app_url*; SettingsError if it is none."""
    if app_url and not (isinstance(app_url, str) and app_url.startswith(("http://", "https://"))):
        raise SettingsError("app_url", app_url, f"an address as {APP_URL}")
    given = app_url or load_settings().url or APP_URL
    bare = given.rstrip("/")
    for path in ("/api/v1/values", "/values"):
        if bare.endswith(path):
            return bare.removesuffix(path)
    return bare


def file_name(name: str) -> str:
    """*name* as that of a file: letters, digits, - and _; no path."""
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:100] or "cell"


def _function(given: Any, name: str) -> Callable[[], Any]:
    if not callable(given):
        raise SettingsError(name, given, "a function without arguments")
    return given  # type: ignore[no-any-return]
