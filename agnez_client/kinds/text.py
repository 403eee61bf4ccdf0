"""TEXT: y is a text, Markdown unless told."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from agnez_client.kinds.entry import Encoded, EntryChannel
from agnez_client.naming import as_text
from agnez_client.shown import shown
from agnez_client.spool.blobs import Blob

FORMATS: Final = ("markdown", "plain")
MAX_INLINE: Final = 64 << 10
"""Bytes of a text that stands in the entry itself; a longer one is a blob."""
MAX_TEXT: Final = 64 << 20


class TextChannel(EntryChannel):
    """
    Option ``format``: "markdown" (the default) or "plain"; `send(format=…)` says it for one entry.
    """

    type: ClassVar[str] = "TEXT"
    known_options: ClassVar[frozenset[str]] = frozenset({"format"})
    __slots__ = ()

    def encode(self, y: Any, *, format: str | None = None) -> Encoded:
        """See `encode_text`."""
        return encode_text(y, format or self.options.get("format", "markdown"))

    @classmethod
    def check_options(cls, options: dict[str, Any]) -> None:
        """See `Channel.check_options`."""
        check_format(options.get("format", "markdown"))


def encode_text(y: Any, format: str) -> Encoded:
    """
    The entry of the text *y*; control characters other than line breaks and tabs become "?".

    Raises:
        ValueError: If *y* is no text or larger than 64 MiB, or *format* is not known.
    """
    check_format(format)
    if not isinstance(y, str):
        raise ValueError(f"y is {shown(y)}, expected a text (str)")
    text = as_text(y.replace("\r\n", "\n").replace("\r", "\n"))
    data = text.encode()
    if len(data) > MAX_TEXT:
        raise ValueError(f"y has {len(data)} bytes, at most {MAX_TEXT} are allowed")
    if len(data) <= MAX_INLINE:
        return Encoded({"text": text, "format": format})
    blob = Blob.of(data, "text/plain")
    return Encoded({"blob": blob.ref, "format": format}, (blob,))


def check_format(format: object) -> None:
    """Raises ValueError if *format* is none of `FORMATS`."""
    if format not in FORMATS:
        raise ValueError(f"the format is {format!r}, expected one of {', '.join(FORMATS)}")
