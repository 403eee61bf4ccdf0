"""Requests that nobody should send: 4xx in JSON that says what to mend, no 500, nothing harmed."""

from __future__ import annotations

import gzip
import json
import resource
import zlib
from collections.abc import AsyncIterator

import pytest

from agnez_client.protocol import CONTENT_TYPE
from tests.server.raw_http import refused_bytes, talk
from tests.server.running import RunningServer

MIB = 1 << 20


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

    limit = 16 << 10 if path == "/session" else 32 * MIB
    assert (error["code"], error["limit"]) == ("too_large", limit)


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
