"""Records are kept, found, replaced, patched and removed as a service of Feathers does."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from agnez_server.errors import BadRequest, Conflict, NotFound, StoreReadOnly
from agnez_server.store import SqliteStore, StoreOptions
from agnez_server.values.service import Values

EVERY_TYPE = {"t": "é\u0000\u2028", "i": -(2**63), "f": 1.5, "b": True, "n": None, "l": [[], {}],
              "o": {"__proto__": 1, "a.b": 2, "$c": 3, "": 4}}  # fmt: skip


async def test_a_record_is_kept_as_it_was_sent(values: Values) -> None:
    """Nothing is added but an id of 16 letters and digits, nothing is changed."""
    made = await values.create(EVERY_TYPE)

    assert isinstance(made, dict)
    assert re.fullmatch(r"[A-Za-z0-9]{16}", made["_id"])
    assert values.get(made["_id"]) == {**EVERY_TYPE, "_id": made["_id"]} == made


async def test_a_clients_own_id_is_kept(values: Values) -> None:
    """An _id that is free is the record's."""
    await values.create({"_id": "mine/ÿ ?#%", "a": 1})

    assert values.get("mine/ÿ ?#%")["a"] == 1


async def test_an_id_is_taken_once(values: Values) -> None:
    """A second create with it is refused, and the first record stays."""
    await values.create({"_id": "x", "a": 1})

    with pytest.raises(Conflict):
        await values.create({"_id": "x", "a": 2})

    assert values.find() == [{"_id": "x", "a": 1}]


async def test_a_list_is_kept_in_order(values: Values) -> None:
    """Each gets an id of its own; find gives the oldest first."""
    made = await values.create([{"n": n} for n in range(5)])

    assert [record["n"] for record in made] == list(range(5))
    assert len({record["_id"] for record in made}) == 5
    assert values.find() == made


@pytest.mark.parametrize("bad", [{"_id": "first"}, {"_id": ["a"]}, 5, None, {"n": 2**63}])
async def test_a_list_is_kept_whole_or_not_at_all(values: Values, bad: object) -> None:
    """One record that can't be kept refuses all of them."""
    await values.create({"_id": "first"})

    with pytest.raises((BadRequest, Conflict)):
        await values.create([{"_id": "second"}, bad])

    assert values.find() == [{"_id": "first"}]
    await values.create({"_id": "second"})


async def test_an_empty_list_makes_nothing(values: Values) -> None:
    """Its answer is an empty list."""
    assert await values.create([]) == []
    assert values.find() == []


async def test_patch_merges_the_fields_at_the_top(values: Values) -> None:
    """A field that is an object is replaced whole, an _id in the body is passed over."""
    await values.create({"_id": "x", "a": {"b": 1}, "c": 1})

    patched = await values.patch("x", {"_id": {"$ne": 1}, "a": {"d": 2}})

    assert patched == {"_id": "x", "a": {"d": 2}, "c": 1} == values.get("x")


async def test_an_empty_patch_changes_nothing(values: Values) -> None:
    """The answer is the record."""
    await values.create({"_id": "x", "a": 1})

    assert await values.patch("x", {}) == {"_id": "x", "a": 1}


async def test_update_replaces_all_but_the_id(values: Values) -> None:
    """What the body does not have is gone."""
    await values.create({"_id": "x", "a": 1, "b": 2})

    updated = await values.update("x", {"_id": "y", "c": 3})

    assert updated == {"c": 3, "_id": "x"} == values.get("x")
    assert len(values.find()) == 1


async def test_remove_gives_back_what_was(values: Values) -> None:
    """Afterwards there is no such record, and its id is free."""
    await values.create({"_id": "x", "a": 1})

    assert await values.remove("x") == {"_id": "x", "a": 1}

    with pytest.raises(NotFound):
        values.get("x")
    await values.create({"_id": "x"})


async def test_several_at_once(values: Values) -> None:
    """Without an id, what matches is patched or removed, in the order that was asked for."""
    await values.create([{"_id": c, "n": n} for n, c in enumerate("abcd")])

    patched = await values.patch(None, {"p": 1}, {"n": {"$gte": 1}, "$sort": {"n": -1}})
    removed = await values.remove(None, {"p": 1, "$limit": 2})

    assert [r["_id"] for r in patched] == ["d", "c", "b"]
    assert [r["_id"] for r in removed] == ["b", "c"]
    assert [r["_id"] for r in values.find()] == ["a", "d"]


async def test_update_needs_an_id(values: Values) -> None:
    """Several records are not replaced by one."""
    with pytest.raises(BadRequest, match="Did you mean 'patch'"):
        await values.update(None, {})


@pytest.mark.parametrize("method", ["get", "update", "patch", "remove"])
@pytest.mark.parametrize(("id", "query"), [("nope", {}), ("x", {"a": 2}), ("", {})])
async def test_not_found(values: Values, method: str, id: str, query: dict[str, Any]) -> None:
    """An id that is not there, or does not match the query: NotFound that names it."""
    await values.create({"_id": "x", "a": 1})

    with pytest.raises(NotFound, match=f"No record found for id '{id}'"):
        await call(values, method, id, query)

    assert values.find() == [{"_id": "x", "a": 1}]


async def call(values: Values, method: str, id: object, query: dict[str, Any]) -> Any:
    """A call of a method that takes an id, with a body where it takes one."""
    body = [{"b": 1}] if method in ("update", "patch") else []
    result = getattr(values, method)(id, *body, query)
    return await result if asyncio.iscoroutine(result) else result


@pytest.mark.parametrize("method", ["get", "update", "patch", "remove"])
@pytest.mark.parametrize("id", [{"$ne": None}, ["x"], True, {}])
async def test_only_text_is_an_id(values: Values, method: str, id: object) -> None:
    """A query in its place would find any record: it is refused."""
    await values.create({"_id": "x"})

    with pytest.raises(BadRequest):
        await call(values, method, id, {})

    assert values.find() == [{"_id": "x"}]


async def test_a_number_is_found_as_text(values: Values) -> None:
    """Ids are texts; programs that made one of digits may ask with a number."""
    await values.create({"_id": "5"})

    assert values.get(5) == {"_id": "5"}


async def test_selected_fields(values: Values) -> None:
    """Every method gives only the fields that were asked for, and the _id."""
    query = {"$select": ["a", "nope"]}

    made = await values.create({"_id": "x", "a": 1, "b": 2}, query)

    assert made == {"_id": "x", "a": 1}
    assert values.get("x", query) == made
    assert values.find(query) == [made]
    assert await values.patch("x", {"c": 1}, query) == made
    assert await values.patch(None, {"c": 1}, query) == [made]
    assert await values.update("x", {"a": 1, "b": 3}, query) == made
    assert await values.remove("x", query) == made


@pytest.mark.parametrize("query", [[], "x", 5])
async def test_a_query_is_an_object(values: Values, query: Any) -> None:
    """Sockets may send anything in its place; nothing is made or found by it."""
    for call in (values.create({}, query), values.patch(None, {}, query),
                 values.update("x", {}, query), values.remove(None, query)):  # fmt: skip
        with pytest.raises(BadRequest):
            await call

    assert values.find() == []


async def test_records_survive_a_restart(tmp_path: Path) -> None:
    """With their order, their ids, and the places that they hold."""
    store = await SqliteStore.open(tmp_path / "data")
    made = await Values(store).create([{"n": 1}, {"n": 2, "run": "r", "pos": 0}])
    await store.close()

    store = await SqliteStore.open(tmp_path / "data")
    values = Values(store)
    try:
        assert values.find() == made
        again = await values.create({"n": 3, "run": "r", "pos": 0})
        assert again == {"n": 3, "run": "r", "pos": 0, "_id": made[1]["_id"]}
    finally:
        await store.close()


async def test_what_a_failing_disk_refused_never_was(tmp_path: Path) -> None:
    """Its id and its place are free when the disk takes writes again."""
    broken = True

    def break_disk(_: object) -> None:
        if broken:
            raise OSError("no space left")

    options = StoreOptions(before_commit=break_disk, probe_interval_s=0.01)
    store = await SqliteStore.open(tmp_path / "data", options=options)
    values = Values(store)
    try:
        with pytest.raises(StoreReadOnly):
            await values.create({"_id": "x", "run": "r", "pos": 1, "n": 1})
        assert values.find() == []
        broken = False
        await store.writable()
        await values.create({"run": "r", "pos": 1, "n": 2})
        assert await values.create({"_id": "x"}) == {"_id": "x"}
        assert [r.get("n") for r in values.find()] == [2, None]
    finally:
        await store.close()
