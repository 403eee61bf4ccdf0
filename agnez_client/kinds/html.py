"""HTML: y is a page or a piece of one; shown in a sandbox."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from agnez_client.kinds.entry import Encoded, EntryChannel
from agnez_client.shown import shown
from agnez_client.spool.blobs import Blob

MAX_HTML: Final = 64 << 20
MAX_HEIGHT: Final = 10_000


class HtmlChannel(EntryChannel):
    """Option ``height``: pixels of its frame on the page; `send(height=…)` for one entry."""

    type: ClassVar[str] = "HTML"
    known_options: ClassVar[frozenset[str]] = frozenset({"height"})
    __slots__ = ()

    def encode(self, y: Any, *, height: int | None = None) -> Encoded:
        """See `encode_html`."""
        return encode_html(y, height or self.options.get("height"))

    @classmethod
    def check_options(cls, options: dict[str, Any]) -> None:
        """See `Channel.check_options`."""
        _height(options.get("height"))


def encode_html(y: Any, height: int | None = None) -> Encoded:
    """
    The entry of the text *y*; what is no Unicode in it becomes "?".

    Raises:
        ValueError: If *y* is no text or larger than 64 MiB, or *height* not 1 to 10,000.
    """
    if not isinstance(y, str):
        raise ValueError(f"y is {shown(y)}, expected HTML as text (str)")
    data = y.encode(errors="replace")
    if len(data) > MAX_HTML:
        raise ValueError(f"y has {len(data)} bytes, at most {MAX_HTML} are allowed")
    blob = Blob.of(data, "text/html")
    return Encoded({**blob.ref, **_height(height)}, (blob,))


def _height(height: Any) -> dict[str, int]:
    if height is None:
        return {}
    if type(height) is not int or not 1 <= height <= MAX_HEIGHT:
        raise ValueError(f"the height is {height!r:.60}, expected 1 to {MAX_HEIGHT} pixels")
    return {"height": height}
