"""MARKER: something that happened."""

from __future__ import annotations

from agnez_server.catalog.bodies.fields import Fields


def check(body: Fields) -> None:
    """A text and how grave it is."""
    body.text("text")
    body.one_of("level", ("info", "warning", "error"))
