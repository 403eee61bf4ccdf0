"""The records as they lie in the store's tables: the objects themselves, none is copied."""

from __future__ import annotations

from collections.abc import Mapping

from tinydb import TinyDB

from agnez_server.models import VALUES
from agnez_server.values.index import Record

Rows = Mapping[str, Record]
"""Records by their document's number, as text."""


def rows_of(docs: TinyDB) -> Rows:
    """All records of *docs*, the oldest first; not to be changed, and read at once or copied."""
    found = (docs.storage.read() or {}).get(VALUES, {})
    return {} if found is None else found
