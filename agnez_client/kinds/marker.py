"""MARKER: something happened at x; drawn on every chart of the run."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from agnez_client.kinds.entry import Encoded, EntryChannel
from agnez_client.naming import as_text

LEVELS: Final = ("info", "warning", "error")
MAX_LENGTH: Final = 1000


class MarkerChannel(EntryChannel):
    """`send(x, text, level="info")`."""

    type: ClassVar[str] = "MARKER"
    __slots__ = ()

    def encode(self, y: Any, *, level: str = "info") -> Encoded:
        """See `encode_marker`."""
        return encode_marker(y, level)


def encode_marker(y: Any, level: str = "info") -> Encoded:
    """
    The entry of a marker with the text *y*, of which 1,000 characters are kept.

    Raises:
        ValueError: If *y* is no text or blank, or *level* is not "info", "warning" or "error".
    """
    if level not in LEVELS:
        raise ValueError(f"the level is {level!r}, expected one of {', '.join(LEVELS)}")
    if not isinstance(y, str) or not y.strip():
        raise ValueError(f"a marker's text is {y!r:.60}, expected a text")
    return Encoded({"text": as_text(y.strip())[:MAX_LENGTH], "level": level})
