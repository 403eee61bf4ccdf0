"""Noise on the live socket: answered with an error, or the end of its own connection alone."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from agnez_server.keys import HUB
from tests.server.running import RunningServer
from tests.server.sockets import raw_socket

MIB = 1 << 20


BROKEN = ["", "x", "9", "4", "42", "42/live,", "42/live,[]", "42/live,{}", "42/live,[5]",
          "42/live,[[]]",
          '42/live,["watch"', '42/live,["watch",]', '42/live,1["nope",{}]', "42/live,[null]",
          "42/live," + "[" * 50_000, "4" + "9" * 5000, "451-/live,[]", "4599999999999-[]",
          "46/live,",
          '42/nope,["watch"]', '42["watch"]', "43/live,1[]", "43/live,[]", "44/live,", "40/nope,",
          "40/live,", "40/live,{}", '42/live,["connect",{"aiohttp.request":{}}]',
          '42/live,["disconnect"]', '42/live,["*"]', '42/live,["__disconnect_final"]', "5", "6",
          "2probe",
          '451-/live,["watch",{"_placeholder":true,"num":0}]', "b////", "1" * 100]  # fmt: skip


@pytest.mark.parametrize("text", BROKEN, ids=lambda t: repr(t[:24]))
async def test_a_broken_message_harms_nobody(victim: RunningServer, text: str) -> None:
    """The connection may end, others go on, and no viewer is left behind."""
    other, socket = await victim.viewer(), await raw_socket(victim)

    await socket.say(text)
    await socket.socket.send_bytes(b"\x00\x01")
    await socket.say('42/live,5["watch_runs"]')

    assert await other.ask("watch_runs") == {"ok": True}
    await socket.socket.close()
    hub = victim.served.app[HUB]
    while hub.viewers() > 1:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert hub.viewers() == 1


async def test_a_message_that_is_too_large_ends_its_connection(victim: RunningServer) -> None:
    """More than a MiB in one message is not read to its end."""
    socket = await raw_socket(victim)

    await socket.say("42/live," + "x" * (2 * MIB))

    await socket.closed()


Message = tuple[str, tuple[Any, ...]]


def variants(name: str, message: Callable[[Any], Any], *values: Any) -> list[Message]:
    """The message *name* with each of *values* in its place."""
    return [(name, (message(value),)) for value in values]


def channel_zero(given: Any) -> dict[str, Any]:
    """What `watch` says of one channel."""
    return {"run": "RUN", "channels": {"0": given}}


NAN, INFINITY = float("nan"), float("inf")
MESSAGES: list[Message] = [
    *variants("watch", lambda v: v, 5, "x", [], True, 1.5),
    *variants("watch", lambda v: {"run": v, "channels": {}}, None, 5, [], {}, "", "x", "\x00"),
    *variants("watch", lambda v: {"run": "RUN", "channels": v}, None, 5, [], "x", {"x": {}},
              {"-1": {}}, {"1.5": {}}, {"²": {}}, {"9" * 30: {}}, {"7": {}}),
    *variants("watch", channel_zero, None, 5, []),
    *variants("watch", lambda v: channel_zero({"dx": v}), "1", [], -1, True, NAN, INFINITY, {}),
    *variants("watch", lambda v: channel_zero({"cursors": v}), 5, [], "x", {"x": 1}, {"1": "x"},
              {"1": -1}, {"1": 2**63}, {"1": 1.5}, {"1": None}),
    *variants("unwatch", lambda v: {"run": "RUN", "channels": v}, 5, "x", {}, [[]], ["0"], [-1]),
    *variants("credit", lambda v: {"frame": v}, None, "1", -1, 1.5, True, [], 2**60, NAN),
    ("unwatch", ({},)), ("watch", ()), ("watch", (None,)), ("watch", ({}, {})), ("credit", ()),
    ("nope", ({},)), ("watch ", ({},)), ("frame", (1,)), ("credit", (1, 2, 3)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given"), MESSAGES, ids=lambda v: repr(v)[:60])
async def test_a_message_of_the_wrong_shape_is_answered(
    shared: RunningServer, name: str, given: tuple[Any, ...]
) -> None:
    """The acknowledgement is an error that says what is wrong, and the viewer stays."""
    run = (await shared.get("/runs", q="kept"))["items"][0]["id"]
    text = json.dumps([name, *given]).replace("RUN", run)
    socket = await raw_socket(shared)

    await socket.say(f"42/live,7{text}")
    answer = json.loads((await socket.hear("43/live,7")).removeprefix("43/live,7"))[0]

    assert answer["error"]["code"] in ("bad_request", "not_found")
    assert len(answer["error"]["message"]) < 300
    assert await socket.call("watch_runs") == {"ok": True}
    await socket.socket.close()


@pytest.mark.parametrize(
    "query", ["", "EIO=3&transport=polling", "EIO=4&transport=carrier-pigeon", "EIO=4&sid=nope",
              "EIO=4&transport=websocket", "EIO=4&transport=polling&j=x", "EIO=4&sid=%00",
              "EIO=4&transport=polling&sid=../../x"]
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_broken_handshake_is_refused(
    shared: RunningServer, method: str, query: str
) -> None:
    """Errors of the transport are JSON as all others."""
    async with shared.http.request(method, f"{shared.root}/socket.io/?{query}") as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["message"].startswith("socket.io: ")


async def test_a_poll_of_noise_is_survived(victim: RunningServer) -> None:
    """What is posted to a polling connection may be anything."""
    url = f"{victim.root}/socket.io/?EIO=4&transport=polling"
    async with victim.http.get(url) as answer:
        sid = json.loads((await answer.text())[1:])["sid"]
    noise = [b"1" * (2 * MIB), b"\xff", b"x", b"4" + b"[" * 1000, b"\x1e" * 100, b"d=", b"b!!!",
             b"6"]  # fmt: skip

    for body in noise:
        async with victim.http.post(f"{url}&sid={sid}", data=io.BytesIO(body)) as answer:
            assert answer.status in (200, 400, 413)
