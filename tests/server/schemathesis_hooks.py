"""
What schemathesis can't guess: batches, pictures, and the ids of what is there.

It loads this file by itself (SCHEMATHESIS_HOOKS); AGNEZ_FUZZED holds the ids as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import zlib
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2]))

from agnez_client.protocol import CONTENT_TYPE, encode_batch, join_buffers, new_ulid
from tests.server.bodies import EXAMPLES, PNG
from tests.server.spools import WALL_US, Spool

KNOWN: dict[str, list[str]] = json.loads(os.environ.get("AGNEZ_FUZZED", "{}"))
HEADS = {
    "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF89a", "image/webp": b"RIFF0000WEBP",
    "image/svg+xml": b"<svg ", "video/mp4": b"0000ftyp", "video/webm": b"\x1a\x45\xdf\xa3",
}  # fmt: skip


def a_batch(fields: dict[str, Any], ys: list[float], rank: int) -> bytes:
    """A delivery of a new spool of a new run."""
    spool = Spool(new_ulid(), rank=rank, **fields)
    spool.event("channel", n=1, name="markers", type="MARKER")
    spool.event("entry", n=1, x=1, wall=WALL_US, body=EXAMPLES["MARKER"])
    spool.send(*ys)
    return join_buffers(encode_batch(spool.batch()))


names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
batches = st.builds(
    a_batch,
    st.fixed_dictionaries({}, optional={"name": names, "project": names, "tags": st.lists(names)}),
    st.lists(st.floats(), max_size=5),
    st.integers(0, 3),
)
schemathesis.openapi.media_type(CONTENT_TYPE, batches)
schemathesis.openapi.media_type("image/png", st.binary(max_size=20).map(lambda end: PNG + end))
for mime, head in HEADS.items():
    schemathesis.openapi.media_type(
        mime, st.binary(max_size=20).map(lambda end, head=head: head + end)
    )


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> Any:
    """Two of three ids are of what is there, unless it would be taken away."""
    operation = context.operation
    if not path_parameters or operation.method.upper() == "DELETE":
        return path_parameters
    if operation.path.startswith(("/api/v1/in/", "/api/v1/publish/", "/api/v1/projects/")):
        return path_parameters
    if operation.method.upper() == "PUT" and "sha256" in path_parameters:
        return path_parameters
    return {name: _known(name, value) for name, value in path_parameters.items()}


def _known(name: str, value: Any) -> Any:
    place = zlib.crc32(repr(value).encode())
    ids = KNOWN.get(name)
    return ids[place % len(ids)] if ids and place % 3 else value
