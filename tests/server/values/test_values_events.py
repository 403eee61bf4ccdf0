"""Every change is told once, to every listener, in the order of the changes, after the commit."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from agnez_server.errors import AgnezServerError
from agnez_server.store import SqliteStore, StoreOptions
from agnez_server.values.service import Values


def heard(values: Values) -> list[tuple[str, dict[str, Any]]]:
    """What is told from now on; the records as they are then."""
    told: list[tuple[str, dict[str, Any]]] = []
    values.listen(lambda event, record: told.append((event, dict(record))))
    return told


async def test_each_method_has_its_event(values: Values) -> None:
    """With the whole record, whatever fields the caller asked for."""
    told = heard(values)

    await values.create({"_id": "x", "a": 1}, {"$select": ["_id"]})
    await values.patch("x", {"b": 2}, {"$select": ["b"]})
    await values.update("x", {"c": 3})
    await values.remove("x")

    assert told == [
        ("created", {"_id": "x", "a": 1}),
        ("patched", {"_id": "x", "a": 1, "b": 2}),
        ("updated", {"_id": "x", "c": 3}),
        ("removed", {"_id": "x", "c": 3}),
    ]


async def test_one_event_a_record(values: Values) -> None:
    """Lists and several at once tell of each record, in order."""
    told = heard(values)

    await values.create([{"_id": "a"}, {"_id": "b"}])
    await values.patch(None, {"n": 1}, {"$sort": {"_id": -1}})
    await values.remove(None, {})

    names = [(event, record["_id"]) for event, record in told]
    assert names == [("created", "a"), ("created", "b"), ("patched", "b"), ("patched", "a"),
                     ("removed", "a"), ("removed", "b")]  # fmt: skip


async def test_what_changes_nothing_is_told_too(values: Values) -> None:
    """A patch of nothing is a patch, as with Feathers."""
    await values.create({"_id": "x"})
    told = heard(values)

    await values.patch("x", {})

    assert told == [("patched", {"_id": "x"})]


async def test_a_replaced_record_is_updated(values: Values) -> None:
    """A create that takes the place of a record tells of an update."""
    await values.create({"_id": "x", "run": "r", "pos": 0})
    told = heard(values)

    await values.create({"run": "r", "pos": 0, "n": 1})

    assert told == [("updated", {"_id": "x", "run": "r", "pos": 0, "n": 1})]


async def test_nothing_is_told_of_what_was_refused(values: Values) -> None:
    """Not even of the first records of a list whose last one can't be kept."""
    await values.create({"_id": "x"})
    told = heard(values)

    calls = [values.create([{"a": 1}, {"_id": "x"}]), values.patch("nope", {}),
             values.update(None, {}), values.remove("x", {"a": 1})]  # fmt: skip
    results = await asyncio.gather(*calls, return_exceptions=True)

    assert all(isinstance(result, AgnezServerError) for result in results)
    assert told == []


async def test_nothing_is_told_of_what_the_disk_refused(tmp_path: Path) -> None:
    """What came before a failing disk is told, what it refused is not, what comes later is."""
    broken = False

    def break_disk(_: object) -> None:
        if broken:
            raise OSError("no space left")

    options = StoreOptions(before_commit=break_disk, probe_interval_s=0.01)
    store = await SqliteStore.open(tmp_path / "data", options=options)
    try:
        values = Values(store)
        told = heard(values)
        await values.create({"_id": "a"})
        broken = True
        calls = [values.create({"_id": id}) for id in "bcd"]
        refused = await asyncio.gather(*calls, return_exceptions=True)
        broken = False
        await store.writable()
        await values.create({"_id": "e"})

        assert [type(error).__name__ for error in refused] == ["StoreReadOnly"] * 3
        assert [record["_id"] for _, record in told] == ["a", "e"]
    finally:
        await store.close()


async def test_it_is_committed_when_it_is_told(values: Values) -> None:
    """Who hears of a record and asks for it gets it, before the caller is answered."""
    order: list[Any] = []
    values.listen(lambda _, record: order.append(values.get(record["_id"])))

    order.append(await values.create({"_id": "x"}))

    assert order == [{"_id": "x"}, {"_id": "x"}]


async def test_who_gives_up_waiting_is_told_all_the_same(values: Values) -> None:
    """A caller that goes away has changed the record: everybody hears of it."""
    told = asyncio.Event()
    values.listen(lambda *_: told.set())

    task = asyncio.ensure_future(values.create({"_id": "x"}))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await asyncio.wait_for(told.wait(), 10)
    assert values.get("x") == {"_id": "x"}


async def test_a_listener_that_fails_hurts_nobody(
    values: Values, caplog: pytest.LogCaptureFixture
) -> None:
    """The others hear, the caller is answered, the log has it; one that ended hears nothing."""
    values.listen(lambda *_: 1 / 0)
    told = heard(values)
    end = values.listen(lambda *_: told.append(("", {})))
    end()
    end()

    await values.create({"_id": "x"})

    assert told == [("created", {"_id": "x"})]
    assert "a listener of /values failed" in caplog.text


async def test_many_writers(values: Values) -> None:
    """A thousand changes side by side: what was told, done again, gives what is there."""
    told = heard(values)
    chance = random.Random(7)
    await values.create([{"_id": str(n), "n": 0} for n in range(20)])

    async def write(number: int) -> None:
        for step in range(25):
            id = str(chance.randrange(20))
            kind = chance.random()
            try:
                if kind < 0.5:
                    await values.patch(id, {"n": number * 1000 + step})
                elif kind < 0.6:
                    await values.patch(id, {})
                elif kind < 0.75:
                    await values.remove(id)
                elif kind < 0.9:
                    await values.create({"_id": id, "made": number})
                else:
                    await values.update(id, {"put": step})
            except AgnezServerError:
                await asyncio.sleep(0)

    await asyncio.gather(*(write(number) for number in range(40)))

    again: dict[str, dict[str, Any]] = {}
    for event, record in told:
        assert (event == "created") == (record["_id"] not in again)
        if event == "removed":
            assert again.pop(record["_id"]) == record
        else:
            again[record["_id"]] = record
    assert again == {record["_id"]: record for record in values.find()}
    assert len(told) > 500
