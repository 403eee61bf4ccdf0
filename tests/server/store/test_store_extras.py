"""How the SQLite store keeps entries and lines: taken back, swept, packed, put together."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnez_server.errors import StoreReadOnly
from agnez_server.store import BlobRef, Entry, Line, SeriesStats
from agnez_server.store.console import add_lines, read_lines, sort_lines, write_lines
from agnez_server.store.damage import Damage
from agnez_server.store.entries import (
    Entries,
    checked_rows,
    figures_of,
    read_entries,
    read_steps,
    write_entries,
)
from agnez_server.store.options import StoreOptions
from agnez_server.store.schema import connect_writer, prepare
from agnez_server.store.tally import add

BLOB = BlobRef("ab" * 32, 5000, "image/png")
INT64 = st.integers(-(2**63), 2**63 - 1)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False,
    allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
BODIES = st.dictionaries(st.text(), JSON, max_size=2)
ENTRIES = st.lists(
    st.tuples(INT64 | st.floats(allow_nan=False, allow_infinity=False), INT64, BODIES),
    min_size=1,
    max_size=3,
)


class Breaking:
    """Breaks commits while ``broken``."""

    def __init__(self) -> None:
        self.broken = False

    def __call__(self, con: sqlite3.Connection) -> None:
        if self.broken:
            raise OSError("the disk is broken")


def everything(change):
    """An entry that names a blob, and a line; returns the series."""
    series = change.open_series("run", 0, 1, 0)
    change.append_entries(series.id, [1], [1], [b'{"n": 1}'], [BLOB])
    change.put_lines("run", [Line(1, 0, 0, 5, "stdout", "line")])
    return series


def rows(store, table: str) -> int:
    """How many rows a table has."""
    with closing(sqlite3.connect(store._database.path)) as con:
        return con.execute(f"select count(*) from {table}").fetchone()[0]


@pytest.fixture
def con(tmp_path):
    """A new file, for what is written and read without a store around it."""
    path = tmp_path / "agnez.db"
    with closing(connect_writer(path, StoreOptions(synchronous="normal"))) as con:
        prepare(con, path)
        yield con


async def test_a_failed_commit_takes_entries_and_lines_back(open_store) -> None:
    """Ordinals and figures go on where they were; sizes are as before."""
    breaking = Breaking()
    store = await open_store(before_commit=breaking, probe_interval_s=0.01)
    series = await store.change(everything)
    before = store.run_bytes("run")

    breaking.broken = True
    with pytest.raises(StoreReadOnly):
        await store.change(everything)
    breaking.broken = False
    async with asyncio.timeout(20):
        await store.writable()

    assert store.run_bytes("run") == before
    assert store.stats(series.id).count == 1
    await store.change(everything)
    assert [entry.ordinal for entry in store.entries(series.id, 0, 9)] == [0, 1]
    assert store.consoles("run") == [(1, 0, 1)]


async def test_work_that_deletes_and_raises_leaves_entries(store) -> None:
    """A deletion that is undone gives the figures back too."""
    series = await store.change(everything)

    def work(change):
        change.delete_run("run")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.change(work)
    await store.change(everything)

    assert [entry.ordinal for entry in store.entries(series.id, 0, 9)] == [0, 1]


async def test_changes_that_share_a_commit_add_up(open_store) -> None:
    """Two that append, one that replaces a line, and a run that is deleted among them."""
    store = await open_store()

    def line(text: str):
        return lambda change: change.put_lines("run", [Line(1, 0, 0, 5, "stdout", text)])

    def other(change):
        series = change.open_series("other", 0, 1, 0)
        change.append_entries(series.id, [1], [1], [b"{}"], [BLOB])
        change.put_lines("other", [Line(1, 0, 0, 5, "stdout", "line")])

    await asyncio.gather(
        *(store.change(work) for work in (everything, other, everything, line("last"))),
        store.change(lambda change: change.delete_run("other")),
    )

    assert store.stats(1) == SeriesStats(
        count=2, last_x=1, last_wall=1, min_x=1, max_x=1, min_wall=1, max_wall=1
    )
    assert [entry.ordinal for entry in store.entries(1, 0, 9)] == [0, 1]
    assert [one.text for one in store.lines("run", 1, 0, 0, 9)] == ["last"]
    assert store.run_bytes("other") == 0
    assert store.blob_runs(BLOB.sha256) == ["run"]


async def test_what_a_deleted_run_left_is_swept(store, open_store) -> None:
    """Its rows go, in steps, also when a restart comes between; those of others stay."""

    def many(change):
        series = change.open_series("big", 0, 1, 0)
        bodies = [b"{}"] * 1000
        blobs = [BlobRef(f"{n:064x}", 1, "a/b") for n in range(600)]
        change.append_entries(series.id, range(1000), range(1000), bodies, blobs)
        change.put_lines("big", [Line(1, 0, n, n, "stdout", "line") for n in range(1000)])

    await store.change(many)
    await store.change(everything)
    await store.change(lambda change: change.delete_run("big"))
    await store.close()

    again = await open_store()
    await again.seal()

    assert [rows(again, table) for table in ("entry", "line", "blob_ref", "gone")] == [1, 1, 1, 0]
    assert again.blob_runs(f"{1:064x}") == []


async def test_large_bodies_are_packed(store) -> None:
    """A body that says the same over and over takes a fraction of it on disk."""
    body = json.dumps({"text": "the same again " * 10_000}).encode()

    def work(change):
        series = change.open_series("run", 0, 1, 0)
        change.append_entries(series.id, [1], [1], [body])

    await store.change(work)

    assert store.run_bytes("run") < len(body) / 100


async def test_a_damaged_entry_is_left_out(store, caplog) -> None:
    """The others are there, and the log says which one it was."""

    def work(change):
        series = change.open_series("run", 0, 1, 0)
        change.append_entries(series.id, [1, 2], [1, 2], [b'{"n": 1}', b'{"n": 2}'])

    await store.change(work)
    with closing(sqlite3.connect(store._database.path)) as con:
        con.execute("update entry set body = ? where ord = 0", (b'{"n": ',))
        con.commit()

    assert store.entries(1, 0, 9) == [Entry(1, 2, 2, {"n": 2})]
    assert "entry 0 of series 1 is damaged" in caplog.text


def test_any_entries_come_back(con) -> None:
    """x bit by bit, wall, body; figures are those of all, in one stretch or two."""
    series = 0

    @given(ENTRIES, ENTRIES)
    def check(older, newer) -> None:
        nonlocal series
        series += 1
        sent = older + newer
        parts = [checked_rows(*columns(part)) for part in (older, newer)]
        first = Entries(0, parts[0], figures_of(parts[0]))
        both = add(first.figures, figures_of(parts[1]))
        second = Entries(len(older), parts[1], both)
        con.execute("begin")
        con.execute(
            "insert into series (id, run, channel, session, rank) values (?, 'run', ?, 1, 0)",
            (series, series),
        )
        write_entries(con, {series: first.followed_by(second)})
        con.execute("commit")

        found = read_entries(con, series, 0, len(sent), 99, Damage())
        assert [(entry.x, type(entry.x), entry.wall, entry.body) for entry in found] == [
            (x, type(x), wall, body) for x, wall, body in sent
        ]
        xs = [x for x, _, _ in sent]
        assert (both.count, both.last_x, both.min_x) == (len(sent), xs[-1], min(xs))
        assert read_steps(con, series, len(sent)).x.tolist() == pytest.approx(xs, rel=1e-15)

    check()


def columns(entries):
    """Entries as `append_entries` takes them."""
    x, wall, bodies = zip(*entries, strict=True)
    return x, wall, [json.dumps(body).encode() for body in bodies]


NUMBERED = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 9), INT64, st.text()),
    max_size=12,
)


@given(st.lists(NUMBERED, max_size=4))
def test_lines_are_as_a_dict_would_have_them(batches) -> None:
    """Whatever is told again, in one batch or several: the last text of each number is kept."""
    expected: dict[tuple[int, int, int], Line] = {}
    with closing(sqlite3.connect(":memory:")) as con:
        con.executescript(
            "create table console (id integer primary key autoincrement, run, session, rank, "
            "lines default 0, bytes default 0, unique (run, session, rank));"
            "create table line (console, number integer, wall, stream, text, crc, "
            "primary key (console, number)) without rowid"
        )
        for batch in batches:
            lines = [Line(s, r, n, wall, "stdout", text) for s, r, n, wall, text in batch]
            expected |= {(line.session, line.rank, line.number): line for line in lines}
            write_lines(con, sort_lines("run", lines))
        for session, rank in ((0, 0), (0, 1), (1, 0), (1, 1)):
            wanted = sorted(n for s, r, n in expected if (s, r) == (session, rank))
            found = read_lines(con, ("run", session, rank), 0, 99, "", Damage())
            assert found == [expected[session, rank, number] for number in wanted]
            count = con.execute(
                "select lines from console where session = ? and rank = ?", (session, rank)
            ).fetchone()
            assert (0 if count is None else count[0]) == len(wanted)


@given(st.lists(st.text(max_size=6), max_size=6), st.text(min_size=1, max_size=3))
def test_finding_is_like_python_finds(texts, find) -> None:
    """Whatever the case, in the sense of `str.casefold`; of ASCII, in that of ASCII letters."""
    with closing(sqlite3.connect(":memory:")) as con:
        con.executescript(
            "create table console (id integer primary key, run, session, rank, "
            "lines default 0, bytes default 0, unique (run, session, rank));"
            "create table line (console, number integer, wall, stream, text, crc, "
            "primary key (console, number)) without rowid"
        )
        texts = [text.replace("\0", "") for text in texts]
        lines = [Line(1, 0, n, 0, "stdout", text) for n, text in enumerate(texts)]
        write_lines(con, sort_lines("run", lines))
        fold = ascii_lower if find.isascii() else str.casefold

        found = read_lines(con, ("run", 1, 0), 0, 99, find, Damage())

        assert [line.text for line in found] == [t for t in texts if fold(find) in fold(t)]


def ascii_lower(text: str) -> str:
    """*text* with small ASCII letters; others stay."""
    return "".join(c.lower() if c.isascii() else c for c in text)


def test_lines_of_several_changes_are_put_together() -> None:
    """The newer one wins."""
    older = sort_lines("run", [Line(1, 0, 0, 1, "stdout", "a"), Line(1, 0, 1, 1, "stdout", "b")])
    add_lines(older, sort_lines("run", [Line(1, 0, 1, 2, "stderr", "c")]))

    assert older == {("run", 1, 0): {0: (1, "stdout", "a"), 1: (2, "stderr", "c")}}
