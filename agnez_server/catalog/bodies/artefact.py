"""ARTEFACT: one version of a file, kept, or only noted."""

from __future__ import annotations

from agnez_server.catalog.bodies.fields import Fields


def check(body: Fields) -> None:
    """A blob or, where the file was only noted, its size and hash; its path and kind."""
    body.text("path")
    if body.has("sha256"):
        body.blob()
    else:
        body.whole("size")
        body.texts("hash", "mime")
    if body.has("kind"):
        body.one_of("kind", ("file", "checkpoint", "model", "code"))
    if body.has("metadata"):
        body.part("metadata")
