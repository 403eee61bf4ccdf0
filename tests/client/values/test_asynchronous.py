"""The client of `/values` for programs with an event loop, against a real server."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from agnez_client import AsyncValues, TransportError, Values
from agnez_client.values.errors import BadRequest, NotFound


async def test_documents_are_made_found_changed_and_removed(
    values: Values, server_url: str
) -> None:
    """The same calls as of `Values`, with the same answers."""
    async with AsyncValues(server_url) as client:
        first, second = await client.create([{"name": "a b", "n": 1}, {"name": "c", "n": 2}])

        assert await client.find({"n": {"$gt": 1}}) == [second]
        assert await client.find(name="a b") == [first]
        assert await client.get(first["_id"], {"$select": ["n"]}) == {"_id": first["_id"], "n": 1}
        assert (await client.patch(first["_id"], {"n": 3}))["name"] == "a b"
        assert await client.update(first["_id"], {"n": 4}) == {"_id": first["_id"], "n": 4}
        assert await client.remove({"n": {"$in": [2]}}) == [second]
        assert [r["n"] for r in await client.remove(everything=True)] == [4]


async def test_many_calls_go_side_by_side(values: Values, server_url: str) -> None:
    """Calls that are awaited together are all answered."""
    async with AsyncValues(server_url) as client:
        await asyncio.gather(*(client.create({"n": n}) for n in range(20)))

    assert sorted(r["n"] for r in values.find()) == list(range(20))


async def test_refusals_are_the_same_errors(values: Values, server_url: str) -> None:
    """`NotFound` and `BadRequest`, as from `Values`."""
    async with AsyncValues(server_url) as client:
        with pytest.raises(NotFound, match="No record found"):
            await client.get("a/b")
        with pytest.raises(BadRequest, match="everything=True"):
            await client.remove()


async def test_a_cell_shows_html_pictures_and_addresses(values: Values, server_url: str) -> None:
    """As that of `Values` does, in the same cell."""
    async with AsyncValues(server_url) as client:
        cell = await client.cell("Loss", pos=1, description="of one run")
        assert cell.id == values.cell("Loss", pos=1, description="of one run").id

        assert await cell.show("<b>0.5</b>")
        assert values.get(cell.id)["value"] == "<b>0.5</b>"
        assert await cell.show(np.zeros((2, 2)))
        assert values.get(cell.id)["value"].startswith("api/v1/blobs/")
        with pytest.raises(BadRequest, match="javascript"):
            await cell.show(url="javascript:alert(1)")
        await cell.remove()
        assert not await cell.show("it is gone")


async def test_nobody_at_the_address_is_said() -> None:
    """An absent server is a TransportError that says so."""
    async with AsyncValues("http://127.0.0.1:1") as client:
        with pytest.raises(TransportError, match=r"does not answer.*agnez up") as caught:
            await client.find()
    assert caught.value.refused
