"""How much is kept, and how much one call may do."""

from __future__ import annotations

from typing import Any

import pytest

from agnez_server.errors import AgnezServerError, BadRequest, TooLarge
from agnez_server.store import SqliteStore
from agnez_server.values import conditions, records
from agnez_server.values.service import Limits, Values


async def refused(call: Any) -> AgnezServerError:
    """The error of a call that has to be refused."""
    with pytest.raises(AgnezServerError) as caught:
        await call
    return caught.value


async def test_so_many_records(store: SqliteStore) -> None:
    """One more is refused with 507; patches go on, and a removed one makes room."""
    values = Values(store, Limits(records=2))
    await values.create([{"_id": "a"}, {"_id": "b", "run": "r", "pos": 1}])

    error = await refused(values.create({}))
    await values.create({"run": "r", "pos": 1, "n": 1})
    await values.patch("a", {"n": 1})
    await values.remove("a")

    assert (error.status, error.hint) == (507, "remove some, or raise the setting max_values")
    await values.create({"_id": "c"})
    assert [r["_id"] for r in values.find()] == ["b", "c"]


async def test_so_many_bytes(store: SqliteStore) -> None:
    """All records together; what makes one smaller goes even when there is no room."""
    values = Values(store, Limits(total_bytes=300))
    await values.create({"_id": "a", "v": "x" * 100})

    error = await refused(values.create({"v": "x" * 200}))
    grown = await refused(values.patch("a", {"w": "x" * 200}))
    await values.patch("a", {"v": "x" * 20})

    assert (error.status, grown.status) == (507, 507)
    await values.create({"v": "x" * 200})


async def test_what_was_refused_takes_no_room(store: SqliteStore) -> None:
    """A list that is refused at its end leaves the count as it was."""
    values = Values(store, Limits(records=3, total_bytes=200))

    for _ in range(5):
        await refused(values.create([{"a": "x" * 80}, {"_id": 5}]))

    await values.create([{"a": "x" * 80}, {}, {}])


async def test_limits_count_what_was_there(store: SqliteStore) -> None:
    """After a restart as before."""
    await Values(store).create([{}, {}])

    assert (await refused(Values(store, Limits(records=2)).create({}))).status == 507
    assert (await refused(Values(store, Limits(total_bytes=60)).create({}))).status == 507


async def test_the_size_of_a_record(store: SqliteStore) -> None:
    """A patch that makes one too large is refused like a create."""
    values = Values(store, Limits(record_bytes=100))
    await values.create({"_id": "a", "v": "x" * 60})

    error = await refused(values.create({"v": "x" * 100}))
    grown = await refused(values.patch("a", {"w": "x" * 60}))

    assert (error.status, grown.status) == (413, 413)
    assert values.get("a") == {"_id": "a", "v": "x" * 60}


async def test_records_of_one_call(values: Values, monkeypatch: pytest.MonkeyPatch) -> None:
    """More are refused, for nobody else is answered meanwhile; $limit takes them in parts."""
    monkeypatch.setattr("agnez_server.values.service.MAX_BULK", 3)
    monkeypatch.setattr("agnez_server.values.draft.MAX_BULK", 3)
    await values.create([{}, {}])
    await values.create([{}, {}])

    assert isinstance(await refused(values.create([{}] * 4)), TooLarge)
    assert isinstance(await refused(values.patch(None, {})), TooLarge)
    assert isinstance(await refused(values.remove(None)), TooLarge)
    assert len(await values.remove(None, {"$limit": 3})) == 3
    assert len(values.find()) == 1


async def test_bytes_of_one_patch(values: Values, monkeypatch: pytest.MonkeyPatch) -> None:
    """A patch of several large records at once is refused."""
    monkeypatch.setattr("agnez_server.values.draft.MAX_BULK_BYTES", 150)
    await values.create([{"v": "x" * 100}, {"v": "x" * 100}])

    assert isinstance(await refused(values.patch(None, {"a": 1})), TooLarge)
    assert len(await values.patch(None, {"a": 1}, {"$limit": 1})) == 1


def nested(levels: int) -> Any:
    """An object of so many levels."""
    value: Any = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


async def test_levels_of_a_record(values: Values) -> None:
    """64 go, and come back."""
    made = await values.create(nested(records.MAX_DEPTH))

    assert values.get(made["_id"]) == made
    assert isinstance(await refused(values.create(nested(records.MAX_DEPTH + 1))), BadRequest)
    assert isinstance(await refused(values.create(nested(100_000))), BadRequest)


@pytest.mark.parametrize(
    "query",
    [{"$or": [{"a": n} for n in range(100_000)]}, {"$sort": {str(n): 1 for n in range(1000)}},
     {"$and": [{"$or": [{"a": 1}] * 50}] * 50}, {"a": {"$in": list(range(100_000))}},
     {"$select": [str(n) for n in range(1000)]}, {"a" * 1000: 1}, {"$sort": {"a" * 1000: 1}},
     {str(n): n for n in range(200)}, {"a": {"$not": {"$not": {"$lt": 1}}}}],
    ids=lambda query: str(query)[:20],
)  # fmt: skip
async def test_queries_that_would_take_long(values: Values, query: dict[str, Any]) -> None:
    """Refused by every method before a record is looked at; the last one goes."""
    if "$not" in str(query):
        assert values.find(query) == []
        return
    with pytest.raises(BadRequest):
        values.find(query)
    with pytest.raises(BadRequest):
        values.get("x", query)
    for call in (values.patch(None, {}, query), values.remove(None, query)):
        assert isinstance(await refused(call), BadRequest)


async def test_levels_of_a_query(values: Values) -> None:
    """However deep a query is, it is refused and nothing breaks."""
    for operator in ("$or", "$and", "$not"):
        query: Any = {"a": 1}
        for _ in range(100_000):
            query = {"$not": query} if operator == "$not" else {operator: [query]}
        with pytest.raises(BadRequest):
            values.find(query)
    inner: Any = {"$lt": 1}
    for _ in range(conditions.MAX_DEPTH + 1):
        inner = {"$not": inner}
    with pytest.raises(BadRequest):
        values.find({"a": inner})
