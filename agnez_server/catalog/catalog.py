"""
Finding documents by the names that people use: run ids, channel ids, names of projects.

TinyDB finds a document quickly by its number only, so the catalog keeps run id -> number beside
it, and name -> run ids. Both are ahead of what is committed and may be stale (when a commit
failed): whoever looks up checks that the document found is the one he asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from tinydb import TinyDB, where

from agnez_server.catalog.progress import Progress, counts, further
from agnez_server.errors import AgnezServerError, Gone, NotFound
from agnez_server.models import ARRANGEMENTS, LAYOUTS, RUNS, LayoutDoc, RunDoc, whole_run
from agnez_server.store.base import Change, Committed, Series, Store


class Catalog:
    """Committed runs and layouts of one store; knows for each run how many points it has."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._ids: dict[tuple[str, str], int] = {}
        self._points: Counter[str] = Counter()
        self._running: set[str] = set()
        self._names: dict[tuple[str, str], set[str]] = {}
        self._deleting: set[str] = set()
        for table, key in ((RUNS, "id"), (LAYOUTS, "run")):
            for doc in store.committed.table(table):
                self._ids[table, doc[key]] = doc.doc_id
        self._progress: dict[str, Progress] = {}
        self._moved: dict[str, dict[int, Series]] = {}
        """Series that got points since somebody asked how far their run has come."""
        for run in self._every_run():
            self._note(None, run)
            for series in store.series(run["id"]):
                self._points[run["id"]] += store.stats(series.id).count
                self._note_moved(series)
        self.close: Callable[[], None] = store.listen(self._on_commit)

    def _on_commit(self, event: Committed) -> None:
        for change in event.docs:
            if change.table == RUNS:
                self._note(change.before, change.after)
        points = self._points
        for series, start, end in event.points:
            points[series.run] += end - start
            self._note_moved(series)
        for series, start, end in event.entries:
            points[series.run] += end - start

    def _note_moved(self, series: Series) -> None:
        self._moved.setdefault(series.run, {})[series.id] = series

    def _move(self, series: Series) -> None:
        """The points of *series* may have brought its run further."""
        channels = self.layout(series.run)["channels"]
        if series.channel < len(channels) and counts(channels[series.channel]):
            known, stats = self._progress.get(series.run), self.store.stats(series.id)
            moved = further(known, series.session, stats)
            if moved is not None:
                self._progress[series.run] = moved

    def _note(self, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
        if before is not None:
            self._running.discard(before["id"])
            if after is None or _named(before) != _named(after):
                self._forget_name(before)
            if after is None:
                self._forget(before["id"])
        if after is not None:
            if after["state"] == "running":
                self._running.add(after["id"])
            self._names.setdefault(_named(after), set()).add(after["id"])

    def _forget(self, run: str) -> None:
        self._points.pop(run, None)
        self._progress.pop(run, None)
        self._moved.pop(run, None)
        for table in (RUNS, LAYOUTS):
            self._ids.pop((table, run), None)

    def _forget_name(self, run: Mapping[str, Any]) -> None:
        ids = self._names.get(_named(run), set())
        ids.discard(run["id"])
        if not ids:
            self._names.pop(_named(run), None)

    # -- committed ---------------------------------------------------------------------------

    def runs(self, *, deleted: bool = False) -> Iterator[RunDoc]:
        """All runs, or those in the trash, in no particular order. Do not change them."""
        return (run for run in self._every_run() if (run["deleted"] is not None) == deleted)

    def _every_run(self) -> Iterator[RunDoc]:
        # The rows themselves: a table would copy each of thousands of documents.
        rows = self.store.committed.storage.read() or {}
        return (whole_run(doc) for doc in rows.get(RUNS, {}).values())

    def run(self, id: str) -> RunDoc:
        """
        The run *id*. Do not change it.

        Raises:
            Gone: If it was deleted.
            NotFound: If there never was one.
        """
        found = self._find(self.store.committed, RUNS, id)
        if found is None:
            raise self.missing(id)
        return whole_run(found)

    def missing(self, id: str) -> AgnezServerError:
        """What to raise where there is no run *id*: Gone if it was deleted, else NotFound."""
        if self.is_deleted(id):
            return Gone(f"the run {id} was deleted", hint="start a new run")
        return NotFound("run", id)

    def is_deleted(self, run: str) -> bool:
        """Whether *run* was deleted, or its deletion waits to be committed."""
        return run in self._deleting or self.store.is_deleted(run)

    def has(self, run: str) -> bool:
        """Whether there is a run *run*."""
        return self._find(self.store.committed, RUNS, run) is not None

    def layout(self, run: str) -> LayoutDoc:
        """The channels and charts of *run*; empty where it has none."""
        found = self._find(self.store.committed, LAYOUTS, run)
        return cast(LayoutDoc, found) if found else LayoutDoc(run=run, channels=[], charts=[])

    def channel(self, id: str) -> tuple[RunDoc, int]:
        """
        The run and the number behind a channel id (``<run>.<number>``).

        Raises:
            NotFound: If there is no such channel.
        """
        run_id, _, number = id.partition(".")
        if not number.isascii() or not number.isdigit() or len(number) > 9:
            raise NotFound("channel", id)
        run = self.run(run_id)
        if int(number) >= len(self.layout(run_id)["channels"]):
            raise NotFound("channel", id)
        return run, int(number)

    def running(self) -> list[str]:
        """Ids of the runs in the state running."""
        return list(self._running)

    def points(self, run: str) -> int:
        """How many points *run* has, entries among them."""
        return self._points[run]

    def progress(self, run: str) -> Progress | None:
        """How far *run* has come; None where it has no numbers."""
        for series in self._moved.pop(run, {}).values():
            self._move(series)
        return self._progress.get(run)

    def newest_wall(self, run: str) -> int | None:
        """The wall time of the newest point of *run*, µs UTC; None without points."""
        walls = (self.store.stats(s.id).last_wall for s in self.store.series(run))
        return max((w for w in walls if w is not None), default=None)

    def series_by_channel(self, run: str) -> dict[int, list[Series]]:
        """All series of *run* by channel number, oldest session first."""
        found: dict[int, list[Series]] = {}
        for series in self.store.series(run):
            found.setdefault(series.channel, []).append(series)
        return found

    # -- inside a change ---------------------------------------------------------------------

    def pending(self, docs: TinyDB, table: str, run: str) -> tuple[int, dict[str, Any]] | None:
        """Number and document of *run* in *table* as the running change sees it; leave that be."""
        found = self._find(docs, table, run)
        return None if found is None else (self._ids[table, run], found)

    def newest_run(self, docs: TinyDB, project: str, name: str) -> str | None:
        """
        Id of the newest run of *project* that is called *name*, as the running change sees; what
        lies in the trash is passed over.
        """
        ids = self._names.get((project, name), set())
        found = ((i, self._find(docs, RUNS, i)) for i in ids)
        fit = (i for i, d in found if d and not d.get("deleted") and _named(d) == (project, name))
        return max(fit, default=None)

    def insert(self, docs: TinyDB, table: str, run: str, doc: Mapping[str, Any]) -> None:
        """Insert the document of *run* and remember its number."""
        self._ids[table, run] = docs.table(table).insert(doc)

    def expect_name(self, run: Mapping[str, Any]) -> None:
        """The running change gives *run* the project and the name that stand in it."""
        self._names.setdefault(_named(run), set()).add(run["id"])

    async def delete(self, id: str) -> None:
        """
        Delete the run *id* with all that belongs to it.

        Raises:
            Gone, NotFound: If there is no such run.
        """
        try:
            await self.store.change(lambda change: self._delete(change, id))
        finally:
            self._deleting.discard(id)

    def _delete(self, change: Change, id: str) -> None:
        if self.pending(change.docs, RUNS, id) is None:
            raise self.missing(id)
        for table in (RUNS, LAYOUTS):
            found = self.pending(change.docs, table, id)
            if found is not None:
                change.docs.table(table).remove(doc_ids=[found[0]])
        change.docs.table(ARRANGEMENTS).remove(where("place") == id)
        change.delete_run(id)
        self._deleting.add(id)

    def _find(self, docs: TinyDB, table: str, run: str) -> dict[str, Any] | None:
        number = self._ids.get((table, run))
        if number is None:
            return None
        # The row itself: a table would make a copy of it, several for each batch.
        found = (docs.storage.read() or {}).get(table, {}).get(str(number))
        if found is None:
            return None
        return found if found["run" if table == LAYOUTS else "id"] == run else None


def _named(run: Mapping[str, Any]) -> tuple[str, str]:
    return run["project"], run["name"]
