"""Which records match a query, looked up beforehand where they are many."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tinydb.table import Document

from agnez_server.values.query import Query
from agnez_server.values.rows import Rows

FEW: Final = 1000
"""So many records are looked at on the spot; of more, others have their turn meanwhile."""
FEW_BYTES: Final = 1 << 20
"""The same for their bytes, for each value that a query looks at in a record."""


def is_quick(query: Query, records: int, size: int) -> bool:
    """Whether so many records, of *size* bytes all together, are looked at in no time."""
    return records <= FEW and size * query.weight <= FEW_BYTES


@dataclass(frozen=True, slots=True)
class Foresight:
    """
    The records of *seen* that match. A record that is still the same object need not be looked
    at again, so a change may come between.
    """

    seen: Rows = field(default_factory=dict)
    matching: frozenset[str] = frozenset()
    arranged: tuple[Document, ...] = ()
    """Those that match, as the query arranges them."""

    def found(self, query: Query, rows: Rows) -> list[Document]:
        """Those of *rows* that match *query*, arranged; *rows* has all that can match."""
        known = bool(self.seen) and self.matching <= rows.keys()
        if known and all(self.seen.get(number) is record for number, record in rows.items()):
            return list(self.arranged)
        return query.arranged(self.matches(query, rows))

    def matches(self, query: Query, rows: Rows) -> Iterator[Document]:
        """Those of *rows* that match *query*, in their order."""
        for number, record in rows.items():
            known = self.seen.get(number) is record
            if number in self.matching if known else query.matches(record):
                yield Document(record, int(number))


async def foresee(query: Query, rows: Rows, size: int) -> Foresight:
    """
    Look at *rows*, of *size* bytes all together, in a thread if that takes long, else not at all.
    """
    if is_quick(query, len(rows), size):
        return Foresight()
    seen = dict(rows)
    return await asyncio.to_thread(_look, query, seen)


def _look(query: Query, seen: Rows) -> Foresight:
    matching = {number: record for number, record in seen.items() if query.matches(record)}
    documents = (Document(record, int(number)) for number, record in matching.items())
    return Foresight(seen, frozenset(matching), tuple(query.arranged(documents)))
