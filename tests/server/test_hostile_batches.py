"""Batches cut, flipped, and with events of every wrong shape: refused, and nothing is harmed."""

from __future__ import annotations

import pytest

from agnez_client.protocol import encode_batch, join_buffers
from tests.server.running import RunningServer
from tests.server.spools import Spool

DEEP = b"[" * 900 + b"]" * 900


def whole_batch() -> bytes:
    """A good batch with events and points."""
    spool = Spool(params={"lr": 0.1})
    spool.send(1, 2, 3)
    return join_buffers(encode_batch(spool.batch()))


async def test_every_cut_of_a_batch_is_refused(server: RunningServer) -> None:
    """However much of a batch arrives: 400 (or 426), never a crash, and nothing is stored."""
    body = whole_batch()

    for end in range(len(body)):
        status, answer = await server.ingest(body[:end])
        assert status in (400, 426), (end, answer)
        assert answer["error"]["message"]
    assert (await server.get("/runs"))["total"] == 0


async def test_a_flipped_byte_never_crashes(server: RunningServer) -> None:
    """Each byte of a batch turned over is taken, or refused with a reason."""
    body = whole_batch()

    for i in range(len(body)):
        flipped = body[:i] + bytes([body[i] ^ 0xFF]) + body[i + 1 :]
        status, answer = await server.ingest(flipped)
        assert status == 200 or 400 <= status < 500, (i, answer)


async def test_a_batch_with_more_behind_it(server: RunningServer) -> None:
    """Bytes after the end are not passed over."""
    status, answer = await server.ingest(whole_batch() + b"\x00")

    assert (status, answer["error"]["code"]) == (400, "bad_request")


async def test_a_batch_of_nothing_but_events(server: RunningServer) -> None:
    """Hundreds of thousands of empty events are 413 before they are looked at."""
    spool = Spool()
    spool.events += [b""] * 250_000

    status, answer = await server.ingest(spool.batch())

    assert (status, answer["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "event",
    [b'{"kind":"run","id":"x"}', b'{"kind":"channel"}', b'{"kind":"chart"}', b'{"kind":"params"}',
     b'{"kind":"tags"}', b'{"kind":"state"}', b'{"kind":"dropped"}', b'{"kind":"durable"}',
     b'{"kind":"chart","id":[],"channels":[[]]}', b'{"kind":"chart","id":"a","channels":{"a":1}}',
     b'{"kind":"channel","n":1e999,"name":"a","type":"NUMERIC"}', b"[" * 2000, b"\xff", b"null",
     b'{"kind":"channel","n":1,"name":"a","type":[]}', b'{"kind":"state","state":[]}',
     b'{"kind":"channel","n":1,"name":"a","type":"NUMERIC","options":' + DEEP + b"}",
     b'{"kind":"state","state":"failed","reason":{"a":1}}',
     b'{"kind":"state","state":"failed","at":-1}',
     b'{"kind":"dropped","count":1.5}', b'{"kind":"dropped","count":true}', b'{"kind":null}',
     b'{"kind":"params","params":{"a":' + DEEP + b"}}"],
    ids=lambda b: repr(b[:40]),
)  # fmt: skip
async def test_an_event_of_the_wrong_shape(server: RunningServer, event: bytes) -> None:
    """It is refused alone, by its ordinal; the points of the batch are stored."""
    spool = Spool()
    spool.events.append(event)
    spool.send(1)

    answer = await server.taken(spool.batch())

    assert [r["event"] for r in answer["refused"]] == [2]
    assert len(answer["refused"][0]["reason"]) < 300
    assert await server.ys(f"{spool.run}.0") == [1]
