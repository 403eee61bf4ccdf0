"""A small store with a history: its files after the last commit, and what it held after each."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from agnez_server.store import Line, Mark, SqliteStore, StoreOptions
from agnez_server.store.acked import ACKED

FILES = ("agnez.db", "agnez.db-wal", "blobs.db", ACKED)
OPTIONS = StoreOptions(readers=2)
State = dict[str, Any]


@dataclass
class History:
    """
    ``files`` as a kill after the last commit leaves them; ``states``, ``ends`` and ``notes`` are
    what the store held, how long its log was and what `ACKED` said, first and after each commit.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    states: list[State] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    notes: list[bytes] = field(default_factory=list)

    def lay_out(self, directory: Path, **changed: bytes) -> None:
        """Write the files to *directory*, anew; *changed* by name, "wal" for that of the log."""
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700)
        names = {"db": "agnez.db", "wal": "agnez.db-wal", "acked": ACKED, "blobs": "blobs.db"}
        files = self.files | {names[name]: data for name, data in changed.items()}
        for name, data in files.items():
            (directory / name).write_bytes(data)
            (directory / name).chmod(0o600)

    def held(self, state: State) -> int | None:
        """After how many commits the store held this *state*; None: it never did."""
        return self.states.index(state) if state in self.states else None


async def make_history(directory: Path, commits: int, *, sealed: bool = False) -> History:
    """A store's history of so many commits; *sealed*: all that they brought lies in its file."""
    store = await SqliteStore.open(directory, options=OPTIONS)
    await store.change(begin)
    await store.seal()
    store._database.checkpoint()
    store._keeper.wake = lambda **due: None  # no sweep or checkpoint comes in between
    history = History()
    note(history, store, directory)
    for number in range(commits):
        await store.change(lambda change, number=number: work(change, number))
        note(history, store, directory)
    if sealed:
        await store.seal()
        store._database.checkpoint()
    store._blobs.data._writer.execute("pragma wal_checkpoint(truncate)").fetchall()
    history.files = {name: (directory / name).read_bytes() for name in FILES}
    await store.close()
    return history


def note(history: History, store: SqliteStore, directory: Path) -> None:
    """Add this moment to *history*."""
    history.states.append(state_of(store))
    history.ends.append((directory / "agnez.db-wal").stat().st_size)
    history.notes.append((directory / ACKED).read_bytes())


def begin(change) -> None:
    """A run that goes later, and one that stays."""
    for run in ("gone", "stays"):
        change.docs.table("runs").insert({"name": run})
        change.append(change.open_series(run, 0, 1, 0).id, [0], [0.0], [0])


def work(change, number: int) -> None:
    """One commit: each brings something of another kind, and says that it was there."""
    change.docs.table("commits").insert({"n": number, "text": f"commit {number} " * 3})
    change.set_mark(b"s" * 16, "stays", Mark(number, number, {"n": number}))
    series = change.open_series("stays", 0, 1, 0)
    at = np.arange(number * 40, number * 40 + 40)
    if number % 4 != 3:
        change.append(series.id, at, at / 7, at)
    if number % 3 == 0:
        entries = change.open_series("stays", 1, 1, 0)
        body = json.dumps({"n": number, "text": f"entry {number} " * 30}).encode()
        change.append_entries(entries.id, [number], [number], [body])
    if number % 3 == 1:
        lines = [Line(1, 0, 2 * number + i, number, "stdout", f"line {number} {i}") for i in (0, 1)]
        change.put_lines("stays", lines)
    if number == 4:
        change.docs.table("runs").remove(doc_ids=[1])
        change.delete_run("gone")


def state_of(store: SqliteStore) -> State:
    """All that a reader can see."""
    state: State = {
        table: sorted((doc.doc_id, dict(doc)) for doc in store.committed.table(table))
        for table in ("commits", "runs")
    }
    for run in ("gone", "stays"):
        for series in store.series(run):
            key = f"{run} {series.channel}"
            count = store.stats(series.id).count
            if series.channel == 0:
                page = store.raw(series.id, 0, 10_000)
                columns = page.x.tolist(), page.y.tolist(), page.wall.tolist()
                state[key] = [count, page.total, *columns]
                state[f"{key} view"] = store.view(series.id, None, None, 4).y.tolist()
            else:
                found = store.entries(series.id, 0, 999)
                state[key] = [count, [(one.ordinal, one.x, dict(one.body)) for one in found]]
                state[f"{key} steps"] = store.steps(series.id).x.tolist()
        lines = store.lines(run, 1, 0, 0, 999)
        state[f"{run} lines"] = [(line.number, line.text) for line in lines]
    mark = store._workspace.marks.get(b"s" * 16)
    return state | {"mark": (mark.events, mark.points, dict(mark.state))}
