"""HTML: a page of its own, shown in a sandbox."""

from __future__ import annotations

from typing import Final

from agnez_server.catalog.bodies.fields import Fields

MAX_HEIGHT: Final = 100_000


def check(body: Fields) -> None:
    """A blob, and how high it wants to be, in pixels."""
    body.blob("text/html")
    if body.has("height"):
        body.whole("height", 1, MAX_HEIGHT)
