"""TEXT: Markdown or plain; a long one is a blob."""

from __future__ import annotations

from agnez_client.protocol import MAX_ENTRY_BYTES
from agnez_server.catalog.bodies.fields import Fields


def check(body: Fields) -> None:
    """A format, and the text or the blob that holds it."""
    body.one_of("format", ("markdown", "plain"))
    if body.has("blob"):
        body.part("blob").blob("text/plain")
    else:
        body.text("text", MAX_ENTRY_BYTES)
