"""Calls of `/values` over sockets by a client that is not Feathers' own, and who hears of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import socketio

from agnez_server.authfiles import AuthFiles
from agnez_server.keys import FEATHERS, HUB
from tests.server.feathers_socket import FeathersSocket
from tests.server.logins import bearer
from tests.server.running import RunningServer
from tests.server.test_live import until

Join = Callable[..., Awaitable[FeathersSocket]]


@pytest.fixture
async def join() -> AsyncIterator[Join]:
    """Connects clients, which leave before the server ends."""
    found = list[FeathersSocket]()

    async def join(server: RunningServer, **given: Any) -> FeathersSocket:
        found.append(FeathersSocket())
        await found[-1].join(server, **given)
        return found[-1]

    yield join
    for client in found:
        await client.leave()


# -- calls -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["values", "api/v1/values"])
async def test_the_older_calls_are_answered(server: RunningServer, join: Join, path: str) -> None:
    """`values::create` and so on, as clients of Feathers 1 and 2 call."""
    client = await join(server)

    made = await client.call(f"{path}::create", {"n": 1}, {})
    id = made["_id"]

    assert await client.call(f"{path}::get", id, {}) == {"n": 1, "_id": id}
    assert await client.call(f"{path}::patch", id, {"m": 2}, {}) == {"n": 1, "m": 2, "_id": id}
    assert await client.call(f"{path}::update", id, {"o": 3}, {}) == {"o": 3, "_id": id}
    assert await client.call(f"{path}::find", {"o": 3}) == [{"o": 3, "_id": id}]
    assert await client.call(f"{path}::remove", id, {}) == {"o": 3, "_id": id}


async def test_the_query_may_be_left_out(server: RunningServer, join: Join) -> None:
    """None, null and an empty object are the same."""
    client = await join(server)
    made = await client.call("create", "/values/", {"n": 1})

    for query in ((), (None,), ({},)):
        assert await client.call("find", "values", *query) == [made]
        assert await client.call("get", "values", made["_id"], *query) == made


async def test_nobody_has_to_wait_for_an_answer(server: RunningServer, join: Join) -> None:
    """A call without an acknowledgement is done all the same."""
    client = await join(server)

    await client.client.emit("create", ("values", {"n": 1}))
    event, made = await client.next()

    assert event == "values created"
    assert await client.call("find", "values", {}) == [made]


async def test_calls_are_done_in_the_order_sent(server: RunningServer, join: Join) -> None:
    """Without waiting in between; others hear of it in this order."""
    client, other = await join(server), await join(server, transport="polling")
    for n in range(30):
        await client.client.emit("create", ("values", {"_id": f"r{n}", "n": 0}))
        await client.client.emit("patch", ("values", f"r{n}", {"n": 1}, {}))

    heard = [await other.next() for _ in range(60)]

    assert [(event.split()[1], record["_id"]) for event, record in heard] == [
        (event, f"r{n}") for n in range(30) for event in ("created", "patched")
    ]


REFUSED: list[tuple[str, tuple[Any, ...], str]] = [
    ("find", ("nope", {}), "NotFound"), ("find", (), "NotFound"), ("find", (5, {}), "NotFound"),
    ("find", ({},), "NotFound"), ("nope::find", ({},), "NotFound"), ("::find", (), "NotFound"),
    ("find", ("values", {}, {}), "BadRequest"), ("values::find", ({}, {}), "BadRequest"),
    ("patch", ("values", "x", {}, {}, {}), "BadRequest"),
    ("find", ("values", "x"), "BadRequest"), ("find", ("values", []), "BadRequest"),
    ("find", ("values", {"$where": "1"}), "BadRequest"),
    ("get", ("values",), "BadRequest"), ("get", ("values", None, {}), "BadRequest"),
    ("get", ("values", {"$ne": None}, {}), "BadRequest"), ("get", ("values", []), "BadRequest"),
    ("get", ("values", "../x"), "NotFound"), ("get", ("values", 5), "NotFound"),
    ("create", ("values",), "BadRequest"), ("create", ("values", 5), "BadRequest"),
    ("create", ("values", [5]), "BadRequest"), ("create", ("values", {"_id": {}}), "BadRequest"),
    ("update", ("values", None, {}), "BadRequest"), ("update", ("values", "x"), "BadRequest"),
    ("patch", ("values", {"$ne": 1}, {}), "BadRequest"), ("patch", ("values", None), "BadRequest"),
    ("remove", ("values", {}), "BadRequest"), ("remove", ("values", "x"), "NotFound"),
    ("nope", ("values", {}), "MethodNotAllowed"), ("values::nope", (), "MethodNotAllowed"),
    ("finder", ("values", {}), "MethodNotAllowed"), ("close", ("values",), "MethodNotAllowed"),
    ("__init__", ("values",), "MethodNotAllowed"), ("message", ("x",), "MethodNotAllowed"),
    ("", (), "MethodNotAllowed"),
    ("create", ("values", {"value": b"bytes"}, {}), "BadRequest"),
]  # fmt: skip


async def test_what_is_wrong_is_said(server: RunningServer, join: Join) -> None:
    """An error alone is acknowledged, in Feathers' shape; nothing is changed or told."""
    client = await join(server)
    for event, given, name in REFUSED:
        error = await client.refused(event, *given)
        assert error["name"] == name, (event, given, error)

    assert await client.call("find", "values", {}) == []
    assert client.told.empty()


# -- who may ---------------------------------------------------------------------------------


async def test_who_may_not_read_is_not_let_in(locked: RunningServer, join: Join) -> None:
    """The refusal holds the error as Feathers has it."""
    for given in ({}, {"token": "agnez_wrong"}, {"headers": bearer("agnez_wrong")}):
        with pytest.raises(socketio.exceptions.ConnectionError):
            await join(locked, **given)

    assert locked.served.app[FEATHERS].connections() == 0


async def test_reading_is_not_writing(locked: RunningServer, join: Join, files: AuthFiles) -> None:
    """A token that may read finds and hears; what would change something is Forbidden."""
    reader = await join(locked, token=files.add_token("r", "read")[1])
    writer = await join(locked, headers=bearer(files.add_token("w", "write")[1]))
    made = await writer.call("create", "values", {"n": 1}, {})

    for event, *given in (("create", {}), ("update", made["_id"], {}), ("patch", None, {}),
                          ("remove", None)):  # fmt: skip
        assert (await reader.refused(event, "values", *given))["name"] == "Forbidden"

    assert await reader.call("find", "values", {}) == [made]
    assert await reader.call("values::get", made["_id"]) == made
    assert await reader.next() == ("values created", made)


async def test_a_token_that_is_taken_away_ends_its_socket(
    locked: RunningServer, join: Join, files: AuthFiles
) -> None:
    """Its next call is refused at once, and it hears nothing after a second or so."""
    token, secret = files.add_token("t", "write")
    client = await join(locked, token=secret)

    files.remove_token(token.id)
    error = await client.refused("create", "values", {"n": 1}, {})
    await locked.served.app[HUB].door.sweep()
    await client.gone.wait()

    assert error["name"] == "NotAuthenticated"
    assert locked.served.app[FEATHERS].connections() == 0


async def test_pages_of_others_are_not_let_in(server: RunningServer) -> None:
    """A browser opens sockets to any site: the Origin says where from."""
    with pytest.raises(Exception, match="403"):
        await server.http.ws_connect(
            f"{server.base}/socket.io/?EIO=4&transport=websocket", origin="https://evil.example"
        )


# -- beside /live ----------------------------------------------------------------------------


async def test_one_connection_may_have_both_namespaces(server: RunningServer, join: Join) -> None:
    """Leaving one of them leaves the other as it is."""
    client = FeathersSocket()
    await client.client.connect(server.root, transports=["websocket"], namespaces=["/", "/live"])
    hub, feathers = server.served.app[HUB], server.served.app[FEATHERS]
    assert (hub.viewers(), feathers.connections()) == (1, 1)

    await client.client._send_packet(
        client.client.packet_class(socketio.packet.DISCONNECT, namespace="/live")
    )
    await until(lambda: not hub.viewers())
    made = await client.call("create", "values", {"n": 1})

    assert await client.next() == ("values created", made)
    await client.leave()
    await until(lambda: not feathers.connections())


async def test_who_calls_values_has_joined(server: RunningServer, join: Join) -> None:
    """Connections that never join are closed after a while; these are not."""
    client, door = await join(server), server.served.app[HUB].door
    now = door._clock() + 3600
    await door.sweep()
    door._clock = lambda: now

    await door.sweep()

    assert await client.call("find", "values") == []
