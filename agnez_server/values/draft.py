"""What one change does to the records, seen as the changes before it leave them."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from tinydb.table import Document, Table

from agnez_server.checks import shown
from agnez_server.errors import Conflict, TooLarge
from agnez_server.models import VALUES
from agnez_server.store.base import Change
from agnez_server.values.blobnames import BlobNames
from agnez_server.values.foresight import Foresight
from agnez_server.values.index import Record, place_of
from agnez_server.values.outbox import Event, Happening
from agnez_server.values.query import Query
from agnez_server.values.records import (
    MAX_BULK,
    MAX_BULK_BYTES,
    RecordNotFound,
    new_id,
    own_id,
    size_of,
)
from agnez_server.values.rows import rows_of
from agnez_server.values.shelf import Shelf


class Draft:
    """
    The records within *change*.

    Each method returns the record as it is afterwards, a removed one as it was, and adds what
    happened to *happenings*.
    """

    def __init__(
        self, shelf: Shelf, blobs: BlobNames, change: Change, happenings: list[Happening]
    ) -> None:
        self._shelf, self._blobs = shelf, blobs
        self._change, self._happenings = change, happenings
        self._table: Table = change.docs.table(VALUES)

    def create(self, body: Mapping[str, Any]) -> Record:
        """Keep *body*, in place of what it replaces. Raises Conflict where its id is taken."""
        place = place_of(body)
        if "_id" in body:
            id = own_id(body["_id"])
            if self._shelf.index.by_id(id) is not None:
                raise Conflict(
                    f"there is a record with the _id {shown(id)} already",
                    hint="patch it, or leave the _id out",
                    field="_id",
                )
            return self._insert({**body, "_id": id})
        number = None if place is None else self._shelf.index.by_place(place)
        if number is None:
            return self._insert({**body, "_id": self._unused_id()})
        before = self._row(number)
        return self._replace("updated", number, before, {**body, "_id": self._id_of(before)})

    def update(self, id: str, body: Mapping[str, Any], query: Query) -> Record:
        """Put *body* in the place of the record *id*. Raises NotFound."""
        number, before = self._find(id, query)
        return self._replace("updated", number, before, {**body, "_id": self._id_of(before)})

    def patch(self, id: str, body: Mapping[str, Any], query: Query) -> Record:
        """Put the fields of *body* into the record *id*. Raises NotFound."""
        number, before = self._find(id, query)
        return self._patch(number, before, body)

    def patch_all(
        self, body: Mapping[str, Any], query: Query, foresight: Foresight
    ) -> list[Record]:
        """`patch` for all that match."""
        found = self._match(query, foresight)
        size = self._shelf.size_of(record.doc_id for record in found)
        size += len(found) * size_of(body, MAX_BULK_BYTES)
        if size > MAX_BULK_BYTES:
            raise TooLarge(
                f"the {len(found)} records that match would take up to {size} bytes, "
                f"at most {MAX_BULK_BYTES} are changed at a time",
                hint="change them in parts",
                limit=MAX_BULK_BYTES,
            )
        return [self._patch(record.doc_id, record, body) for record in found]

    def remove(self, id: str, query: Query) -> Record:
        """Take the record *id* away. Raises NotFound."""
        return self._remove(*self._find(id, query))

    def remove_all(self, query: Query, foresight: Foresight) -> list[Record]:
        """`remove` for all that match."""
        found = self._match(query, foresight)
        return [self._remove(record.doc_id, record) for record in found]

    # -- finding -----------------------------------------------------------------------------

    def _row(self, number: int) -> Document:
        found = self._table.get(doc_id=number)
        assert isinstance(found, Document)
        return found

    def _find(self, id: str, query: Query) -> tuple[int, Record]:
        number = self._shelf.index.by_id(id)
        record = None if number is None else self._row(number)
        if number is None or record is None or not query.matches(record):
            raise RecordNotFound(id)
        return number, record

    def _match(self, query: Query, foresight: Foresight) -> list[Document]:
        numbers = self._shelf.index.numbers(query.ids, query.run)
        rows = rows_of(self._change.docs)
        if numbers is not None:
            rows = {str(number): rows[str(number)] for number in numbers}
        found = foresight.found(query, rows)
        if len(found) > MAX_BULK:
            raise TooLarge(
                f"{len(found)} records match, at most {MAX_BULK} are changed at a time",
                hint=f"add $limit={MAX_BULK}, and call again until the answer is empty",
                limit=MAX_BULK,
            )
        return found

    def _id_of(self, record: Record) -> str:
        """Its id; a new one where it was imported without."""
        id = record.get("_id")
        return id if isinstance(id, str) else self._unused_id()

    def _unused_id(self) -> str:
        id = new_id()
        while self._shelf.index.by_id(id) is not None:
            id = new_id()
        return id

    # -- writing -----------------------------------------------------------------------------

    def _insert(self, record: Record) -> Record:
        size = size_of(record, self._shelf.limits.record_bytes)
        self._shelf.require_room(None, size)
        number = self._table.insert(record)
        return self._note("created", number, None, size)

    def _patch(self, number: int, before: Record, body: Mapping[str, Any]) -> Record:
        after = {**before, **body, "_id": self._id_of(before)}
        return self._replace("patched", number, before, after)

    def _replace(self, event: Event, number: int, before: Record, after: Record) -> Record:
        size = size_of(after, self._shelf.limits.record_bytes)
        self._shelf.require_room(number, size)

        def replace(doc: MutableMapping[str, Any]) -> None:
            doc.clear()
            doc.update(after)

        self._table.update(replace, doc_ids=[number])
        return self._note(event, number, before, size)

    def _remove(self, number: int, before: Record) -> Record:
        self._table.remove(doc_ids=[number])
        self._shelf.move(self._change, number, before, None, 0)
        self._blobs.move(self._change, number, before, None)
        self._happenings.append(("removed", before))
        return before

    def _note(self, event: Event, number: int, before: Record | None, size: int) -> Record:
        after = self._row(number)
        self._shelf.move(self._change, number, before, after, size)
        self._blobs.move(self._change, number, before, after)
        self._happenings.append((event, after))
        return after
