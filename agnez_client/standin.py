"""What is sent in the place of an event that can't be sent as it was."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

from agnez_client.spool.blobs import blob_refs
from agnez_client.spool.header import SpoolHeader

FORGOTTEN: Final = b'{"kind":"dropped","at":0,"count":1,"reason":"another store has it"}'
"""What another store is told of an event that the spool has forgotten."""

LOST: Final = b'{"kind":"dropped","at":0,"count":1,"reason":"it was damaged in the spool"}'
"""What is said of an event that can't be read any more."""


def run_of(header: SpoolHeader) -> bytes:
    """The event that makes the run known, of what the header of its spool tells."""
    found = {"kind": "run", "at": header.session, "id": header.run, "started": header.session}
    found |= {"host": header.host, "pid": header.pid, "project": "default"}
    return json.dumps(found, separators=(",", ":")).encode()


def without_blobs(event: bytes, lost: Mapping[str, str]) -> bytes:
    """
    *event*, or what takes its ordinal when it names a blob that is *lost* (hash to reason): the
    facts that name none, or the news that an entry was dropped.
    """
    gone = [ref["sha256"] for ref in blob_refs(event) if ref["sha256"] in lost]
    if not gone:
        return event
    found = json.loads(event)
    if found.get("kind") == "about" and isinstance(found.get("facts"), dict):
        facts = {k: v for k, v in found["facts"].items() if not _mentions(v, gone)}
        blobs = [ref for ref in found["blobs"] if ref["sha256"] not in gone]
        found |= {"facts": facts, "blobs": blobs}
    else:
        kept = {k: found[k] for k in ("at", "n") if k in found}
        found = {"kind": "dropped", **kept, "count": 1, "reason": lost[gone[0]]}
    return json.dumps(found, separators=(",", ":")).encode()


def _mentions(fact: object, gone: Iterable[str]) -> bool:
    text = json.dumps(fact)
    return any(sha256 in text for sha256 in gone)
