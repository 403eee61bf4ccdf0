"""Blobs that records name: one lives as long as the value of a record is its address."""

from __future__ import annotations

import re
from typing import Final

from agnez_server.models import VALUES
from agnez_server.store.base import Change, Store
from agnez_server.store.values import BlobRef
from agnez_server.values.index import Record

_ADDRESS: Final = re.compile(r"(?:\A|/)api/v1/blobs/([0-9a-f]{64})(?:[?#]|\Z)")
_MOST_LETTERS: Final = 2000
"""What is longer is no address."""


def named_blob(record: Record | None) -> str | None:
    """
    The hash of the blob whose address is the ``value`` of *record*, None where it is none.

    A relative address, one below any path, and one with any host will do: what counts is the hash.
    """
    value = None if record is None else record.get("value")
    if not isinstance(value, str) or len(value) > _MOST_LETTERS:
        return None
    found = _ADDRESS.search(value.strip())
    return found[1] if found else None


class BlobNames:
    """Keeps blobs for records, and lets them go."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def move(
        self, change: Change, number: int, before: Record | None, after: Record | None
    ) -> None:
        """
        Within *change* the record *number* becomes *after*.

        A blob may be missing: it is named all the same, and is kept when it comes.
        """
        old, new = named_blob(before), named_blob(after)
        owner = f"{VALUES}/{number}"
        if old is not None and old != new:
            change.release_blobs(owner, [old])
        if new is not None:
            change.keep_blobs(owner, [self._store.blob(new) or BlobRef(new, 0, "")])
