"""What a cell can show, made into a document's `type` and `value`: html, or a file to upload."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agnez_client.shown import shown
from agnez_client.spool.blobs import Blob

_FILMS: Final = ((4, b"ftyp", "video/mp4"), (0, b"\x1aE\xdf\xa3", "video/webm"))
_SVG: Final = re.compile(rb"\s*(<\?xml|<!--|<!DOCTYPE svg|<svg[\s>])")
_EXPECTED: Final = (
    "expected html as text, a figure of matplotlib, Bokeh or Plotly, a data frame, an array, a "
    "picture of Pillow, a Path or the bytes of a file"
)


@dataclass(frozen=True, slots=True)
class File:
    """Bytes and their type."""

    data: bytes
    mime: str


def as_content(content: Any, *, interactive: bool = False) -> str | File:
    """
    *content* as html (str), or as a file that a picture is made of.

    Args:
        content: Text is html. Bokeh's models and what has a `to_html` or `_repr_html_` become html;
            figures of matplotlib, arrays, pictures, paths and bytes a file.
        interactive: Make html that can be zoomed of matplotlib's figures, by mpld3.

    Raises:
        ValueError: If it is none of these.
    """
    if isinstance(content, str):
        return content
    figure = _figure_of(content)
    if figure is not None:
        return _interactive(figure) if interactive else as_file(figure)
    if any(base.__module__.startswith("bokeh.model") for base in type(content).__mro__):
        return _of_bokeh(content)
    for name in ("to_html", "_repr_html_"):
        made = getattr(content, name, None)
        if callable(made) and not inspect.isclass(content):
            return str(made())
    return as_file(content)


def as_file(content: Any) -> File:
    """
    *content* as the bytes of a picture or a film; see `Values.upload`.

    Raises:
        ValueError: If it is neither, or a path that can't be read.
    """
    if isinstance(content, File):
        return content
    figure = _figure_of(content)
    if figure is not None:
        return _of_matplotlib(figure)
    if isinstance(content, str | Path):
        return _of_bytes(_read(Path(content)))
    if isinstance(content, bytes | bytearray | memoryview):
        return _of_bytes(bytes(content))
    if hasattr(content, "shape") or hasattr(content, "getbands"):
        return _of_picture(content)
    raise ValueError(f"a cell can't show {shown(content)}, {_EXPECTED}")


def _figure_of(content: Any) -> Any:
    """The figure of matplotlib that *content* is, or to which it belongs; None if it is neither."""
    if hasattr(content, "savefig") and not inspect.isclass(content):
        return content.gcf() if inspect.ismodule(content) else content
    owner = getattr(content, "figure", None)
    return owner if hasattr(owner, "savefig") else None


def _of_matplotlib(figure: Any) -> File:
    from agnez_client.kinds.figure import encode_figure

    return _of_blob(encode_figure(figure).blobs[0])


def _interactive(figure: Any) -> str:
    try:
        import mpld3
    except ImportError as error:
        raise ValueError(
            "interactive figures of matplotlib need mpld3: pip install mpld3"
        ) from error
    return str(mpld3.fig_to_html(figure))


def _of_bokeh(model: Any) -> str:
    """The page's frame gives such html BokehJS from our server, whatever address it names."""
    from bokeh.embed import file_html
    from bokeh.resources import CDN

    return str(file_html(model, CDN))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{str(path)!r:.200} can't be read: {error.strerror}") from error


def _of_bytes(data: bytes) -> File:
    for at, magic, mime in _FILMS:
        if data[at : at + len(magic)] == magic:
            return File(data, mime)
    if _SVG.match(data) and b"<svg" in data[:10_000]:
        return File(data, "image/svg+xml")
    return _of_picture(data)


def _of_picture(content: Any) -> File:
    from agnez_client.kinds.image import opened
    from agnez_client.kinds.pixels import DEFAULT_MAX_PIXELS

    return _of_blob(opened(content, DEFAULT_MAX_PIXELS)[0])


def _of_blob(blob: Blob) -> File:
    return File(
        blob.source if isinstance(blob.source, bytes) else blob.source.read_bytes(), blob.mime
    )
