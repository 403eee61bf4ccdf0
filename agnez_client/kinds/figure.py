"""FIGURE: y is a figure of matplotlib or Bokeh."""

from __future__ import annotations

import inspect
import io
import json
import re
import struct
import sys
from typing import Any, ClassVar, Final

from agnez_client.kinds.entry import Encoded, EntryChannel
from agnez_client.shown import shown
from agnez_client.spool.blobs import Blob

MAX_SVG: Final = 2 << 20
"""A figure whose SVG is larger (a scatter of many points) becomes a PNG."""
MAX_FIGURE: Final = 64 << 20
PNG_DPI: Final = 150
_SIZE: Final = re.compile(rb'<svg [^>]*?width="(?P<width>[\d.]+)pt" height="(?P<height>[\d.]+)pt"')


class FigureChannel(EntryChannel):
    """No options."""

    type: ClassVar[str] = "FIGURE"
    __slots__ = ()

    def encode(self, y: Any) -> Encoded:
        """See `encode_figure`."""
        return encode_figure(y)


def encode_figure(y: Any) -> Encoded:
    """
    The entry of *y*: a figure or axes of matplotlib as SVG whose text stays text, a model of Bokeh
    as the JSON of `bokeh.embed.json_item`, or SVG as text.

    Raises:
        ValueError: If *y* is none of these, or takes more than 64 MiB.
    """
    if isinstance(y, str):
        return _svg(y.encode(errors="replace"))
    if hasattr(y, "savefig") and not inspect.ismodule(y):
        return _matplotlib(y)
    if hasattr(getattr(y, "figure", None), "savefig"):
        return _matplotlib(y.figure)
    if any(base.__module__.startswith("bokeh.model") for base in type(y).__mro__):
        return _bokeh(y)
    hint = ": send its to_html() to an HTML channel" if hasattr(y, "to_html") else ""
    hint = ": send its gcf()" if hasattr(y, "gcf") else hint
    raise ValueError(f"y is {shown(y)}, expected a figure of matplotlib or Bokeh, or SVG{hint}")


def _matplotlib(figure: Any) -> Encoded:
    """What stands beyond the edges (a label without tight_layout) is kept, as Jupyter does it."""
    plain = {"svg.fonttype": "none", "svg.hashsalt": "agnez"}  # equal figures are equal bytes
    with sys.modules["matplotlib"].rc_context(plain):
        data = _saved(figure, format="svg", metadata={"Date": None})
    if len(data) <= MAX_SVG:
        return _svg(data, **_size_of_svg(data))
    data = _saved(figure, format="png", dpi=PNG_DPI)
    width, height = struct.unpack(">II", data[16:24])  # where PNG has its size
    blob = Blob.of(data, "image/png")
    return Encoded({"format": "png", **blob.ref, "width": width, "height": height}, (blob,))


def _saved(figure: Any, **how: Any) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, bbox_inches="tight", **how)
    return stream.getvalue()


def _size_of_svg(data: bytes) -> dict[str, int]:
    """Width and height in points, as matplotlib writes them."""
    found = _SIZE.search(data[:10_000])
    return {} if found is None else {k: round(float(v)) for k, v in found.groupdict().items()}


def _svg(data: bytes, **size: int) -> Encoded:
    if len(data) > MAX_FIGURE or not re.search(rb"<svg[\s>]", data[:10_000]):
        raise ValueError(
            f"y is a text of {len(data)} bytes, expected SVG (<svg…) of at most 64 MiB"
        )
    blob = Blob.of(data, "image/svg+xml")
    return Encoded({"format": "svg", **blob.ref, **size}, (blob,))


def _bokeh(model: Any) -> Encoded:
    import bokeh.embed

    try:
        item = bokeh.embed.json_item(model)
    except Exception as error:
        raise ValueError(f"Bokeh can't write its figure: {error}") from error
    data = json.dumps(item, separators=(",", ":")).encode()
    if len(data) > MAX_FIGURE:
        raise ValueError(f"the figure takes {len(data)} bytes, at most {MAX_FIGURE} are allowed")
    blob = Blob.of(data, "application/json")
    size = {k: getattr(model, k, None) for k in ("width", "height")}
    sized = {k: v for k, v in size.items() if type(v) is int}
    return Encoded({"format": "bokeh", **blob.ref, **sized}, (blob,))
