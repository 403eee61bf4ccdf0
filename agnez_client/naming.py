"""
What a server takes as a name and as a text, checked before it is written down.

A name that only the server refuses would be found out too late: the definition that carries it is
refused, and with it every point that depends on it.
"""

from __future__ import annotations

import re
from typing import Final

from agnez_client.protocol import MAX_NAME_LENGTH

_REFUSED: Final = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff]")


def as_name(value: object) -> str:
    """
    *value* without blanks around it.

    Raises:
        ValueError: If it is no name; says what is expected.
    """
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_NAME_LENGTH:
        raise ValueError(f"1 to {MAX_NAME_LENGTH} characters of text")
    if as_text(value) != value or "\n" in value or "\t" in value:
        raise ValueError("one line of text, without control characters or surrogates")
    return value.strip()


def as_text(value: str) -> str:
    """*value* with "?" for its control characters (colours of a terminal) and surrogates."""
    return _REFUSED.sub("?", value)
