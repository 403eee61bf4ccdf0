"""
TinyDB's table, with writes that cost what they change and not what the table holds.

Stock TinyDB reads and writes the whole database at each change. All its mutators go through
`Table._read_table` and `Table._update_table`; here the first gives the rows themselves, and the
second hands out a view that copies a document when it is touched, then passes on what differs.
So an exception halfway leaves the table as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

import orjson
from tinydb import TinyDB
from tinydb.queries import QueryLike
from tinydb.table import Document, Table

from agnez_server.store.tinyrows import Rows, RowStorage
from agnez_server.store.unit import Body


class RowTable(Table):
    """A table over a `RowStorage`. Ids are never used twice, and nothing is cached."""

    default_query_cache_capacity = 0

    def __init__(
        self, storage: RowStorage, name: str, cache_size: int = 0, persist_empty: bool = False
    ) -> None:
        self._rows = storage
        super().__init__(storage, name, 0, persist_empty)

    def _get_next_id(self) -> int:
        return self._rows.take_id(self.name)

    def _read_table(self) -> dict[str, Mapping[str, Any]]:
        return self._rows.rows(self.name)  # type: ignore[return-value]  # dict is invariant

    def _update_table(self, updater: Callable[[Any], None]) -> None:
        rows = self._rows.rows(self.name)
        touched = TouchedRows(rows)
        updater(touched)
        self._rows.apply(self.name, *touched.differences())

    def update(
        self,
        fields: Mapping[str, Any] | Callable[[MutableMapping[str, Any]], None],
        cond: QueryLike | None = None,
        doc_ids: Iterable[int] | None = None,
    ) -> list[int]:
        """As TinyDB's, but only the documents that match are copied."""
        if doc_ids is None and cond is not None:
            doc_ids, cond = self._matching(cond), None
        return super().update(fields, cond, doc_ids)

    def remove(
        self, cond: QueryLike | None = None, doc_ids: Iterable[int] | None = None
    ) -> list[int]:
        """As TinyDB's, but only the documents that match are looked up."""
        if doc_ids is None and cond is not None:
            doc_ids, cond = self._matching(cond), None
        return super().remove(cond, doc_ids)

    def get(
        self,
        cond: QueryLike | None = None,
        doc_id: int | None = None,
        doc_ids: list[int] | None = None,
    ) -> Any:
        """As TinyDB's, but with *doc_ids* in their order, in time for those ids alone."""
        if doc_id is not None or doc_ids is None:
            return super().get(cond, doc_id)  # type: ignore[arg-type]  # its overloads are narrow
        rows = self._read_table()
        found = ((i, rows.get(str(i))) for i in dict.fromkeys(doc_ids))
        return [Document(body, i) for i, body in found if body is not None]

    def _matching(self, cond: QueryLike) -> list[int]:
        return [int(doc_id) for doc_id, body in self._read_table().items() if cond(body)]


class RowDB(TinyDB):
    """TinyDB over a `RowStorage`."""

    table_class = RowTable  # type: ignore[assignment]  # narrower: it takes our storage only

    def __init__(self, storage: RowStorage) -> None:
        super().__init__(storage=lambda: storage)


class TouchedRows(MutableMapping[int, Body]):
    """Rows by number, of which each is copied when it is first looked at."""

    def __init__(self, rows: Rows) -> None:
        self._base = rows
        self._new: dict[int, Body | None] = {}

    def __getitem__(self, doc_id: int) -> Body:
        if doc_id not in self._new:
            self._new[doc_id] = orjson.loads(orjson.dumps(self._base[str(doc_id)]))
        body = self._new[doc_id]
        if body is None:
            raise KeyError(doc_id)
        return body

    def __setitem__(self, doc_id: int, body: Body) -> None:
        self._new[doc_id] = body

    def __delitem__(self, doc_id: int) -> None:
        if doc_id not in self:
            raise KeyError(doc_id)
        self._new[doc_id] = None

    def __contains__(self, doc_id: object) -> bool:
        if doc_id in self._new:
            return self._new[doc_id] is not None
        return str(doc_id) in self._base

    def __iter__(self) -> Iterator[int]:
        kept = (int(i) for i in self._base if self._new.get(int(i), self) is not None)
        added = (i for i, body in self._new.items() if body is not None)
        return iter([*kept, *(i for i in added if str(i) not in self._base)])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def clear(self) -> None:
        """Remove every document, without copying any."""
        self._new = {int(i): None for i in self._base}

    def differences(self) -> tuple[dict[int, Body], list[int]]:
        """Documents that were added or changed, and ids of those that were removed."""
        puts = {
            i: body
            for i, body in self._new.items()
            if body is not None and self._base.get(str(i)) != body
        }
        dels = [i for i, body in self._new.items() if body is None and str(i) in self._base]
        return puts, dels
