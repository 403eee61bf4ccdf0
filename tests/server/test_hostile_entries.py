"""Hostile entries, blobs and records: refused in the documented shape, and nothing else breaks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.server.bodies import EXAMPLES, ref, sha256
from tests.server.running import RunningServer
from tests.server.spools import WALL_US, Spool

SCRIPT = "<img src=x onerror=alert(1)>"
NAMES = ["ünïcødé 漢字 🎲", "a/b/../c", "..", SCRIPT, "\u202egnp.exe", "\ufeff", "x" * 256, "%s{0}"]


@pytest.mark.parametrize("name", NAMES)
async def test_any_name_is_kept(victim: RunningServer, name: str) -> None:
    """Channels, datasets, stages and files by any Unicode name come back letter by letter."""
    spool = Spool(channels=())
    spool.event("channel", n=0, name=name, type="ARTEFACT")
    body = {"path": name, "size": 5, "hash": name}
    spool.event("entry", n=0, x=0, wall=WALL_US, body=body)
    spool.event("dataset", name=name, source=name)
    spool.event("fields", stage=name)

    answer = await victim.taken(spool.batch())

    assert answer["refused"] == []
    run = await victim.get(f"/runs/{spool.run}")
    assert (run["stage"], run["datasets"][0]["name"]) == (name, name)
    (artefact,) = (await victim.get(f"/runs/{spool.run}/artefacts"))["items"]
    assert (artefact["name"], artefact["path"]) == (name, name)


async def test_script_stays_text(victim: RunningServer) -> None:
    """In whatever is told of a run it is answered as JSON, which no browser runs."""
    spool = Spool(name=SCRIPT, channels=())
    spool.event("channel", n=0, name=SCRIPT, type="MARKER")
    spool.event("entry", n=0, x=0, wall=WALL_US, body={"text": SCRIPT, "level": "info"})
    spool.event("about", facts={SCRIPT: SCRIPT})
    spool.event("console", stream="stdout", first=0, lines=[SCRIPT], walls=[WALL_US])
    await victim.taken(spool.batch())

    for path in ("", "/markers", "/console", "/channels", "/console?format=text"):
        async with victim.http.get(f"{victim.api}/runs/{spool.run}{path}") as answer:
            assert SCRIPT in await answer.text()
            assert answer.content_type in ("application/json", "text/plain")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "event",
    [b'{"kind":"entry","n":1,"x":NaN,"wall":1,"body":{}}',
     b'{"kind":"entry","n":1,"x":1e999,"wall":1,"body":{}}',
     b'{"kind":"entry","n":1,"x":1,"wall":1,"body":{"text":"\\ud800","format":"plain"}}',
     b'{"kind":"entry","n":1,"x":1,"wall":1,"body":' + b'{"a":' * 900 + b"1" + b"}" * 901,
     b'{"kind":"entry","n":1e300,"x":1,"wall":1,"body":{}}',
     b'{"kind":"about","facts":{"\\u0000":' + b"9" * 5000 + b"}}",
     b'{"kind":"dataset","name":"a","about":{"a":' + b"[" * 500 + b"]" * 500 + b"}}",
     b'{"kind":"console","stream":"stdout","first":1e18,"lines":["x"],"walls":[1]}',
     b'{"kind":"fields","name":"","notes":5}'],
)  # fmt: skip
async def test_odd_json_is_refused_alone(victim: RunningServer, event: bytes) -> None:
    """By its ordinal, whatever JSON makes of it; or it is taken, and can be read again."""
    spool = Spool()
    spool.event("channel", n=1, name="c", type="TEXT")
    spool.events.append(event)
    spool.event("tags", tags=["after"])

    answer = await victim.taken(spool.batch())

    assert [r["event"] for r in answer["refused"]] in ([3], [])
    run = await victim.get(f"/runs/{spool.run}")
    assert run["tags"] == ["after"]
    await victim.get(f"/channels/{spool.run}.1/entries")


async def test_a_batch_that_names_a_million_blobs(victim: RunningServer) -> None:
    """An event names a thousand at most; the batch waits for those of the others."""
    spool = Spool()
    spool.event("channel", n=1, name="c", type="TEXT")
    blobs = [ref(str(i).encode(), "text/plain") for i in range(1001)]
    for named in (blobs, blobs[:1000]):
        body = EXAMPLES["TEXT"]
        spool.event("entry", n=1, x=0, wall=WALL_US, body=body, blobs=named)

    status, answer = await victim.ingest(spool.batch())

    assert (status, len(answer["error"]["sha256"])) == (409, 1000)


async def test_an_upload_that_breaks_off_leaves_nothing(victim: RunningServer) -> None:
    """A caller who goes in the middle; the same blob can be put afterwards, and no file is left."""
    data = bytes(200_000)
    path = f"/api/v1/blobs/{sha256(data)}"
    head = f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n"
    _, writer = await asyncio.open_connection("127.0.0.1", victim.served.port)
    writer.write(head.encode() + data[:150_000])
    await writer.drain()
    writer.transport.abort()

    status, _ = await victim.call("PUT", f"/blobs/{sha256(data)}", data=data)

    assert status == 201
    async with victim.http.get(f"{victim.api}/blobs/{sha256(data)}") as answer:
        assert await answer.read() == data
    left = [p for p in victim.served.directory.rglob("*") if "tmp" in p.name or "part" in p.name]
    assert left == []


@pytest.mark.parametrize("target", [f"PUT /api/v1/blobs/{'0' * 64}", "POST /api/v1/points"])
async def test_who_goes_in_the_middle_of_a_body_is_no_mistake(
    victim: RunningServer, target: str
) -> None:
    """It is counted, and not logged as one of the server's."""
    head = f"{target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", victim.served.port)
    writer.write(f"{head}\r\n".encode())
    assert b"100 Continue" in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.transport.abort()

    async with asyncio.timeout(10):
        while b'status="499"} 1.0' not in (await victim.call("GET", "/metrics"))[1]:
            pass


@pytest.mark.parametrize(
    "body",
    [{"type": "TEXT", "y": None}, {"type": "TEXT", "y": 5}, {"type": "TEXT", "y": [5]},
     {"type": "IMAGE", "y": {"items": [{}]}}, {"type": "NUMERIC", "y": {"text": "x"}},
     {"type": "TEXT", "y": [EXAMPLES["TEXT"]] * 2, "x": [1]},
     {"type": "TEXT", "y": EXAMPLES["TEXT"], "x": "NaN"},
     {"type": "TEXT", "y": {**EXAMPLES["TEXT"], "text": "x" * 300_000}}],
)  # fmt: skip
async def test_a_posted_entry_that_makes_no_sense(
    victim: RunningServer, body: dict[str, Any]
) -> None:
    """400, and no run is made of it."""
    point = {"run": "r", "channel": "c", **body}

    status, error = await victim.refused("POST", "/points", json=point)

    assert (status, error["index"]) == (400, 0)
    assert (await victim.get("/runs"))["total"] == 1
