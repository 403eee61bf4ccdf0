"""What the body of an entry may hold, a file a type. A further type is one file and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import orjson

from agnez_client.protocol import CHANNEL_TYPES, MAX_ENTRY_BYTES
from agnez_server import checks
from agnez_server.catalog.bodies import (
    artefact,
    confusion,
    curves,
    figure,
    histogram,
    html,
    image,
    marker,
    sound,
    table,
    text,
    video,
)
from agnez_server.catalog.bodies.fields import Fields
from agnez_server.errors import BadRequest
from agnez_server.store.base import BlobRef

BODIES: Final[Mapping[str, Callable[[Fields], None]]] = {
    "HISTOGRAM": histogram.check,
    "IMAGE": image.check,
    "TEXT": text.check,
    "TABLE": table.check,
    "AUDIO": sound.check,
    "VIDEO": video.check,
    "HTML": html.check,
    "FIGURE": figure.check,
    "PR_CURVE": curves.check_pr,
    "ROC_CURVE": curves.check_roc,
    "CONFUSION_MATRIX": confusion.check,
    "MARKER": marker.check,
    "ARTEFACT": artefact.check,
}


def checked_body(type: str, body: object) -> tuple[bytes, list[BlobRef]]:
    """
    *body* as JSON text, and the blobs that it names.

    Raises:
        BadRequest: If it is no body of a channel of this *type*; names the first thing that is
            wrong by its path. Keys that are not known are kept.
    """
    check = BODIES.get(type)
    if check is None:
        kinds = ", ".join(t for t in CHANNEL_TYPES if t in BODIES)
        raise BadRequest(f"a channel of type {type} takes numbers; entries are for {kinds}")
    checks.depth(body, "body")
    raw = bytes(memoryview(orjson.dumps(body)))  # a copy: what orjson makes takes 4 KiB at least
    if len(raw) > MAX_ENTRY_BYTES:
        raise BadRequest(
            f"the body takes {len(raw)} bytes as JSON, at most {MAX_ENTRY_BYTES} are taken: put "
            "what is large into a blob",
            field="body",
        )
    blobs: list[BlobRef] = []
    check(Fields(body, "body", blobs))  # last: it takes as long as the body is large
    return raw, blobs
