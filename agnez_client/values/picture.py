"""Addresses of pictures: those that the page loads, and a clear word about the others."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final
from urllib.parse import urlsplit

from agnez_client.shown import shown
from agnez_client.values.errors import BadRequest

_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_DATA: Final = re.compile(r"data:(image|video)/[\w.+-]+[;,]", re.IGNORECASE | re.ASCII)
_SKIPPED: Final = re.compile(r"[\x00-\x20]")
"""What browsers skip when they read an address."""


def checked_address(url: object) -> str:
    """
    *url* as it is given, where the page would load it: relative, http, https, or a picture or film
    as ``data:``.

    Raises:
        BadRequest: If it is none of these, or holds a user's name.
    """
    if not isinstance(url, str | PurePath):
        raise BadRequest(f"url is {shown(url)}, expected the address of a picture as text")
    address = str(url)
    text = address.strip()
    found = _SCHEME.match(_SKIPPED.sub("", text))
    scheme = found[0].lower() if found else ""
    is_data = scheme == "data:" and _DATA.match(text)
    if scheme not in ("", "http:", "https:") and not is_data:
        raise BadRequest(
            f"url is {address!r:.80}: the page loads relative addresses, http, https, and pictures "
            "and films as data:, nothing else; give the picture itself as content"
        )
    if not is_data and not _is_readable(text):
        raise BadRequest(f"url is {address!r:.80}, expected an address as images/main.gif")
    return address


def _is_readable(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # is read when it is asked for
    except ValueError:
        return False
    is_whole = not parts.scheme or not text.startswith(f"{parts.scheme}://") or parts.hostname
    return bool(is_whole) and parts.username is None and parts.password is None
