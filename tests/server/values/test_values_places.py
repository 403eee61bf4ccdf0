"""A training that runs again replaces its cells instead of piling them up."""

from __future__ import annotations

import pytest

from agnez_server.values.service import Values

CELL = {"run": "digits", "pos": 1, "type": "html", "value": "old"}


async def test_the_same_run_and_position_replace(values: Values) -> None:
    """The record keeps its _id, and nothing else of what it had."""
    first = await values.create({**CELL, "extra": 1})

    second = await values.create({**CELL, "value": "new"})

    assert second == {**CELL, "value": "new", "_id": first["_id"]}
    assert values.find() == [second]


@pytest.mark.parametrize("pos", [1, 1.0, "1"])
async def test_one_position_however_it_is_written(values: Values, pos: object) -> None:
    """A form has texts, and some languages know no whole numbers."""
    first = await values.create(CELL)

    second = await values.create({**CELL, "pos": pos})

    assert second["_id"] == first["_id"]


@pytest.mark.parametrize(
    "other",
    [{"pos": 2}, {"run": "other"}, {"pos": None}, {"run": 5}, {"pos": 1.5}, {"pos": True},
     {"pos": "x"}, {"pos": [1]}, {"_id": "mine"}, {"pos": 1e308}, {"pos": "1e999"}],
)  # fmt: skip
async def test_anything_else_is_another_record(values: Values, other: dict[str, object]) -> None:
    """Without both of them, or with an _id of its own, a record is new."""
    await values.create(CELL)
    await values.create({**CELL, **other})
    without = [k for k in CELL if k in other]

    assert len(values.find()) == 2
    if without:
        await values.create({k: v for k, v in CELL.items() if k not in without})
        assert len(values.find()) == 3


async def test_without_a_run_the_seed_is_as_it_was(values: Values) -> None:
    """Cells of no run pile up at one position."""
    await values.create([{"pos": 0}, {"pos": 0}])

    assert len(values.find({"pos": 0})) == 2


async def test_twice_in_one_list(values: Values) -> None:
    """The second of a list replaces the first."""
    made = await values.create([CELL, {**CELL, "value": "new"}])

    assert made[0]["_id"] == made[1]["_id"]
    assert values.find() == [made[1]]


async def test_a_place_that_was_left_is_free(values: Values) -> None:
    """A record that was removed, or moved away, is not replaced."""
    first = await values.create(CELL)
    await values.patch(first["_id"], {"pos": 7})

    second = await values.create(CELL)
    await values.remove(second["_id"])
    third = await values.create(CELL)

    assert len({record["_id"] for record in (first, second, third)}) == 3
    assert values.find({"pos": 7}) == [{**first, "pos": 7}]
