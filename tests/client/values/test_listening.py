"""Hearing of changes, in both kinds of programs, from a real server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agnez_client import AsyncValues, TransportError, Values
from agnez_client.values.listener import Listener
from tests.support.machine import Machine


def test_every_change_is_heard_once_and_in_order(values: Values) -> None:
    """Whole records, as `created`, `patched`, `updated` and `removed`."""
    with values.listen() as events:
        made = values.create({"n": 1})
        id = made["_id"]
        values.patch(id, {"m": 2})
        values.update(id, {"n": 3})
        values.remove(id)
        heard = [events.wait(20) for _ in range(4)]

    assert heard == [
        ("created", made),
        ("patched", {"_id": id, "n": 1, "m": 2}),
        ("updated", {"_id": id, "n": 3}),
        ("removed", {"_id": id, "n": 3}),
    ]


def test_a_loop_over_events_ends_with_close(values: Values) -> None:
    """What was heard before is still given out, then the loop is over."""
    events = values.listen()
    values.create({"n": 1})
    heard = []
    for event, record in events:
        heard.append((event, record["n"]))
        events.close()

    assert heard == [("created", 1)]
    assert events.wait(0) is None


def test_a_large_record_is_heard(values: Values) -> None:
    """A document of 2 MB arrives whole."""
    with values.listen() as events:
        values.create({"value": "x" * 2_000_000})
        heard = events.wait(30)

    assert heard is not None
    assert len(heard[1]["value"]) == 2_000_000


def test_who_is_too_slow_is_told(values: Values) -> None:
    """Beyond the limit what waits is dropped, and one event says so."""
    with Listener(values.url, None, most_unread=3) as slow, values.listen() as other:
        values.create([{"n": n} for n in range(200)])
        for _ in range(200):
            assert other.wait(20) is not None
        heard = [slow.wait(20)]
        while heard[-1] not in (None, ("missed", {})):
            heard.append(slow.wait(20))

    assert heard[-1] == ("missed", {})
    assert len(heard) <= 4


def test_nobody_at_the_address_is_said() -> None:
    """Listening to an absent server is a TransportError."""
    with pytest.raises(TransportError, match="can't be listened to"):
        Listener("http://127.0.0.1:1", None)


async def test_a_loop_over_events_can_be_awaited(values: Values, server_url: str) -> None:
    """`async for` gives what happens inside of the block."""
    heard = []
    async with AsyncValues(server_url) as client, client.listen() as events:
        await client.create([{"n": 1}, {"n": 2}])
        async for event, record in events:
            heard.append((event, record["n"]))
            if len(heard) == 2:
                break

    assert heard == [("created", 1), ("created", 2)]


async def test_closing_ends_a_loop(server_url: str) -> None:
    """Who waits for an event when it is closed, waits no longer."""
    async with AsyncValues(server_url).listen() as events:
        waiting = asyncio.ensure_future(anext(events, None))
        await asyncio.sleep(0)
        await events.close()

        assert await asyncio.wait_for(waiting, 20) is None


def test_a_server_that_comes_back_is_heard_again(tmp_path: Path) -> None:
    """After a loss of the connection one event says that some may have been missed."""
    machine = Machine(tmp_path)
    try:
        machine.up()
        with Values(machine.url) as values, values.listen() as events:
            machine.kill_server()
            machine.up()
            assert events.wait(30) == ("missed", {})
            values.create({"n": 1})
            heard = events.wait(20)
            assert heard is not None
            assert heard[1]["n"] == 1
    finally:
        machine.close()
