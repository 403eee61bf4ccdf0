"""
The records, found and changed as a service of Feathers does.

What is read is committed; what is given back belongs to the store and must not be changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from agnez_server.errors import BadRequest, TooLarge
from agnez_server.models import VALUES
from agnez_server.store.base import Change, Committed, Store
from agnez_server.values.blobnames import BlobNames
from agnez_server.values.draft import Draft
from agnez_server.values.effort import LOOKS_AT_ONE
from agnez_server.values.foresight import foresee, is_quick
from agnez_server.values.index import Index, Record
from agnez_server.values.outbox import Event, Listener, Outbox
from agnez_server.values.query import Query, parse_query, parse_select
from agnez_server.values.records import (
    MAX_BULK,
    RecordNotFound,
    checked_bodies,
    checked_body,
    given_id,
)
from agnez_server.values.rows import Rows, rows_of
from agnez_server.values.shelf import Limits, Shelf

__all__ = ["Event", "Finder", "Limits", "Record", "Values"]

T = TypeVar("T")
_ALL: Final[Mapping[str, Any]] = {}
_FEW: Final = 20
"""So many new records are looked at on the spot; of more, others have their turn meanwhile."""
Accept = Callable[[list[Record]], None]
"""Looks at what would be answered, before anything is kept, and raises to have it not done."""


def _accept_any(records: list[Record]) -> None:
    """Whoever sends an answer in parts can send any."""


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds what matches *query* among *candidates*, of *size* bytes all together."""

    query: Query
    candidates: list[Record]
    size: int

    def __call__(self) -> list[Record]:
        return [self.query.trimmed(record) for record in self.query.pick(self.candidates)]

    @property
    def is_quick(self) -> bool:
        """Whether it takes no time that others would notice."""
        return is_quick(self.query, len(self.candidates), self.size)


def _parsed_for_one(query: Mapping[str, Any], text: bool) -> Query:
    return parse_query(query, text=text, looks=LOOKS_AT_ONE)


class Values:
    """
    The service.

    Args:
        store: Where the records lie: in its table ``values``.
        limits: How much is kept.
    """

    def __init__(self, store: Store, limits: Limits | None = None) -> None:
        self._store = store
        self._index = Index()
        rows = self._rows()
        for number, record in rows.items():
            self._index.move(int(number), None, record)
        self._blobs = BlobNames(store)
        self._shelf = Shelf(rows, limits or Limits())
        self._outbox = Outbox()
        self.close: Callable[[], None] = store.listen(self._on_commit)

    def __len__(self) -> int:
        return len(self._index)

    def _on_commit(self, event: Committed) -> None:
        for doc in event.docs:
            if doc.table == VALUES:
                self._index.move(doc.doc_id, doc.before, doc.after)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """
        Call *listener* on the loop for each record that was created, updated, patched or removed.

        Once for each, with the whole record, after the commit and before the caller is answered,
        in the order of the changes. Returns a function that ends it.
        """
        return self._outbox.listen(listener)

    # -- reading -----------------------------------------------------------------------------

    def find(self, query: Mapping[str, Any] = _ALL, *, text: bool = False) -> list[Record]:
        """The records that match, without ``$sort`` the oldest first."""
        return self.finder(query, text=text)()

    def finder(self, query: Mapping[str, Any] = _ALL, *, text: bool = False) -> Finder:
        """`find` in two steps: what this returns may be called in a thread."""
        parsed = parse_query(query, text=text)
        rows, numbers = self._rows(), self._index.numbers(parsed.ids, parsed.run)
        if numbers is None:
            return Finder(parsed, list(rows.values()), self._shelf.bytes)
        found = [rows[str(number)] for number in numbers]
        return Finder(parsed, found, self._shelf.size_of(numbers))

    def get(self, id: object, query: Mapping[str, Any] = _ALL, *, text: bool = False) -> Record:
        """
        The record *id*.

        Raises:
            BadRequest: If *id* is no text, or *query* no query.
            NotFound: If there is none, or it does not match.
        """
        parsed, wanted = _parsed_for_one(query, text), given_id(id, "get")
        number = self._index.by_id(wanted)
        record = None if number is None else self._rows().get(str(number))
        if record is None or not parsed.matches(record):
            raise RecordNotFound(wanted)
        return parsed.trimmed(record)

    def _rows(self) -> Rows:
        return rows_of(self._store.committed)

    # -- changing ----------------------------------------------------------------------------

    async def create(
        self, data: object, query: Mapping[str, Any] = _ALL, *, text: bool = False
    ) -> Record | list[Record]:
        """
        Keep a record, or each of a list: all of them or none.

        One without an ``_id`` that names the ``run`` and the ``pos`` of a record takes its place
        and its ``_id``; that is an update. *query* is there for ``$select`` alone.

        Raises:
            BadRequest: If a record is none.
            Conflict: If an ``_id`` is taken.
            TooLarge, ValuesFull, StoreReadOnly: If there is no room.
        """
        shown = parse_select(query)
        if isinstance(data, list):
            if len(data) > MAX_BULK:
                raise TooLarge(f"more than {MAX_BULK} records at a time", limit=MAX_BULK)
            many = len(data) > _FEW
            bodies = await asyncio.to_thread(checked_bodies, data) if many else checked_bodies(data)
            made = await self._change(lambda draft: [draft.create(body) for body in bodies])
            return [shown.trimmed(record) for record in made]
        body = checked_body(data)
        return shown.trimmed(await self._change(lambda draft: draft.create(body)))

    async def update(
        self, id: object, data: object, query: Mapping[str, Any] = _ALL, *, text: bool = False
    ) -> Record:
        """
        Put *data* in the place of all that the record *id* has, but its ``_id``.

        Raises:
            BadRequest: If *id* is missing: several are not replaced at once.
            NotFound: As `get`.
        """
        if id is None:
            raise BadRequest(
                "You can not replace multiple instances. Did you mean 'patch'?", field="id"
            )
        parsed, wanted = _parsed_for_one(query, text), given_id(id, "update")
        body = checked_body(data)
        return parsed.trimmed(await self._change(lambda draft: draft.update(wanted, body, parsed)))

    async def patch(
        self,
        id: object | None,
        data: object,
        query: Mapping[str, Any] = _ALL,
        *,
        text: bool = False,
        accept: Accept = _accept_any,
    ) -> Record | list[Record]:
        """
        Put the fields of *data* into the record *id*; None: into all that match, in one commit.

        Raises:
            BadRequest: If *data* is no object.
            NotFound: As `get`.
        """
        body = checked_body(data)
        if id is None:
            parsed = parse_query(query, text=text)
            seen = await foresee(parsed, self._rows(), self._shelf.bytes)
            return await self._change_all(
                lambda draft: draft.patch_all(body, parsed, seen), parsed, accept
            )
        parsed, wanted = _parsed_for_one(query, text), given_id(id, "patch")
        return parsed.trimmed(await self._change(lambda draft: draft.patch(wanted, body, parsed)))

    async def remove(
        self,
        id: object | None,
        query: Mapping[str, Any] = _ALL,
        *,
        text: bool = False,
        accept: Accept = _accept_any,
    ) -> Record | list[Record]:
        """Take the record *id* away; None: all that match. Returns what they were."""
        if id is None:
            parsed = parse_query(query, text=text)
            seen = await foresee(parsed, self._rows(), self._shelf.bytes)
            return await self._change_all(
                lambda draft: draft.remove_all(parsed, seen), parsed, accept
            )
        parsed, wanted = _parsed_for_one(query, text), given_id(id, "remove")
        return parsed.trimmed(await self._change(lambda draft: draft.remove(wanted, parsed)))

    async def _change_all(
        self, work: Callable[[Draft], list[Record]], query: Query, accept: Accept
    ) -> list[Record]:
        def accepted(draft: Draft) -> list[Record]:
            records = [query.trimmed(record) for record in work(draft)]
            accept(records)
            return records

        return await self._change(accepted)

    async def _change(self, work: Callable[[Draft], T]) -> T:
        """Do *work* in one commit, whoever gives up waiting for it, and tell of it afterwards."""
        turn = self._outbox.take_turn()

        def run(change: Change) -> T:
            return work(Draft(self._shelf, self._blobs, change, turn.happenings))

        task = asyncio.ensure_future(self._store.change(run))

        def over(task: asyncio.Future[T]) -> None:
            committed = not task.cancelled() and task.exception() is None
            self._outbox.end_turn(turn, committed=committed)

        task.add_done_callback(over)
        return await asyncio.shield(task)
