"""Of many records, those that match are looked up beforehand, and nothing is missed by it."""

from __future__ import annotations

import asyncio

import pytest

from agnez_server.values import foresight
from agnez_server.values.foresight import foresee
from agnez_server.values.query import parse_query
from agnez_server.values.service import Values


@pytest.fixture(autouse=True)
def every_table_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """One record is many."""
    monkeypatch.setattr(foresight, "FEW", 0)


async def test_what_changed_since_is_looked_at_again() -> None:
    """A record that came, changed or went meanwhile counts as it is now."""
    query = parse_query({"n": 1})
    rows = {"1": {"n": 1}, "2": {"n": 2}, "3": {"n": 1}, "4": {"n": 1}, "5": {"n": 2}}
    seen = await foresee(query, rows, 0)

    now = {"1": rows["1"], "2": {"n": 1}, "3": {"n": 2}, "5": rows["5"], "6": {"n": 1}}

    assert [record.doc_id for record in seen.matches(query, now)] == [1, 2, 6]


async def test_changes_side_by_side(values: Values) -> None:
    """Each of two callers removes what he means, and all of it is removed once."""
    await values.create([{"n": n % 2, "k": n} for n in range(200)])

    removed = await asyncio.gather(
        values.remove(None, {"n": 0}), values.remove(None, {"k": {"$lt": 100}}),
        values.patch(None, {"n": 2}, {"n": 1, "k": {"$gte": 100}}),
    )  # fmt: skip

    once = sorted(record["k"] for some in removed[:2] for record in some)
    assert once == sorted({*range(0, 200, 2), *range(100)})
    assert [record["n"] for record in values.find()] == [2] * 50


async def test_what_was_arranged_beside_the_loop_is_taken_as_it_is() -> None:
    """Nothing has changed: the order and the limit are those of the query."""
    rows = {str(i): {"n": -i} for i in range(50)}
    query = parse_query({"n": {"$gt": -40}, "$sort": {"n": 1}, "$limit": 3})
    seen = await foresee(query, rows, 0)

    assert [one.doc_id for one in seen.found(query, rows)] == [39, 38, 37]


async def test_what_changed_meanwhile_is_arranged_anew() -> None:
    """A record that has another value, one that is gone, and a new one."""
    rows = {str(i): {"n": -i} for i in range(50)}
    query = parse_query({"n": {"$gt": -40}, "$sort": {"n": 1}, "$limit": 3})
    seen = await foresee(query, rows, 0)
    later = {**rows, "38": {"n": 5}, "50": {"n": -39.5}}
    del later["37"]

    assert [one.doc_id for one in seen.found(query, later)] == [50, 39, 36]
    del later["39"]
    assert [one.doc_id for one in seen.found(query, later)] == [50, 36, 35]
