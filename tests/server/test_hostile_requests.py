"""Odd request lines, heads and bodies: 4xx in JSON, no traceback, never two requests of one."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator

import pytest

from agnez_server.keys import STORE
from tests.server.raw_http import refused_bytes, talk
from tests.server.running import RunningServer

HOST = b"Host: localhost\r\n"
CHUNKED = b"POST /api/v1/points HTTP/1.1\r\n" + HOST


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing that a stranger sends is worth a line of the log."""
    yield
    loud = [r.getMessage() for r in caplog.records if r.levelno >= 30 and "slow" not in r.message]
    assert loud == []


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /\r\n\r\n",
        b" GET / HTTP/1.1\r\n" + HOST + b"\r\n",
        b"G\x00T / HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /\x01 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"A: \x00\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"A\x0b: b\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"A : b\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b": b\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n  folded\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET http://evil.example/api/v1/runs HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET http://localhost@evil.example/ HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET http://[::1/ HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET //evil.example/.. HTTP/1.1\r\n" + HOST + b"\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"TRACE / HTTP/1.1\r\n" + HOST + b"Cookie: secret=1\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
        CHUNKED + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        CHUNKED + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        CHUNKED + b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}",
        CHUNKED + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        CHUNKED + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        CHUNKED + b"Content-Length: 2\r\nContent-Length: 2, 3\r\n\r\n{}",
        CHUNKED + b"Content-Length: +2\r\n\r\n{}",
        CHUNKED + b"Content-Length: 0x2\r\n\r\n{}",
        CHUNKED + b"Content-Length: 2_0\r\n\r\n{}",
        CHUNKED + b"Content-Length: 99999999999999999999\r\n\r\n{}",
        CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n2;" + b"x" * 70_000 + b"\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n",
    ],
    ids=lambda b: repr(b[-60:]),
)
async def test_odd_bytes_are_refused(shared: RunningServer, request_bytes: bytes) -> None:
    """Prefaces of HTTP/2, control bytes, foreign targets, lengths that disagree: 4xx in JSON."""
    await refused_bytes(shared, request_bytes)


async def test_no_request_hides_in_the_body_of_another(shared: RunningServer) -> None:
    """A length beside chunks: refused, and what follows is never taken for a request."""
    hidden = b"DELETE /api/v1/runs/x HTTP/1.1\r\n" + HOST + b"\r\n"
    head = CHUNKED + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"

    await refused_bytes(shared, head % len(hidden) + hidden)

    counted = await shared.http.get(f"{shared.api}/metrics")
    assert 'method="DELETE"' not in await counted.text()


async def test_a_target_may_name_the_host(shared: RunningServer) -> None:
    """As a proxy asks; it has to be the same."""
    request = b"GET http://localhost/api/v1/health HTTP/1.1\r\n" + HOST + b"\r\n"

    assert (await talk(shared, request))[0] == 200


def packed(times: int) -> bytes:
    """A MiB of zeros, packed again and again."""
    body = bytes(1 << 20)
    for _ in range(times):
        body = gzip.compress(body)
    return body


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (packed(3), "gzip"),
        (gzip.compress(b"{}") * 1000, "gzip"),
        (gzip.compress(b"{}") + b"rest", "gzip"),
        (gzip.compress(b"{}")[:-4], "gzip"),
        (zlib.compress(b"{}") + gzip.compress(b"{}"), "deflate"),
        (packed(2), "gzip, gzip"),
        (packed(1), "gzip;q=1"),
    ],
    ids=["nested", "members", "rest", "cut", "mixed", "twice", "weighed"],
)
async def test_odd_packing(shared: RunningServer, body: bytes, encoding: str) -> None:
    """Nested, of many members, cut, packed twice: a bad request."""
    headers = {"Content-Encoding": encoding}

    await shared.refused("POST", "/points", data=io.BytesIO(body), headers=headers)


async def test_forms_are_no_json(shared: RunningServer) -> None:
    """A form with files where JSON is expected is a bad request, on every such route."""
    form = b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n{}\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    for path in ("/points", "/runs", "/values", "/session", "/uploads", "/ingest"):
        status, body = await shared.call("POST", path, data=form, headers=headers)
        assert status in (400, 415), (path, body)


RANGES = ["bytes=0-0,0-0,0-0", "bytes=" + ",".join(f"{i}-{i}" for i in range(900)), "bytes=9-1",
          "bytes=-0", "bytes=5-", "bytes=" + "9" * 500 + "-", "items=0-1", "bytes=", "bytes=0-,-1",
          "bytes=0-" + "9" * 18, "bytes=-" + "9" * 18, "bytes=\u0663-\u0664"]  # fmt: skip


@pytest.mark.parametrize("given", RANGES, ids=lambda r: r[:20])
async def test_odd_ranges(shared: RunningServer, given: str) -> None:
    """Overlapping, a thousand, huge, none: the blob, a part of it, or 416; never more than it."""
    sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    await shared.call("PUT", f"/blobs/{sha256}", data=b"hello")
    request = f"GET /api/v1/blobs/{sha256} HTTP/1.1\r\nHost: localhost\r\nRange: {given}\r\n\r\n"

    status, _, body = await talk(shared, request.encode())

    assert status in (200, 206, 416)
    assert status == 416 or body in b"hello"


@pytest.mark.parametrize("tag", ['W/"x"', '""', "*", '"' + "a" * 7000, "x,y", ",,,", '"a"' * 2000])
async def test_odd_tags(shared: RunningServer, tag: str) -> None:
    """If-None-Match and If-Range may hold anything."""
    sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    await shared.call("PUT", f"/blobs/{sha256}", data=b"hello")
    for name in ("If-None-Match", "If-Range", "If-Match", "If-Modified-Since"):
        head = f"GET /api/v1/blobs/{sha256} HTTP/1.1\r\nHost: localhost\r\n{name}: {tag}\r\n\r\n"
        assert (await talk(shared, head.encode()))[0] in (200, 304)


# -- other sites -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["localhost.", "LOCALHOST", "localhost:1", "127.1", "0x7f.1", "2130706433", "[::1]",
     "[::ffff:127.0.0.1]", "localhost.evil.example", "127.0.0.1.evil.example", "l\u00f6calhost",
     "xn--lcalhost-n4a", "localhost:99999", "localhost:x", "a@localhost", "localhost/x", "[::1",
     "evil.example:3000", "localhost,evil.example", "localhost evil.example", "", "."],
)  # fmt: skip
async def test_names_that_are_not_ours(shared: RunningServer, host: str) -> None:
    """Only our own names and addresses, whatever their spelling; a browser sends the rest whole."""
    request = f"GET /api/v1/runs HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    ours = host in ("LOCALHOST", "localhost:1", "[::1]", "[::ffff:127.0.0.1]")

    status, _, body = await talk(shared, request)

    assert status == 200 if ours else status in (400, 403), body


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "null"}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"},
     {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "whatever"},
     {"Origin": "http://localhost"}, {"Origin": ""}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("type", ["text/plain", "application/x-www-form-urlencoded"])
async def test_forms_of_another_site(
    shared: RunningServer, headers: dict[str, str], type: str
) -> None:
    """What a page of another site can send without being asked: 403, and nothing is done."""
    body = {"name": "theirs"}
    headers = {"Content-Type": type, **headers}

    status, answer = await shared.call("POST", "/runs", data=json.dumps(body), headers=headers)

    assert status == 403, answer


@pytest.mark.parametrize(
    "how",
    [
        {"params": {"_method": "DELETE"}},
        {"headers": {"X-HTTP-Method-Override": "DELETE"}},
        {"headers": {"X-Method-Override": "DELETE"}},
    ],
    ids=str,
)
async def test_no_method_hides_in_another(shared: RunningServer, how: dict[str, object]) -> None:
    """What a GET or a POST is, nothing in it can change."""
    run = (await shared.get("/runs"))["items"][0]["id"]

    await shared.call("GET", f"/runs/{run}", **how)
    await shared.call("POST", f"/runs/{run}", **how)

    assert (await shared.get(f"/runs/{run}"))["state"] != "deleted"


async def test_a_picture_opens_no_socket(shared: RunningServer) -> None:
    """A page of another site can't use up the connections of viewers by GETs without an Origin."""
    url = f"{shared.root}/socket.io/?EIO=4&transport=polling"
    async with shared.http.get(url, headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 403


async def test_no_get_changes_anything(server: RunningServer) -> None:
    """Every GET route there is, asked with what is stored: the store commits nothing."""
    answer = await server.post({"run": "r", "channel": "c", "y": [1.5]})
    sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    await server.call("PUT", f"/blobs/{sha256}", data=b"hello")
    _, value = await server.call("POST", "/values", json={"type": "html", "value": "x"})
    known = {"run": answer["runs"][0], "channel": answer["channels"][0], "sha256": sha256,
             "id": value["_id"]}  # fmt: skip
    store = server.served.app[STORE]
    before, asked = store.store_stats().commits, set[str]()

    for route in server.served.app.router.routes():
        if route.method in ("GET", "HEAD") and route.resource is not None:
            path = route.resource.canonical
            for name, text in known.items():
                path = path.replace(f"{{{name}}}", text)
            async with server.http.request(route.method, server.root + path) as found:
                await found.read()
                assert found.status < 500
                asked.add(path)

    assert len(asked) > 30
    assert store.store_stats().commits == before
