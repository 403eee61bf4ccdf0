"""Slow and silent callers, and too many of them: each is told or cut off, others are served."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import numpy as np
import pytest

from agnez_server import connections
from agnez_server.connections import Connections
from agnez_server.keys import BODIES
from tests.server.running import RunningServer

Start = Callable[..., AbstractAsyncContextManager[RunningServer]]
HEAD = b"Host: localhost\r\n"
POST = b"POST %s HTTP/1.1\r\n" + HEAD + b"Content-Type: application/json\r\n"


class Caller:
    """One plain connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def say(self, data: bytes) -> None:
        """Send *data*."""
        self.writer.write(data)

    async def answer(self) -> tuple[int, dict[str, Any]]:
        """Status and JSON of one answer."""
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 20)).decode().lower()
        size = int(head.partition("content-length: ")[2].partition("\r")[0] or 0)
        body = await asyncio.wait_for(self.reader.readexactly(size), 20)
        return int(head.split(" ")[1]), json.loads(body or b"{}")

    async def is_closed(self) -> None:
        """Wait until the server closed the connection; what it still said is dropped."""
        with suppress(ConnectionError):
            while await asyncio.wait_for(self.reader.read(1 << 16), 20):
                pass

    async def drip(self, byte: bytes = b"x") -> None:
        """A byte each 20 ms, until the server says something."""
        with suppress(ConnectionError):
            while not (self.reader.at_eof() or self.reader._buffer):  # type: ignore[attr-defined]
                self.writer.write(byte)
                await self.writer.drain()
                await asyncio.sleep(0.02)


Call = Callable[..., Awaitable[Caller]]


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    """Connects to a server: ``await call(server)``; all of them hang up after the test."""
    made = list[Caller]()

    async def call(server: RunningServer, source: str = "127.0.0.1") -> Caller:
        where = ("127.0.0.1", server.served.port)
        made.append(Caller(*await asyncio.open_connection(*where, local_addr=(source, 0))))
        return made[-1]

    yield call
    for caller in made:
        caller.writer.transport.abort()
        with suppress(ConnectionError):
            await caller.writer.wait_closed()


@asynccontextmanager
async def dripping(caller: Caller, byte: bytes = b"x") -> Any:
    """Meanwhile *caller* sends a byte after the other."""
    task = asyncio.create_task(caller.drip(byte))
    try:
        yield
    finally:
        task.cancel()
        caller.writer.close()
        await asyncio.gather(task, return_exceptions=True)


# -- heads and bodies ------------------------------------------------------------------------


@pytest.mark.parametrize("begun", [b"GET /", b"GET / HTTP/1.1\r\n" + HEAD + b"X: "])
async def test_a_head_that_never_ends(start: Start, call: Call, begun: bytes) -> None:
    """A byte after the other, before and within the headers: 408 in JSON, and closed."""
    async with start(header_timeout_s=0.2) as server:
        caller = await call(server)
        caller.say(begun)
        async with dripping(caller):
            assert (await caller.answer())[1]["error"]["code"] == "too_slow"
            await caller.is_closed()


async def test_a_second_head_that_never_ends(start: Start, call: Call) -> None:
    """After a request that was answered the same holds."""
    async with start(header_timeout_s=0.2) as server:
        caller = await call(server)
        caller.say(b"GET /api/v1/health HTTP/1.1\r\n" + HEAD + b"\r\n")
        assert (await caller.answer())[0] == 200
        async with dripping(caller, b"\r\n"):
            assert (await caller.answer())[0] == 408


def writing_routes(server: RunningServer) -> list[tuple[str, str]]:
    """Method and path of every route that may take a body."""
    routes = [(r.method, r.resource.canonical) for r in server.served.app.router.routes()
              if r.method in ("POST", "PUT", "PATCH") and r.resource is not None]  # fmt: skip
    return sorted(set(routes))


@pytest.mark.parametrize("how", ["Content-Length: 15000", "Content-Length: 300000",
                                 "Transfer-Encoding: chunked"])  # fmt: skip
async def test_a_body_that_comes_slowly_on_every_route(start: Start, call: Call, how: str) -> None:
    """Announced or in chunks: 4xx in JSON within the time allowed, and the connection closes."""
    async with start(silence_s=0.3, least_bytes_per_s=1000) as server:
        await asyncio.gather(
            *(
                is_cut_off(call, server, method, path, how)
                for method, path in writing_routes(server)
            )
        )
        assert await server.get("/runs") == await server.get("/runs")


async def is_cut_off(call: Call, server: RunningServer, method: str, path: str, how: str) -> None:
    """One slow body to one route."""
    where = path.replace("{sha256}", "0" * 64).replace("{", "").replace("}", "")
    type = "image/png" if "uploads" in path else "application/json"
    if "ingest" in path:
        type = "application/x-agnez-frames"
    caller = await call(server)
    head = f"{method} {where} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {type}\r\n{how}\r\n\r\n"
    caller.say(head.encode())
    async with dripping(caller, b"1\r\n[\r\n" if "chunked" in how else b"["):
        status, body = await caller.answer()
        # A socket without a session, a run that is not there: refused before the body is waited for
        assert status in (400, 404, 405, 408, 413), (path, status, body)
        if status == 408:
            code = body["error"]["code"] if "error" in body else body["name"]
            assert code in ("too_slow", "Timeout"), (path, body)
            await caller.is_closed()


async def test_a_body_that_stops(start: Start, call: Call) -> None:
    """Silence after the first half is 408 as well."""
    async with start(silence_s=0.2) as server:
        caller = await call(server)
        caller.say(POST % b"/api/v1/points" + b"Content-Length: 20000\r\n\r\n" + b"[" * 9000)

        assert (await caller.answer())[0] == 408
        await caller.is_closed()


async def test_a_slow_but_honest_body_is_taken(start: Start) -> None:
    """Longer than the silence allowed, with more bytes than asked for."""
    async with start(silence_s=0.2, least_bytes_per_s=10) as server:

        async def body() -> Any:
            for part in (b'{"run": "r",', b'"channel":', *[b" " * 40] * 14, b'"c", "y": 1}'):
                yield part
                await asyncio.sleep(0.03)

        assert (await server.call("POST", "/points", data=body()))[0] == 200


async def piece_by_piece() -> AsyncIterator[bytes]:
    """A point in a body of 40,036 bytes whose length nobody tells."""
    yield b'{"run": "r", "channel": "c", "y": 1}'
    for _ in range(4):
        yield b" " * 10_000


async def test_bodies_that_wait_take_a_bounded_memory(start: Start, call: Call) -> None:
    """Beyond the bytes that may be held at a time: 503; with room again it is taken."""
    async with start(max_bodies_bytes=100_000) as server:
        first = await call(server)
        first.say(POST % b"/api/v1/points" + b"Content-Length: 90000\r\n\r\n" + b" " * 80_000)
        bodies = server.served.app[BODIES]
        while bodies.held < 80_000:  # noqa: ASYNC110
            await asyncio.sleep(0)

        status, _ = await server.call("POST", "/points", data=piece_by_piece())
        assert status == 503
        first.writer.close()
        while bodies.held:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert (await server.call("POST", "/points", data=piece_by_piece()))[0] == 200


# -- silence ---------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [b"", b"GET /api/v1/health HTTP/1.1\r\n" + HEAD + b"\r\n"])
async def test_a_connection_that_says_nothing_is_closed(
    start: Start, call: Call, said: bytes
) -> None:
    """At its beginning, and after a request."""
    async with start(idle_s=0.2) as server:
        caller = await call(server)
        caller.say(said)
        await caller.is_closed()
        while len(server.served.connections):  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_a_live_viewer_is_not_idle(start: Start, call: Call) -> None:
    """A page that only listens stays, however short the times of others."""
    async with start(idle_s=0.1, silence_s=0.1, header_timeout_s=0.1) as server:
        viewer = await server.viewer()
        quiet = await call(server)
        await quiet.is_closed()
        assert await viewer.ask("watch_runs") == {"ok": True}


async def test_half_an_upgrade_ends(
    start: Start, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A web socket on which nothing is ever said is closed."""
    monkeypatch.setattr("agnez_server.patience.SOCKET_SILENCE_S", 0.2)
    async with start(idle_s=0.2) as server:
        async with server.http.get(f"{server.root}/socket.io/?EIO=4&transport=polling") as answer:
            sid = json.loads((await answer.text())[1:])["sid"]
        caller = await call(server)
        caller.say(
            f"GET /socket.io/?EIO=4&transport=websocket&sid={sid} HTTP/1.1\r\nHost: localhost\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        assert (await caller.answer())[0] == 101
        await caller.is_closed()


# -- answers ---------------------------------------------------------------------------------


async def large_things(server: RunningServer) -> list[str]:
    """Paths whose answers are far larger than what a kernel holds for a reader."""
    y = np.random.default_rng(0).normal(size=400_000).tolist()
    points = io.BytesIO(json.dumps({"run": "r", "channel": "c", "y": y}).encode())
    channel = (await server.call("POST", "/points", data=points))[1]["channels"][0]
    blob = os.urandom(16 << 20)
    sha256 = hashlib.sha256(blob).hexdigest()
    assert (await server.call("PUT", f"/blobs/{sha256}", data=io.BytesIO(blob)))[0] == 201
    value = io.BytesIO(json.dumps({"value": "x" * (16 << 20)}).encode())
    headers = {"Content-Type": "application/json"}
    assert (await server.call("POST", "/values", data=value, headers=headers))[0] == 201
    return [f"/channels/{channel}/raw?format=csv", f"/blobs/{sha256}", "/values"]


async def test_answers_that_nobody_reads(start: Start, call: Call) -> None:
    """Raw points, a blob, records: after the silence allowed the connection is gone."""
    async with start(silence_s=0.5, max_body_bytes=64 << 20) as server:
        for path in await large_things(server):
            caller = await call(server)
            caller.writer.transport.pause_reading()  # type: ignore[attr-defined]
            caller.say(f"GET /api/v1{path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        async with asyncio.timeout(20):
            while len(server.served.connections) > 1:  # noqa: ASYNC110  # our own session
                await asyncio.sleep(0)


async def test_who_never_takes_his_answers_gets_no_more(start: Start, call: Call) -> None:
    """Requests without end on one connection: they wait in his network, not in our memory."""
    async with start(silence_s=0.5) as server:
        caller = await call(server)
        caller.writer.transport.pause_reading()  # type: ignore[attr-defined]
        request = b"GET /api/v1/openapi.json HTTP/1.1\r\n" + HEAD + b"\r\n"
        with suppress(ConnectionError):
            async with asyncio.timeout(20):
                while True:
                    caller.say(request * 100)
                    await caller.writer.drain()
                    for guest in server.served.connections:
                        assert guest._unsent() < 4 << 20  # type: ignore[attr-defined]
        assert (await server.get("/health"))["status"] == "ok"


async def test_pipelined_requests_are_answered_in_order(server: RunningServer, call: Call) -> None:
    """A thousand at once, as HTTP allows."""
    caller = await call(server)
    for i in range(1000):
        caller.say(b"GET /api/v1/runs/%d HTTP/1.1\r\n" % i + HEAD + b"\r\n")
    found = [(await caller.answer())[1]["error"]["id"] for _ in range(1000)]
    assert found == [str(i) for i in range(1000)]


# -- how many --------------------------------------------------------------------------------


async def test_one_address_may_not_take_all(start: Start, call: Call) -> None:
    """One more than allowed is 503 and closed; another address gets in, and he too later."""
    async with start(max_connections_per_address=3) as server:
        own = [await call(server) for _ in range(3)]
        late = await call(server)
        assert (await late.answer())[1]["error"]["code"] == "busy"
        await late.is_closed()
        other = await call(server, "127.0.0.2")
        other.say(b"GET /api/v1/health HTTP/1.1\r\n" + HEAD + b"\r\n")
        assert (await other.answer())[0] == 200
        own[0].writer.close()
        while len(server.served.connections) > 3:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert (await server.get("/health"))["status"] == "ok"


async def test_the_longest_idle_makes_room(start: Start, call: Call) -> None:
    """With all connections taken a new one is let in; who is at work stays."""
    async with start(max_connections=4) as server:
        viewer = await server.viewer()
        idle = [await call(server) for _ in range(4)]
        health = await server.get("/health")
        await idle[0].is_closed()
        assert health["status"] == "ok"
        assert await viewer.ask("watch_runs") == {"ok": True}


async def test_with_all_at_work_nobody_else_is_let_in(start: Start, call: Call) -> None:
    """Half a request each: the next one is told to come again."""
    async with start(max_connections=3) as server:
        for _ in range(3):
            caller = await call(server)
            caller.say(b"GET /")
        while any(g.idle_since() is not None for g in server.served.connections):  # noqa: ASYNC110
            await asyncio.sleep(0)
        late = await call(server)
        assert (await late.answer())[0] == 503


class Idle:
    """A connection that says nothing."""

    def __init__(self, guests: Connections) -> None:
        self.guests = guests

    def idle_since(self) -> float | None:
        """It began with the world."""
        return 0.0

    def leave(self) -> None:
        """It goes."""
        self.guests.gone(self)

    def look(self, now: float) -> None:
        """It does nothing."""


def test_many_addresses_leave_nothing_behind() -> None:
    """Of those who went nothing is kept; and this machine has a place at any time."""
    guests = Connections(64, 8, lambda: 0.0)

    class Busy(Idle):
        def idle_since(self) -> None:
            return None

    for n in range(5000):
        guest = Idle(guests)
        assert guests.enter(guest, f"2001:db8:{n:x}:1::1")
        guests.gone(guest)
    busy = [Busy(guests) for _ in range(100)]
    entered = [guests.enter(guest, f"10.0.0.{n}") for n, guest in enumerate(busy)]

    assert entered.count(True) == 64 - 8
    assert guests.enter(Busy(guests), "127.0.0.1")
    assert len(guests._of_one) == 57


@pytest.mark.parametrize(
    ("files", "room"), [(20_000, 10_000), (10_320, 10_000), (1024, 704), (160, 80), (20, 16)]
)
def test_connections_leave_files_for_the_rest(
    monkeypatch: pytest.MonkeyPatch, files: int, room: int
) -> None:
    """Of the files that a process may open some are the store's."""
    monkeypatch.setattr(connections.resource, "getrlimit", lambda _: (files, files))

    assert connections.room_for(10_000) == room
