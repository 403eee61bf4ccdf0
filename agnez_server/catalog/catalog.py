"""
Finding documents by the names that people use: run ids, channel ids, names of projects.

TinyDB finds a document quickly by its number only, so the catalog keeps run id -> number beside
it. An entry may be stale (its commit failed): numbers are never used twice, so a look-up that
finds nothing, or another run, means that there is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from tinydb import TinyDB

from agnez_server.errors import Gone, NotFound
from agnez_server.models import LAYOUTS, RUNS, LayoutDoc, RunDoc, channel_id
from agnez_server.store.base import Committed, Series, SeriesStats, Store


class Catalog:
    """Committed runs and layouts of one store; knows for each run how many points it has."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._ids: dict[tuple[str, str], int] = {}
        self._points: Counter[str] = Counter()
        self._running: set[str] = set()
        self._names: dict[tuple[str, str], set[str]] = {}
        for table, key in ((RUNS, "id"), (LAYOUTS, "run")):
            for doc in store.committed.table(table):
                self._ids[table, doc[key]] = doc.doc_id
        for run in self.runs():
            self._note(None, run)
            for series in store.series(run["id"]):
                self._points[run["id"]] += store.stats(series.id).count
        self.close: Callable[[], None] = store.listen(self._on_commit)

    def _on_commit(self, event: Committed) -> None:
        for change in event.docs:
            if change.table == RUNS:
                self._note(change.before, change.after)
        for appended in event.points:
            self._points[appended.series.run] += appended.end - appended.start

    def _note(self, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
        if before is not None:
            self._running.discard(before["id"])
            self._names.get((before["project"], before["name"]), set()).discard(before["id"])
        if after is None:
            if before is not None:
                self._points.pop(before["id"], None)
            return
        if after["state"] == "running":
            self._running.add(after["id"])
        self._names.setdefault((after["project"], after["name"]), set()).add(after["id"])

    # -- committed ---------------------------------------------------------------------------

    def runs(self) -> Iterator[RunDoc]:
        """All runs, in no particular order. Do not change them."""
        return cast(Iterator[RunDoc], iter(self.store.committed.table(RUNS)))

    def run(self, id: str) -> RunDoc:
        """
        The run *id*. Do not change it.

        Raises:
            Gone: If it was deleted.
            NotFound: If there never was one.
        """
        found = self._find(self.store.committed, RUNS, id)
        if found is None:
            if self.store.is_deleted(id):
                raise Gone(f"the run {id} was deleted", hint="start a new run")
            raise NotFound("run", id)
        return cast(RunDoc, found)

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
        """How many points *run* has."""
        return self._points[run]

    def series_of(self, run: str) -> dict[int, list[tuple[Series, SeriesStats]]]:
        """Series and their figures by channel number, oldest session first."""
        found: dict[int, list[tuple[Series, SeriesStats]]] = {}
        for series in self.store.series(run):
            found.setdefault(series.channel, []).append((series, self.store.stats(series.id)))
        return found

    # -- inside a change ---------------------------------------------------------------------

    def pending(self, docs: TinyDB, table: str, run: str) -> tuple[int, dict[str, Any]] | None:
        """Number and document of *run* in *table* as the running change sees it."""
        found = self._find(docs, table, run)
        return None if found is None else (self._ids[table, run], found)

    def newest_run(self, docs: TinyDB, project: str, name: str) -> str | None:
        """Id of the newest run of *project* that is called *name*."""
        ids = self._names.get((project, name), set())
        return max((i for i in ids if self._find(docs, RUNS, i) is not None), default=None)

    def insert(self, docs: TinyDB, table: str, run: str, doc: Mapping[str, Any]) -> None:
        """Insert the document of *run* and remember its number."""
        self._ids[table, run] = docs.table(table).insert(doc)
        if table == RUNS:
            self._names.setdefault((doc["project"], doc["name"]), set()).add(run)

    def _find(self, docs: TinyDB, table: str, run: str) -> dict[str, Any] | None:
        number = self._ids.get((table, run))
        found = None if number is None else docs.table(table).get(doc_id=number)
        if found is None or isinstance(found, list):
            return None
        return found if found["run" if table == LAYOUTS else "id"] == run else None


def channel_json(
    run: str, number: int, doc: Mapping[str, Any], series: list[tuple[Series, SeriesStats]]
) -> dict[str, Any]:
    """A channel as the API shows it; its figures are those of all its series together."""
    all_stats = [stats for _, stats in series]
    lows = [s.min for s in all_stats if s.min is not None]
    highs = [s.max for s in all_stats if s.max is not None]
    last = max(
        (s for s in all_stats if s.count), key=lambda s: s.last_wall or 0, default=SeriesStats()
    )
    return {
        "id": channel_id(run, number),
        "run": run,
        "number": number,
        "name": doc["name"],
        "type": doc["type"],
        "count": sum(s.count for s in all_stats),
        "nan": sum(s.nan for s in all_stats),
        "inf": sum(s.inf for s in all_stats),
        "min": min(lows, default=None),
        "max": max(highs, default=None),
        "last": last.last_y,
        "last_x": last.last_x,
        "series": [
            {"id": s.id, "session": s.session, "rank": s.rank, "count": stats.count}
            for s, stats in series
        ],
    }
