"""Records of many values, and queries that would look at all of them again and again."""

from __future__ import annotations

from typing import Any

import pytest

from agnez_server.errors import BadRequest, TooLarge
from agnez_server.values import effort, records
from agnez_server.values.comparing import AnyOf
from agnez_server.values.query import parse_query
from agnez_server.values.service import Values

LONG = {"list": [0] * 50_000}
ABSENT = {"$or": [{"list": n} for n in range(1, 91)]}


async def test_a_query_of_one_record_looks_at_few_values(values: Values) -> None:
    """90 conditions on 50,000 numbers are 4.5 million looks, on the loop: refused."""
    id = (await values.create(LONG))["_id"]  # type: ignore[call-overload]

    for call in (values.patch(id, {}, ABSENT), values.remove(id, ABSENT)):
        with pytest.raises(BadRequest, match="look at more than 100000 values"):
            await call
    with pytest.raises(BadRequest, match="look at more"):
        values.get(id, ABSENT)
    assert values.get(id, {"list": 0})["_id"] == id


async def test_a_find_that_looks_long_is_not_quick(values: Values) -> None:
    """It belongs in a thread, though the records are few."""
    await values.create(LONG)

    assert values.finder({}).is_quick
    assert not values.finder(ABSENT).is_quick
    assert values.finder(ABSENT)() == []


async def test_a_find_has_an_end() -> None:
    """All that it may look at is counted, whatever it is."""
    for query, record in (
        ({"a": 1}, {"a": [0] * 1000}),
        ({"a": {"$gt": 1}}, {"a": [0] * 1000}),
        ({"a.b.c": 1}, {"a": [{"b": 0}] * 1000}),
        ({"a.b": {"$exists": False}}, {"a": [{"b": 0}] * 1000}),
        ({"a": {"$in": [{"b": n} for n in range(500)]}}, {"a": [{"b": -1}, {"b": -2}]}),
    ):
        matches = parse_query(query, looks=900).matches
        with pytest.raises(BadRequest, match="more than 900 values"):
            matches(record)
    assert effort.MOST_LOOKS >= 100 * 100_000  # all conditions on all records that there can be


async def test_objects_weigh_what_they_hold() -> None:
    """By hand: 1 for the look; the object, its list, two numbers."""
    assert AnyOf(["x", 1, None], text=False).weight == 1
    assert AnyOf([{"a": [1, 2]}], text=False).weight == 1 + 4


@pytest.mark.parametrize("data", [{"a": [0] * 1000}, [{"a": [[0] * 300]}, {"a": [{"b": 0}] * 400}]])
async def test_more_values_than_can_be_looked_at(
    values: Values, data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They count over all records that come together; what is refused leaves nothing."""
    monkeypatch.setattr(records, "MAX_VALUES", 1000)

    with pytest.raises(TooLarge, match="more than 1000 values"):
        await values.create(data)

    assert values.find() == []


async def test_a_patch_of_many_counts_what_it_brings(values: Values) -> None:
    """100 small records and a body of a megabyte would be 100 MB in one commit."""
    await values.create([{"n": n} for n in range(100)])

    with pytest.raises(TooLarge, match="100 records that match would take"):
        await values.patch(None, {"value": "x" * (1 << 20)})

    assert all("value" not in record for record in values.find())
