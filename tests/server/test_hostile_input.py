"""
What nobody should send: always a 4xx whose JSON says what to mend, never a 500; the server answers
afterwards, and what is stored is unharmed.
"""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import resource
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from agnez_client.protocol import CONTENT_TYPE, encode_batch, join_buffers, new_ulid
from agnez_server.keys import HUB
from tests.server.running import RunningServer, running
from tests.server.sockets import raw_socket
from tests.server.spools import Spool

STORED = [1.5, 2.5, "NaN"]
MIB = 1 << 20


@pytest.fixture
async def victim(server: RunningServer, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Any]:
    """A server with a run; after the test it answers, logged no mistake, and has that run whole."""
    kept = (await server.post({"run": "kept", "channel": "loss", "y": STORED}))["channels"][0]

    yield server

    assert await server.ys(kept) == STORED
    assert (await server.get("/health"))["status"] == "ok"
    assert [r.getMessage() for r in caplog.records if r.levelname in ("ERROR", "CRITICAL")] == []


async def talk(server: RunningServer, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer to bytes as they stand."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.served.port)
    writer.write(request)
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode("latin-1")
    lines = head.split("\r\n")
    headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
    size = 0 if request.startswith(b"HEAD") else int(headers.get("content-length", 0))
    body = await asyncio.wait_for(reader.readexactly(size), 10)
    writer.close()
    return int(lines[0].split(" ")[1]), headers, body


async def refused_bytes(server: RunningServer, request: bytes) -> dict[str, Any]:
    """The error of a request that has to be refused, with its JSON checked."""
    status, headers, body = await talk(server, request)
    assert 400 <= status < 500, body
    assert headers["content-type"].startswith("application/json"), body
    assert headers["x-content-type-options"] == "nosniff"
    error = json.loads(body)["error"]
    assert error["code"] and error["message"]
    return dict(error)


# -- bytes that are no request ---------------------------------------------------------------

HOST = b"Host: localhost\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"hello\r\n\r\n", b"GET\r\n\r\n",
     b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
     b"GET /\x00 HTTP/1.1\r\n" + HOST + b"\r\n", b"GET / HTTP/1.1\r\nHost: \x00\r\n\r\n",
     b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"a" * 20_000 + b"\r\n\r\n",
     b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
     b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"H%d: 1\r\n" % i for i in range(5000)) + b"\r\n",
     b"POST /api/v1/points HTTP/1.1\r\n" + HOST + b"Content-Length: x\r\n\r\n",
     b"POST /api/v1/points HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
     b"POST /api/v1/points HTTP/1.1\r\n" + HOST
     + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     b"POST /api/v1/points HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
     b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n"],
    ids=lambda b: repr(b[:40]),
)  # fmt: skip
async def test_bytes_that_are_no_request(victim: RunningServer, request_bytes: bytes) -> None:
    """Noise, broken lines, huge lines and headers, two lengths, two hosts: 400 in JSON."""
    await refused_bytes(victim, request_bytes)


@pytest.mark.parametrize("chunks", [b"zz\r\n{}\r\n0\r\n\r\n", b"5\r\n{}\r\n0\r\n\r\n",
                                    b"ffffffffffffffffff\r\n{}"])  # fmt: skip
async def test_a_broken_chunked_body(victim: RunningServer, chunks: bytes) -> None:
    """Chunks whose lengths are wrong are a bad request."""
    head = b"POST /api/v1/points HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"

    await refused_bytes(victim, head + chunks)


async def test_a_chunked_body_is_fine(victim: RunningServer) -> None:
    """A body whose length nobody knows in advance is taken when it is whole."""

    async def body() -> AsyncIterator[bytes]:
        for part in (b'{"run": "r", ', b'"channel": "c", ', b'"y": 1}'):
            yield part

    status, answer = await victim.call("POST", "/points", data=body())

    assert (status, answer["accepted"]) == (200, 1)


@pytest.mark.parametrize("expect", ["nonsense", "200-maybe"])
async def test_an_expectation_that_can_t_be_met(victim: RunningServer, expect: str) -> None:
    """Only 100-continue is known."""
    head = f"POST /api/v1/points HTTP/1.1\r\nHost: localhost\r\nExpect: {expect}\r\n\r\n".encode()

    assert "expectation" in (await refused_bytes(victim, head))["message"]


# -- size ------------------------------------------------------------------------------------


def peak_mib() -> float:
    """The most memory that this process ever had, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("path", ["/points", "/ingest", "/runs", "/session"])
async def test_a_huge_body_is_refused_at_once(victim: RunningServer, path: str) -> None:
    """100 MB that are announced: 413 before they are sent."""
    head = (
        f"POST /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n"
        f"Content-Type: {CONTENT_TYPE}\r\n\r\n"
    ).encode()

    error = await refused_bytes(victim, head + b"[")

    assert (error["code"], error["limit"]) == ("too_large", 32 * MIB)


async def test_who_waits_to_send_a_huge_body_is_spared_it(victim: RunningServer) -> None:
    """With Expect: 100-continue the answer is 413, not "go on"."""
    head = (b"POST /api/v1/points HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n"
            b"Expect: 100-continue\r\n\r\n")  # fmt: skip

    assert (await refused_bytes(victim, head))["code"] == "too_large"


@pytest.mark.parametrize("announced", [True, False])
async def test_a_huge_body_takes_no_memory(victim: RunningServer, announced: bool) -> None:
    """100 MB that are sent nevertheless, with a length or in chunks: 413, and no room for them."""

    async def body() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield bytes(MIB)

    headers = {"Content-Length": str(100 * MIB)} if announced else {}
    before = peak_mib()

    status, error = await victim.refused("POST", "/points", data=body(), headers=headers)

    assert (status, error["code"]) == (413, "too_large")
    assert peak_mib() - before < 80


@pytest.mark.parametrize("wbits", [zlib.MAX_WBITS, zlib.MAX_WBITS | 16], ids=["deflate", "gzip"])
async def test_a_bomb_is_refused(victim: RunningServer, wbits: int) -> None:
    """A small body that unpacks to 128 MiB is 413, and is not unpacked to its end."""
    packer, part = zlib.compressobj(1, wbits=wbits), bytes(MIB)
    bomb = b"".join([*(packer.compress(part) for _ in range(128)), packer.flush()])
    encoding = "gzip" if wbits & 16 else "deflate"
    before = peak_mib()

    status, error = await victim.refused(
        "POST", "/points", data=bomb, headers={"Content-Encoding": encoding}
    )

    assert (status, error["code"]) == (413, "too_large")
    assert peak_mib() - before < 80


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
async def test_a_body_that_can_t_be_unpacked(victim: RunningServer, encoding: str) -> None:
    """A body that is not what its Content-Encoding says is a bad request."""
    await victim.refused(
        "POST", "/points", data=b"{not packed}", headers={"Content-Encoding": encoding}
    )


async def test_a_packed_body_is_fine(victim: RunningServer) -> None:
    """gzip is taken."""
    body = gzip.compress(b'{"run": "r", "channel": "c", "y": 1}')

    status, _ = await victim.call(
        "POST", "/points", data=body, headers={"Content-Encoding": "gzip"}
    )

    assert status == 200


# -- JSON ------------------------------------------------------------------------------------

BAD_JSON = [
    b"", b"{", b"[", b"nul", b"{}{}", b"'a'", b'{"a":}', b"\xff\xfe", b'"\xff"', b"\x00",
    b"[NaN]", b"[Infinity]", b"[-Infinity]", b"1e999", b"-1e999", b'"\\ud800"', b'{"\\udfff": 1}',
    b"[" * 100_000, b'{"a":' * 100_000, b"[" * 1000 + b"]" * 1000, b"1" * 5000,
    b"null", b"true", b"5", b'"text"', b"[[]]", b"[null]", b"[5]", b'[["run"]]',
]  # fmt: skip


@pytest.mark.parametrize("body", BAD_JSON, ids=lambda b: repr(b[:16]))
@pytest.mark.parametrize(("method", "path"), [("POST", "/points"), ("POST", "/runs"),
                                              ("PATCH", "/runs/{run}"), ("POST", "/session"),
                                              ("POST", "/runs/{run}/charts")])  # fmt: skip
async def test_json_that_is_none(
    shared: RunningServer, method: str, path: str, body: bytes
) -> None:
    """Broken, deep, endless, of the wrong kind, with what JSON has not: 400, and why."""
    run = (await shared.get("/runs", q="kept"))["items"][0]["id"]

    status, error = await shared.refused(method, path.format(run=run), data=body)

    assert status == 400
    assert len(error["message"]) < 500


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    """One server for many small blows; it has to be whole after all of them."""
    async with running(tmp_path_factory.mktemp("shared")) as server:
        kept = (await server.post({"run": "kept", "channel": "loss", "y": STORED}))["channels"][0]
        yield server
        assert await server.ys(kept) == STORED
        assert (await server.get("/runs"))["total"] == 1


async def test_a_bare_nan_is_explained(shared: RunningServer) -> None:
    """Whoever writes NaN is told how it goes."""
    _, error = await shared.refused(
        "POST", "/points", data=b'{"run": "r", "channel": "c", "y": NaN}'
    )

    assert '"NaN"' in error["hint"]


ODD: list[Any] = [None, True, -1, 1.5, 2**64, -(2**63) - 1, 1e308, "", "x", "\x00", "\x1b[2J",
                  "é" * 300, [], [[]], {}, {"a": {"b": []}}, [None], ["x"] * 2000]  # fmt: skip


@pytest.mark.parametrize("value", ODD, ids=lambda v: repr(v)[:16])
@pytest.mark.parametrize(
    ("path", "good"),
    [("/points", {"run": "r", "channel": "c", "x": 1, "y": 1, "wall": 1, "type": "NUMERIC",
                  "project": "p", "experiment": "e"}),
     ("/runs", {"id": "", "name": "n", "project": "p", "experiment": "e", "params": {}, "tags": [],
                "notes": ""})],
)  # fmt: skip
async def test_wrong_types_everywhere(
    server: RunningServer, path: str, good: dict[str, Any], value: Any
) -> None:
    """Each field with each odd value is taken or refused with its name, and never a crash."""
    for field in good:
        body = {**good, "id": new_ulid(), field: value} if "id" in good else {**good, field: value}
        status, answer = await server.call("POST", path, data=json.dumps(body))
        assert status in (200, 201, 400, 404), answer
        if status == 400:
            assert answer["error"]["field"] in (field, "x" if field == "y" else field)


async def test_parameters_that_are_too_much(shared: RunningServer) -> None:
    """Too many, too deep, too large, beyond 64 bits: refused by name."""
    deep: Any = 1
    for _ in range(30):
        deep = {"a": deep}

    for params in (deep, {str(i): i for i in range(10_001)}, {"a": "x" * (MIB + 1)},
                   {"a": 2**64 - 1}, {"a": [[[2**63]]]}):  # fmt: skip
        body = io.BytesIO(json.dumps({"params": params}).encode())
        status, error = await shared.refused("POST", "/runs", data=body)
        assert (status, error["field"]) == (400, "params")


# -- names -----------------------------------------------------------------------------------

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`${7*7}{{7*7}}"


async def test_script_in_names_stays_text(server: RunningServer) -> None:
    """Names travel as they are, as JSON that no browser takes for a page."""
    id = await server.new_run(name=SCRIPT, project=SCRIPT, tags=[SCRIPT], notes=SCRIPT,
                              params={SCRIPT: SCRIPT})  # fmt: skip
    channel = (await server.post({"run": id, "channel": SCRIPT, "y": 1}))["channels"][0]
    await server.call("POST", f"/runs/{id}/charts", json={"channels": [channel], "title": SCRIPT})

    for path in (f"/runs/{id}", f"/channels/{channel}", f"/runs/{id}/charts", "/runs"):
        async with server.http.get(server.api + path) as answer:
            assert answer.content_type == "application/json"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert json.dumps(SCRIPT)[1:-1] in await answer.text()
    async with server.http.get(f"{server.root}/runs/{SCRIPT}") as answer:
        assert answer.content_type == "application/json" or SCRIPT not in await answer.text()


async def test_unicode_names_come_back(server: RunningServer) -> None:
    """Names of every script, right to left, combined, outside the basic plane."""
    names = ["損失", "потери", "مفقود", "é", "e\u0301", "👩‍🔬", "a\u202eb", "\u00a0x"]

    answer = await server.post([{"run": "r", "channel": name, "y": 1} for name in names])

    items = (await server.get(f"/runs/{answer['runs'][0]}/channels"))["items"]
    assert [c["name"] for c in items] == [name.strip() for name in names]


# -- URLs ------------------------------------------------------------------------------------

TRICKS = [
    "/static/..%2f..%2fetc%2fpasswd", "/static/%2e%2e/%2e%2e/pyproject.toml", "/static/..",
    "/static/../../../etc/passwd", "/static//etc/passwd", "/static/%2fetc%2fpasswd",
    "/static/..%5c..%5cwin.ini", "/static/%00", "/static/a%00.js", "/static/.",
    "/static/%c0%ae%c0%ae/",
    "/static/\xff", "/runs/../../etc/passwd", "/runs/..%2f..%2fetc%2fpasswd", "/api/v1/runs/..",
    "/api/v1/runs/%2e%2e%2f", "/api/v1/runs/%00", "/api/v1/channels/%00.0", "/api/v1/channels/%ff",
    "/api/v1/runs/%ff%fe", "/api/v1/runs/x%0d%0aSet-Cookie:a=b", "/api/v1/runs?q=%ff&limit=1x",
    "/api/v1/runs?limit=%00", "/api/v1/runs?sort=%ff", "/api/v1/channels/x/points?x0=%ff",
    "/%ff", "/%", "/%zz", "/api/v1/%2e%2e/%2e%2e/etc", "//evil.example/", "/api/v1//runs/",
    "/api/v1/runs/" + "a" * 4000, "/agnez.db", "/static/../agnez.db", "/tokens.json",
    "/.git/config",
    "/api/v2/runs", "/api/v1/runs;x=1", "/api/v1/openapi.json/..",
]  # fmt: skip


@pytest.mark.parametrize("path", TRICKS)
async def test_path_tricks_lead_nowhere(shared: RunningServer, path: str) -> None:
    """Parents, absolute paths, NULs, broken UTF-8, line breaks: 4xx in JSON, no file, no header."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode("latin-1")

    status, headers, body = await talk(shared, request)

    assert b"root:" not in body
    assert "set-cookie" not in headers
    if path.startswith("/runs/") or path == "/api/v1/runs;x=1":
        return  # pages are the same for every run: the script in it asks for what there is
    assert 400 <= status < 500, (status, body[:200])
    assert json.loads(body)["error"]["message"]


async def test_thousands_of_query_parameters(shared: RunningServer) -> None:
    """As many as fit into a line are looked through quickly."""
    query = "&".join(f"param.p{i}=1" for i in range(400)) + "&tag=a" * 300

    found = await shared.get(f"/runs?{query}")
    status, _, body = await talk(
        shared, f"GET /api/v1/runs?{'a=1&' * 5000} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    )

    assert found["total"] == 0
    assert (status, json.loads(body)["error"]["code"]) == (400, "bad_request")


@pytest.mark.parametrize("method", ["PUT", "TRACE", "HEAD", "CONNECT", "OPTIONS", "FOO"])
async def test_other_methods(shared: RunningServer, method: str) -> None:
    """A method that a route has not is 405, with those that it has."""
    status, headers, _ = await talk(
        shared, f"{method} /api/v1/runs HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    )

    assert status in (400, 404, 405)
    assert status != 405 or headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "type",
    [
        "text/html",
        "multipart/form-data; boundary=x",
        "",
        ";;;",
        "a/b;c",
        "application/json; charset=nonsense",
        "text/plain; charset=utf-16",
    ],
)
async def test_wrong_content_types(shared: RunningServer, type: str) -> None:
    """JSON is read as JSON whatever it is called; batches have to be called what they are."""
    headers = {"Content-Type": type}

    assert (await shared.refused("POST", "/points", data=b"{", headers=headers))[0] == 400
    assert (await shared.refused("POST", "/ingest", data=b"AGNZ", headers=headers))[0] == 400


DEEP = b"[" * 900 + b"]" * 900


# -- batches ---------------------------------------------------------------------------------


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


# -- the live socket -------------------------------------------------------------------------

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


MESSAGES: list[tuple[str, tuple[Any, ...]]] = [
    *(("watch", (value,)) for value in (5, "x", [], True, 1.5)),
    *(("watch", ({"run": value, "channels": {}},)) for value in (None, 5, [], {}, "", "x", "\x00")),
    *(("watch", ({"run": "RUN", "channels": value},)) for value in (None, 5, [], "x", {"x": {}},
      {"-1": {}}, {"1.5": {}}, {"²": {}}, {"9" * 30: {}}, {"7": {}},
      {"0": None}, {"0": 5}, {"0": []})),
    *(("watch", ({"run": "RUN", "channels": {"0": {"dx": value}}},)) for value in (
      "1", [], -1, True, float("nan"), float("inf"), {})),
    *(("watch", ({"run": "RUN", "channels": {"0": {"dx": 1, "cursors": value}}},)) for value in (
      5, [], "x", {"x": 1}, {"1": "x"}, {"1": -1}, {"1": 2**63}, {"1": 1.5}, {"1": None})),
    *(("unwatch", ({"run": "RUN", "channels": value},)) for value in (5, "x", {}, [[]], ["0"],
      [-1])),
    ("unwatch", ({},)), ("watch", ()), ("watch", (None,)), ("watch", ({}, {})), ("credit", ()),
    *(("credit", ({"frame": value},)) for value in (None, "1", -1, 1.5, True, [], 2**60,
      float("nan"))),
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
