"""Answers over sockets that are too large, one by one or all together."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from agnez_server.keys import VALUES
from agnez_server.live import feathers
from agnez_server.live.unread import Unread
from tests.server.feathers_socket import FeathersSocket
from tests.server.running import RunningServer


@pytest.fixture
async def client(server: RunningServer) -> AsyncIterator[FeathersSocket]:
    """A connection, to a server that has three records of 1 MiB."""
    await server.served.app[VALUES].create([{"n": n, "value": "é" * (1 << 19)} for n in range(3)])
    client = FeathersSocket()
    await client.join(server)
    yield client
    await client.leave()


async def test_all_that_is_found_goes_as_one_answer(client: FeathersSocket) -> None:
    """3 MiB of letters that take two bytes each."""
    found = await client.call("find", "values", {"$sort": {"n": 1}})

    assert [(record["n"], len(record["value"])) for record in found] == [
        (n, 1 << 19) for n in (0, 1, 2)
    ]


async def test_more_than_goes_into_a_message(
    client: FeathersSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused, and the connection stays; parts of it are answered."""
    monkeypatch.setattr(feathers, "MAX_ANSWER", 5 << 19)

    error = await client.refused("find", "values", {})

    assert (error["code"], error["name"]) == (413, "PayloadTooLarge")
    assert "$limit" in error["data"]["hint"]
    assert len(await client.call("find", "values", {"$limit": 2})) == 2
    assert len(await client.call("find", "values", {"$select": ["n"]})) == 3


@pytest.mark.parametrize("change", [("remove", None), ("patch", None, {"seen": True})])
async def test_what_is_too_much_to_answer_is_not_done(
    client: FeathersSocket, monkeypatch: pytest.MonkeyPatch, change: tuple[object, ...]
) -> None:
    """Nothing is changed, nobody is told; with less of each record it is done."""
    monkeypatch.setattr(feathers, "MAX_ANSWER", 5 << 19)
    method, *given = change

    error = await client.refused(str(method), "values", *given, {})

    assert (error["code"], error["name"]) == (413, "PayloadTooLarge")
    assert client.told.empty()
    assert await client.call("find", "values", {"seen": True}) == []
    done = await client.call(str(method), "values", *given, {"$select": ["n"]})
    assert [record["n"] for record in done] == [0, 1, 2]
    assert (await client.next())[0] == f"values {method}{'d' if method == 'remove' else 'ed'}"


async def test_where_much_waits_already_only_little_is_answered(
    client: FeathersSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads nothing must not cost the memory of all: others are told to come back."""
    monkeypatch.setattr(feathers, "MAX_HELD", 5 << 19)

    [error] = await client.ask("find", "values", {})

    assert (error["code"], error["name"]) == (503, "Unavailable")
    assert len(await client.call("find", "values", {"$select": ["n"]})) == 3


async def test_what_a_writer_holds_counts() -> None:
    """A message that was taken and is not on the wire yet lies in memory like one that waits."""
    queue = Unread(lambda: 0.0)
    for text in ("x" * 100, "y" * 10):
        queue.put_nowait(type("Message", (), {"data": text})())

    await queue.get()
    assert (queue.bytes, queue.held) == (10, 110)
    await queue.get()
    assert queue.held == 10
