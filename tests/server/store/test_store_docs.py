"""Documents behave as TinyDB's do, and writes cost what they change."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tinydb import TinyDB, where
from tinydb.operations import delete, increment
from tinydb.storages import MemoryStorage
from tinydb.table import Document, Table

from agnez_server.errors import Conflict
from agnez_server.store.tinyrows import WorkingStorage
from agnez_server.store.tinytable import RowDB
from agnez_server.store.transfer import export_tinydb, import_tinydb
from agnez_server.store.unit import Unit


def row_db() -> RowDB:
    """Our TinyDB, as it is within a change."""
    storage = WorkingStorage()
    storage.unit = Unit()
    return RowDB(storage)


def test_tinydb_still_has_the_hooks_that_we_stand_on() -> None:
    """Every write of TinyDB goes through these methods; if they go, ours would not be kept."""
    for hook in ("_read_table", "_update_table", "_get_next_id"):
        assert callable(getattr(Table, hook, None)), f"tinydb.table.Table.{hook} is gone"
    table = row_db().table("t")
    calls = []
    table._update_table = lambda updater: calls.append(updater)
    table.insert({})
    table.insert_multiple([{}])
    table.update({}, doc_ids=[])
    table.remove(doc_ids=[])
    table.truncate()
    assert len(calls) == 5


KEYS = st.sampled_from(["a", "b"])
VALUES = st.integers(0, 3) | st.lists(st.integers(0, 2), max_size=2) | st.none()
BODIES = st.dictionaries(KEYS, VALUES, max_size=2)
PICKS = st.integers(0, 5)
OPERATIONS = st.one_of(
    st.tuples(st.just("insert"), BODIES),
    st.tuples(st.just("insert_multiple"), st.lists(BODIES, max_size=3)),
    st.tuples(st.just("update"), BODIES, VALUES),
    st.tuples(st.just("update_all"), BODIES),
    st.tuples(st.just("update_ids"), BODIES, PICKS),
    st.tuples(st.just("update_call"), VALUES),
    st.tuples(st.just("update_multiple"), BODIES, VALUES),
    st.tuples(st.just("upsert"), BODIES, VALUES),
    st.tuples(st.just("remove"), VALUES),
    st.tuples(st.just("remove_ids"), PICKS),
    st.tuples(st.just("truncate")),
    st.tuples(st.just("drop_table")),
)


def perform(db: TinyDB, operation) -> object:
    """Do *operation*; what it returns, with ids as positions in the table."""
    table, (name, *given_) = db.table("t"), operation
    before = [document.doc_id for document in table]
    match = where("a") == (given_[-1] if given_ else None)

    def position(ids):
        return [before.index(i) if i in before else "new" for i in ids]

    if name == "insert":
        return position([table.insert(given_[0])])
    if name == "insert_multiple":
        return position(table.insert_multiple(given_[0]))
    if name == "update":
        return position(table.update(given_[0], match))
    if name == "update_all":
        return position(table.update(given_[0]))
    if name == "update_ids":
        return position(table.update(given_[0], doc_ids=before[given_[1] :][:1]))
    if name == "update_call":
        return position(table.update(lambda body: body.update(c=1), match))
    if name == "update_multiple":
        return position(table.update_multiple([(given_[0], match), (delete("b"), where("b") == 1)]))
    if name == "upsert":
        return position(table.upsert(given_[0], match))
    if name == "remove":
        return position(table.remove(match))
    if name == "remove_ids":
        return position(table.remove(doc_ids=before[given_[0] :][:1]))
    return db.drop_table("t") if name == "drop_table" else table.truncate()


@settings(max_examples=200, deadline=None)
@given(operations=st.lists(OPERATIONS, max_size=12))
def test_operations_have_the_results_that_stock_tinydb_has(operations) -> None:
    """Any sequence: same return values (ids apart, which stock uses again), same documents."""
    ours, stock = row_db(), TinyDB(storage=MemoryStorage)

    for operation in operations:
        assert perform(ours, operation) == perform(stock, operation)
        assert list(map(dict, ours.table("t"))) == list(map(dict, stock.table("t")))
        assert ours.tables() == stock.tables()

    table, other = ours.table("t"), stock.table("t")
    for query in (where("a") == 1, where("b").exists(), where("a").any([0, 1])):
        assert table.search(query) == other.search(query)
        assert table.get(query) == other.get(query)
        assert table.count(query) == other.count(query)
        assert table.contains(query) == other.contains(query)


def test_an_exception_halfway_changes_nothing() -> None:
    """Stock TinyDB in memory would keep the first half."""
    table = row_db().table("t")
    table.insert_multiple([{"n": 1}, {"n": "text"}])

    with pytest.raises(TypeError):
        table.update(increment("n"))

    assert table.all() == [{"n": 1}, {"n": "text"}]


def test_documents_are_detached_from_the_caller() -> None:
    """Neither what was inserted nor what a callable kept reaches into the store."""
    table, body, kept = row_db().table("t"), {"list": [1]}, []
    table.insert(body)
    body["list"].append(2)
    table.update(kept.append)
    kept[0]["list"].append(3)

    assert table.all() == [{"list": [1]}]


def test_only_what_changed_is_written() -> None:
    """One document of many is touched: one row; an update to the same value: none."""
    db = row_db()
    db.table("t").insert_multiple({"n": n} for n in range(100))
    unit = db.storage.unit = Unit()
    db.table("t").update({"n": -1}, where("n") == 50)
    db.table("t").update({"n": 7}, doc_ids=[8])

    assert list(unit.docs) == [("t", 51)]


def test_an_explicit_id_moves_the_counter() -> None:
    """Later ids come after it, even when it is gone again."""
    table = row_db().table("t")
    table.insert(Document({"n": 1}, 10))
    table.remove(doc_ids=[10])

    assert table.insert({}) == 11


def test_documents_by_ids_come_in_the_order_asked_for() -> None:
    """Unknown ids are left out."""
    table = row_db().table("t")
    table.insert_multiple({"n": n} for n in range(5))

    assert [d.doc_id for d in table.get(doc_ids=[4, 99, 2])] == [4, 2]


@pytest.mark.parametrize(
    "body",
    [
        {"a": {"b": [1.0, float("nan")]}},
        {"a": float("inf")},
        {1: "key"},
        {"a": 1 << 70},
        {"a": object()},
    ],
)
def test_what_json_cannot_hold_is_refused(body) -> None:
    """Rather than changed silently; the message says where it is."""
    with pytest.raises(ValueError, match=r"document.* JSON"):
        row_db().table("t").insert(body)


async def test_stock_tinydb_opens_an_export(store, tmp_path) -> None:
    """Tables, ids and bodies are the same in TinyDB's own JSON storage."""

    def work(change):
        change.docs.table("runs").insert_multiple([{"name": "ü"}, {"n": [1, {"x": None}]}])
        change.docs.table("runs").remove(doc_ids=[1])
        change.docs.insert({"default": True})

    await store.change(work)
    await export_tinydb(store, tmp_path / "out.json")

    with TinyDB(tmp_path / "out.json") as stock:
        assert stock.tables() == {"runs", "_default"}
        assert [(d.doc_id, dict(d)) for d in stock.table("runs")] == [(2, {"n": [1, {"x": None}]})]
        assert stock.insert({}) == 2


async def test_a_stock_tinydb_file_is_imported(store, tmp_path) -> None:
    """With its ids; later ids come after them."""
    with TinyDB(tmp_path / "in.json") as stock:
        stock.table("t").insert_multiple([{"n": 1}, {"n": 2}])
        stock.table("t").remove(doc_ids=[1])

    count = await import_tinydb(store, tmp_path / "in.json")

    assert count == 1
    assert [(d.doc_id, dict(d)) for d in store.committed.table("t")] == [(2, {"n": 2})]
    assert await store.change(lambda change: change.docs.table("t").insert({})) == 3


async def test_an_import_overwrites_nothing(store, tmp_path) -> None:
    """An id that is taken refuses the whole file."""
    await store.change(lambda change: change.docs.table("t").insert({"n": 1}))
    (tmp_path / "in.json").write_text(json.dumps({"u": {"1": {}}, "t": {"1": {"n": 2}}}))

    with pytest.raises(Conflict, match=r"'t'.*1"):
        await import_tinydb(store, tmp_path / "in.json")

    assert store.committed.table("t").all() == [{"n": 1}]
    assert store.committed.table("u").all() == []


@pytest.mark.parametrize("text", ["", "[1]", '{"t": {"x": {}}}', '{"t": {"1": 5}}', "{"])
async def test_what_is_no_tinydb_file_is_refused(store, tmp_path, text) -> None:
    """With a message that names the file."""
    (tmp_path / "in.json").write_text(text)

    with pytest.raises(ValueError, match=r"in\.json"):
        await import_tinydb(store, tmp_path / "in.json")


async def test_thousands_of_documents_survive(open_store) -> None:
    """Enough that opening sets them apart from garbage collection."""
    store = await open_store()
    bodies = [{"n": n, "shade": random.Random(n).random()} for n in range(20_500)]
    await store.change(lambda change: change.docs.table("t").insert_multiple(bodies))
    await store.close()

    again = await open_store()

    assert list(map(dict, again.committed.table("t"))) == bodies
    assert len(again.docs.table("t")) == 20_500
