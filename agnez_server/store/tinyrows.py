"""
Documents in memory, as TinyDB storages; on disk each is a row of `doc`.

There are two copies of the *tables* (small dicts) over one set of document bodies, which are never
changed in place: the working tables, ahead of the disk, and the committed ones, which readers see.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import orjson
from tinydb.storages import Storage

from agnez_server.store.unit import Body, DocWrite, Unit

Rows = dict[str, Body]
"""Documents of one table by their id, which is text as everywhere in TinyDB's storages."""

GONE = DocWrite(None, None)


def encode(body: Mapping[str, Any]) -> DocWrite:
    """
    *body* as it is kept, detached from the caller's objects.

    Raises:
        ValueError: If it holds what JSON can't: NaN, infinity, an int beyond 64 bits, a key that
            is not text, or an object of another type.
    """
    options = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
    try:
        raw = orjson.dumps(body, option=options)
    except TypeError as error:
        raise ValueError(f"the document can't be kept as JSON: {error}") from error
    value: Body = orjson.loads(raw)
    if value != body:
        _refuse_non_finite(body, "document")
    return DocWrite(raw, value)


def _refuse_non_finite(value: object, where: str) -> None:
    """Finds what `orjson` silently turns into null."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{where} is {value}, which JSON can't hold: keep it as text")
    if isinstance(value, Mapping):
        for key, item in value.items():
            _refuse_non_finite(item, f"{where}[{json.dumps(key)}]")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _refuse_non_finite(item, f"{where}[{index}]")


class RowStorage(Storage):
    """Tables of documents in memory; what its two kinds share."""

    def __init__(self) -> None:
        self.tables: dict[str, Rows] = {}

    def rows(self, name: str) -> Rows:
        """The documents of table *name*; not to be changed."""
        return self.tables.get(name, {})

    def read(self) -> dict[str, dict[str, Any]]:
        """All tables: a new dict of the rows themselves."""
        return dict(self.tables)

    def take_id(self, name: str) -> int:
        """A document id of table *name* that was never given out."""
        raise NotImplementedError

    def apply(self, name: str, puts: Mapping[int, Body], dels: Iterable[int]) -> None:
        """Put and remove documents of table *name*."""
        raise NotImplementedError


class CommittedStorage(RowStorage):
    """What is on disk. Changed by the store alone, after a commit."""

    def write(self, data: dict[str, dict[str, Any]]) -> NoReturn:
        """Refused: see `take_id`."""
        self.take_id("")

    def take_id(self, name: str) -> NoReturn:
        """Refused: readers don't write."""
        raise RuntimeError("this is a read-only handle: change documents within store.change()")

    def apply(self, name: str, puts: Mapping[int, Body], dels: Iterable[int]) -> NoReturn:
        """Refused: see `take_id`."""
        self.take_id(name)

    def replace(self, table: str, doc_id: int, value: Body | None) -> Body | None:
        """Set or remove one document; returns what it was."""
        rows = self.tables.setdefault(table, {})
        before = rows.get(str(doc_id))
        if value is None:
            rows.pop(str(doc_id), None)
        else:
            rows[str(doc_id)] = value
        return before


class WorkingStorage(RowStorage):
    """What a change function works on; ``unit`` is set while one runs, and only then."""

    def __init__(self) -> None:
        super().__init__()
        self.next_ids: dict[str, int] = {}
        self.unit: Unit | None = None

    def take_id(self, name: str) -> int:
        taken = self.next_ids.get(name, 1)
        self._reserve(self._open_unit(), name, taken + 1)
        return taken

    def apply(self, name: str, puts: Mapping[int, Body], dels: Iterable[int]) -> None:
        unit = self._open_unit()
        writes = {doc_id: encode(body) for doc_id, body in puts.items()}
        writes.update((doc_id, GONE) for doc_id in dels)
        rows = self.tables.get(name)
        if rows is None:
            rows = self.tables[name] = {}
            unit.undo.append(lambda: self._drop(name))
        before = {str(doc_id): rows.get(str(doc_id)) for doc_id in writes}
        unit.undo.append(lambda: _restore(rows, before))
        for doc_id, write in writes.items():
            unit.docs[name, doc_id] = write
            if write.value is None:
                rows.pop(str(doc_id), None)
            else:
                rows[str(doc_id)] = write.value
        if puts:
            self._reserve(unit, name, max(puts) + 1)

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Make the tables be *data*: TinyDB's way to drop tables. Only differences are written."""
        unit = self._open_unit()
        for name in list(self.tables):
            if name not in data:
                self.apply(name, {}, [int(doc_id) for doc_id in self.tables[name]])
                emptied = self.tables.pop(name)
                unit.undo.append(self._bring_back(name, emptied))
        for name, wanted in data.items():
            rows = self.rows(name)
            if wanted is not rows:
                puts = {int(i): body for i, body in wanted.items() if rows.get(i) != body}
                self.apply(name, puts, [int(i) for i in rows if i not in wanted])

    def _drop(self, name: str) -> None:
        self.tables.pop(name, None)

    def _bring_back(self, name: str, rows: Rows) -> Callable[[], None]:
        return lambda: self.tables.__setitem__(name, rows)

    def _open_unit(self) -> Unit:
        if self.unit is None:
            raise RuntimeError("documents are changed within store.change() only")
        return self.unit

    def _reserve(self, unit: Unit, name: str, next_id: int) -> None:
        before = self.next_ids.get(name, 1)
        if next_id > before:
            self.next_ids[name] = unit.next_ids[name] = next_id
            unit.undo.append(lambda: self.next_ids.__setitem__(name, before))


def _restore(rows: Rows, before: Mapping[str, Body | None]) -> None:
    removed = False
    for doc_id, body in before.items():
        if body is None:
            rows.pop(doc_id, None)
        else:
            removed = removed or doc_id not in rows
            rows[doc_id] = body
    if removed:  # back to the place that it would have after a restart
        in_order = sorted(rows.items(), key=lambda item: int(item[0]))
        rows.clear()
        rows.update(in_order)
