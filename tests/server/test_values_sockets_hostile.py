"""Noise, size and laziness on the sockets of `/values`: an answer or an end, and nobody else's."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agnez_server.keys import FEATHERS, HUB, VALUES
from agnez_server.live.unread import BATCH_BYTES, MOST_BYTES, STUCK_AFTER_S, Unread
from tests.server.feathers_socket import (
    FeathersSocket,
    error_of,
    raw_call,
    raw_feathers_socket,
)
from tests.server.running import RunningServer
from tests.server.sockets import RawSocket, narrow_http, raw_socket
from tests.server.test_hostile_sockets import BROKEN
from tests.server.test_live import until
from tests.support.complaints import listening_to_the_log

MIB = 1 << 20
METHODS = ["find", "get", "create", "update", "patch", "remove"]
OPERATORS = ["$or", "$and", "$in", "$nin", "$gt", "$ne", "$sort", "$limit", "$skip", "$select",
             "$where", "$exists", "$not", "_id", "n", "a.b", "run", "pos", ""]  # fmt: skip

words = st.sampled_from(OPERATORS) | st.text(max_size=6)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(words, anything, max_size=4)


@pytest.fixture(scope="module")
async def caller(shared: RunningServer) -> AsyncIterator[RawSocket]:
    """One socket for many small blows: they must not close it, and the log stays silent."""
    socket = await raw_feathers_socket(shared)
    with listening_to_the_log() as complaints:
        yield socket
    assert complaints == []
    assert (await raw_call(socket, "find", "values", {"$limit": 0})) == [None, []]
    await socket.socket.close()


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(METHODS),
    arguments=st.lists(anything | objects, max_size=4),
    is_old=st.booleans(),
)
async def test_any_arguments_are_answered(
    caller: RawSocket, method: str, arguments: list[Any],
    is_old: bool,
) -> None:  # fmt: skip
    """With a result, or an error in Feathers' shape; the log has nothing to say."""
    event = [f"values::{method}"] if is_old else [method, "values"]

    answer = await raw_call(caller, *event, *arguments)

    if len(answer) == 1:
        assert error_of(answer)["code"] in (400, 404, 409)
    else:
        assert answer[0] is None
        assert isinstance(answer[1], dict | list)


@settings(max_examples=50, deadline=None)
@given(st.lists(anything, min_size=1, max_size=4))
async def test_any_event_is_answered(caller: RawSocket, event: list[Any]) -> None:
    """Also one whose name is no text; names of handlers of the library are not called."""
    answer = await raw_call(caller, *event)

    assert error_of(answer)["name"] in ("MethodNotAllowed", "BadRequest", "NotFound")


@pytest.mark.parametrize("name", ["connect", "disconnect", "*", "__disconnect_final"])
async def test_handlers_of_the_library_are_not_for_callers(
    server: RunningServer, name: str
) -> None:
    """An event of such a name is refused, and the connection stays."""
    socket = await raw_feathers_socket(server)

    assert error_of(await raw_call(socket, name, {}))["name"] == "BadRequest"
    assert await raw_call(socket, "find", "values") == [None, []]


@pytest.mark.parametrize("text", [t.replace("/live,", "") for t in BROKEN], ids=lambda t: t[:24])
async def test_a_broken_message_harms_nobody(victim: RunningServer, text: str) -> None:
    """It is answered, or its connection ends; nobody else notices."""
    other = FeathersSocket()
    await other.join(victim)
    socket = await raw_feathers_socket(victim)

    with suppress(ConnectionError):
        await socket.say(text)
        await socket.socket.send_bytes(b"\x00\x01")
        await socket.say('427["find","values",{}]')

    assert await other.call("find", "values") == []
    await socket.socket.close()
    await other.leave()
    await until(lambda: not victim.served.app[FEATHERS].connections())


# -- size ------------------------------------------------------------------------------------


def said(size: int) -> str:
    """A create whose message has about *size* bytes."""
    return f'427["create","values",{{"value":"{"x" * size}"}}]'


@pytest.mark.parametrize(("size", "fits"), [(7 * MIB, True), (9 * MIB, False)])
async def test_a_message_has_a_most_of_bytes(victim: RunningServer, size: int, fits: bool) -> None:
    """As the setting max_message_bytes says; beyond, the connection ends."""
    socket = await raw_feathers_socket(victim, max_msg_size=0)

    with suppress(ConnectionError):
        await socket.say(said(size))

    if fits:
        answer = json.loads((await socket.hear("437"))[3:])
        assert len(answer[1]["value"]) == size
    else:
        await socket.closed()
        assert victim.served.app[VALUES].find() == []


@pytest.mark.parametrize("text", ['42/live,7["watch","{}"]', '42["find","{}"]'])
async def test_other_messages_stay_small(victim: RunningServer, text: str) -> None:
    """Those to /live, and those of who has not joined: a MiB."""
    socket = await raw_socket(victim, join=False)
    if "/live" in text:
        for joining in ("40", "40/live,"):
            await socket.say(joining)
            await socket.hear(joining)

    await socket.say(text.format("x" * 2 * MIB))

    await socket.closed()


async def test_a_polled_message_has_a_most_of_bytes(start: Any) -> None:
    """It is refused before it is read; who has not joined may send little."""
    async with start(max_message_bytes=3 * MIB) as server:
        url = f"{server.root}/socket.io/?EIO=4&transport=polling"
        async with server.http.get(url) as answer:
            url += "&sid=" + json.loads((await answer.text())[1:])["sid"]
        statuses = []
        for body in (said(2 * MIB), "40", said(2 * MIB), said(3 * MIB)):
            async with server.http.post(url, data=io.BytesIO(body.encode())) as answer:
                statuses.append(answer.status)

        assert statuses == [413, 200, 200, 413]
        assert len(server.served.app[VALUES].find()) == 1


async def test_a_poll_is_answered_when_its_client_goes(server: RunningServer) -> None:
    """Also that of one who never joined: a client waits for it before it goes."""
    url = f"{server.root}/socket.io/?EIO=4&transport=polling"
    async with server.http.get(url) as answer:
        url += "&sid=" + json.loads((await answer.text())[1:])["sid"]
    poll = asyncio.ensure_future(server.http.get(url))
    (socket,) = server.served.app[HUB].door.server.eio.sockets.values()
    await until(lambda: bool(socket.queue._getters))

    async with server.http.post(url, data=b"1") as answer:
        assert answer.status == 200

    (await asyncio.wait_for(poll, 5)).close()


# -- who does not read -----------------------------------------------------------------------


async def test_who_does_not_read_delays_nobody_and_is_sent_away(server: RunningServer) -> None:
    """
    Events wait for him once for all; when he has read nothing for a while, he goes.

    Who reads hears every one of them.
    """
    door, value = server.served.app[HUB].door, "x" * MIB
    now = door._clock()
    door._clock = lambda: now
    reader = FeathersSocket()
    await reader.join(server)
    async with narrow_http() as http:
        lazy = [await raw_feathers_socket(server, http=http) for _ in range(4)]
        for n in range(2 * MOST_BYTES // MIB):
            await server.served.app[VALUES].create({"n": n, "value": value})
            assert (await reader.next())[1]["n"] == n
        queues = [socket.queue for socket in door.server.eio.sockets.values()]
        waiting = [list(queue._queue) for queue in queues if queue.is_behind()]
        assert len(waiting) == len(lazy)
        assert all(one is other for one, other in zip(waiting[0], waiting[1], strict=False))
        await door.sweep()
        assert server.served.app[FEATHERS].connections() == 1 + len(lazy)

        now += STUCK_AFTER_S
        await door.sweep()
        for socket in lazy:
            with suppress(ConnectionError):
                await socket.closed()

    assert server.served.app[FEATHERS].connections() == 1
    assert await reader.call("find", "values", {"$limit": 0}) == []
    await reader.leave()


async def test_who_asks_and_never_reads_is_not_answered_for_ever(server: RunningServer) -> None:
    """Answers that nobody takes do not pile up: his further calls wait."""
    await server.served.app[VALUES].create({"value": "x" * MIB})
    feathers, door = server.served.app[FEATHERS], server.served.app[HUB].door
    async with narrow_http() as http:
        socket = await raw_feathers_socket(server, http=http)
        (queue,) = (one.queue for one in door.server.eio.sockets.values())
        for _ in range(100):
            await socket.say('427["find","values",{}]')
        await until(queue.is_behind)

        now = door._clock() + STUCK_AFTER_S
        door._clock = lambda: now
        await door.sweep()
        await until(lambda: not feathers.connections())

    assert queue.bytes < MOST_BYTES + 2 * MIB


async def test_thousands_of_events_at_once_are_no_reason_to_go(server: RunningServer) -> None:
    """One request may cause them; who reads gets them all."""
    reader = FeathersSocket()
    await reader.join(server, transport="polling")
    many = [{"n": n} for n in range(2000)]

    await server.served.app[VALUES].create(many)
    await server.served.app[HUB].door.sweep()

    assert [(await reader.next())[1]["n"] for _ in many] == list(range(2000))
    await reader.leave()


# -- the queue -------------------------------------------------------------------------------


class Message:
    """What has a size."""

    def __init__(self, size: int) -> None:
        self.data = "x" * size


async def test_a_writer_takes_little_at_once() -> None:
    """So that what it holds is not counted as read when it is not."""
    queue = Unread(lambda: 0.0)
    for _ in range(10):
        queue.put_nowait(Message(BATCH_BYTES // 2))

    await queue.get()
    queue.get_nowait()

    with pytest.raises(asyncio.QueueEmpty):
        queue.get_nowait()
    await queue.get()
    assert (queue.qsize(), queue.bytes) == (7, 7 * BATCH_BYTES // 2)


async def test_who_reads_slowly_is_not_lost() -> None:
    """Behind he may be for hours, as long as he takes something now and then."""
    now = 0.0
    queue = Unread(lambda: now)
    for _ in range(1000):
        queue.put_nowait(Message(1))
    for _ in range(500):
        now += STUCK_AFTER_S - 1
        assert queue.is_behind()
        assert not queue.is_lost()
        await queue.get()

    now += STUCK_AFTER_S
    assert queue.is_lost()


async def test_calls_wait_for_room_and_for_the_end() -> None:
    """Who is behind is not answered until he reads, or goes."""
    queue = Unread(lambda: 0.0)
    queue.put_nowait(Message(MOST_BYTES + 1))
    waiting = asyncio.ensure_future(queue.room())
    await asyncio.sleep(0)
    assert not waiting.done()

    await queue.get()
    await waiting

    queue.put_nowait(Message(MOST_BYTES + 1))
    queue.put_nowait(None)
    await queue.room()
