"""Blobs over HTTP: put, read whole and in ranges, and what a browser is told about them."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest

from agnez_server.errors import BlobDamaged
from agnez_server.keys import STORE
from tests.server.bodies import PNG, put, ref, sha256
from tests.server.raw_http import refused_bytes
from tests.server.running import RunningServer

LARGE = b"".join(hashlib.sha256(bytes([i % 256, i // 256])).digest() for i in range(30_000))
"""960 kB which no packing makes smaller: more than one piece, in a file of its own."""


async def headers_of(server: RunningServer, path: str, **headers: str) -> tuple[int, Any, bytes]:
    """Status, headers and body of a GET."""
    async with server.http.get(server.api + path, headers=headers) as answer:
        return answer.status, answer.headers, await answer.read()


@pytest.mark.parametrize("data", [b"", b"x", PNG, LARGE], ids=["empty", "one", "small", "large"])
async def test_a_blob_comes_back(server: RunningServer, data: bytes) -> None:
    """201 for a new one, 200 for one that is known; GET gives the same bytes, HEAD their number."""
    path, given = f"/blobs/{sha256(data)}", {"headers": {"Content-Type": "image/png"}}

    first = await server.call("PUT", path, data=data, **given)
    second = await server.call("PUT", path, data=data, **given)

    assert first == (201, ref(data, "image/png"))
    assert second == (200, ref(data, "image/png"))
    assert (await headers_of(server, path))[2] == data
    async with server.http.head(server.api + path) as answer:
        assert (answer.status, answer.content_length) == (200, len(data))


async def test_a_blob_that_is_not_here(server: RunningServer) -> None:
    """404 for GET and HEAD."""
    assert (await server.refused("GET", f"/blobs/{'0' * 64}"))[0] == 404
    async with server.http.head(f"{server.api}/blobs/{'0' * 64}") as answer:
        assert answer.status == 404


async def test_another_hash_is_refused(server: RunningServer) -> None:
    """400, and nothing is kept."""
    path = f"/blobs/{sha256(b'right')}"

    status, _ = await server.refused("PUT", path, data=b"wrong")

    assert status == 400
    assert (await server.refused("GET", path))[0] == 404


@pytest.mark.parametrize(
    "name",
    ["x", "A" * 64, "g" * 64, "0" * 63, "0" * 65, "..%2f..%2fetc%2fpasswd", "%2e%2e", "%00" * 64,
     "٣" * 64, "0" * 63 + "%0a"],
)  # fmt: skip
async def test_what_is_no_hash_names_nothing(server: RunningServer, name: str) -> None:
    """400 to put, 404 to get: no path is made of it."""
    before = sorted(p.name for p in server.served.directory.rglob("*"))

    assert (await server.refused("GET", f"/blobs/{name}"))[0] == 404
    assert (await server.refused("PUT", f"/blobs/{name}", data=b"x"))[0] in (400, 404)
    assert sorted(p.name for p in server.served.directory.rglob("*")) == before


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [("bytes=0-0", 0, 1), ("bytes=5-9", 5, 10), ("bytes=70-", 70, 100), ("bytes=-1", 99, 100),
     ("bytes=-1000", 0, 100), ("bytes=90-1000", 90, 100)],
)  # fmt: skip
async def test_a_range(server: RunningServer, asked: str, first: int, end: int) -> None:
    """206 with these bytes, and where they lie."""
    data = bytes(range(100))
    await put(server, data, "video/mp4")

    status, headers, body = await headers_of(server, f"/blobs/{sha256(data)}", Range=asked)

    assert (status, body) == (206, data[first:end])
    assert headers["Content-Range"] == f"bytes {first}-{end - 1}/100"


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=-0", "bytes=100-200"])
async def test_a_range_beyond_the_end(server: RunningServer, asked: str) -> None:
    """416 says how long the blob is."""
    data = bytes(100)
    await put(server, data, "video/mp4")

    status, headers, body = await headers_of(server, f"/blobs/{sha256(data)}", Range=asked)

    assert (status, headers["Content-Range"]) == (416, "bytes */100")
    assert b"bad_range" in body


@pytest.mark.parametrize(
    "asked",
    ["bytes=5-2", "bytes=", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4", "bytes=٣-٤",
     "bytes=0-" + "9" * 5000, "bytes=0-0," * 400],
)  # fmt: skip
async def test_an_odd_range_is_all_of_it(server: RunningServer, asked: str) -> None:
    """What is no single range is passed over, as the RFC allows: 200 with the whole blob."""
    data = bytes(100)
    await put(server, data, "video/mp4")

    status, _, body = await headers_of(server, f"/blobs/{sha256(data)}", Range=asked)

    assert (status, body) == (200, data)


async def test_a_blob_is_cached_for_ever(server: RunningServer) -> None:
    """Its hash is its ETag; who has it is told 304, and a range of another one is not mixed."""
    data = bytes(range(50))
    await put(server, data, "audio/wav")
    path, tag = f"/blobs/{sha256(data)}", f'"{sha256(data)}"'

    _, headers, _ = await headers_of(server, path)
    again = await headers_of(server, path, **{"If-None-Match": tag})
    other = await headers_of(server, path, **{"If-Range": '"other"', "Range": "bytes=0-1"})
    same = await headers_of(server, path, **{"If-Range": tag, "Range": "bytes=0-1"})

    assert headers["ETag"] == tag
    assert {"immutable", "private", "max-age=31536000"} <= set(headers["Cache-Control"].split(", "))
    assert (again[0], again[2]) == (304, b"")
    assert (other[0], same[0]) == (200, 206)


async def test_bytes_that_came_as_a_file_can_be_a_picture(server: RunningServer) -> None:
    """An entry says what its bytes are; a page or a script can't be made of them that way."""
    data = b"kept as an artefact, then sent as an image"
    await put(server, data, "application/zip")
    path = f"/blobs/{sha256(data)}"

    _, headers, body = await headers_of(server, f"{path}?mime=image/png")
    assert (headers["Content-Type"], body) == ("image/png", data)
    assert "Content-Disposition" not in headers
    for mime in ("text/html", "text/javascript", "image/x-unknown", ""):
        status, error = await server.refused("GET", f"{path}?mime={mime}")
        assert (status, error["field"]) == (400, "mime")


@pytest.mark.parametrize(
    ("mime", "told", "saved"),
    [("image/png", "image/png", False), ("image/svg+xml", "image/svg+xml", False),
     ("text/html", "text/html; charset=utf-8", False),
     ("text/plain", "text/plain; charset=utf-8", False), ("video/mp4", "video/mp4", False),
     ("application/pdf", "application/octet-stream", True),
     ("text/javascript", "application/octet-stream", True),
     ("application/xhtml+xml", "application/octet-stream", True),
     ("text/xml", "application/octet-stream", True)],
)  # fmt: skip
async def test_what_a_browser_is_told(
    server: RunningServer, mime: str, told: str, saved: bool
) -> None:
    """Only known types are shown, all else is saved; nothing is guessed, all is in a sandbox."""
    await put(server, b"<script>", mime)

    _, headers, _ = await headers_of(server, f"/blobs/{sha256(b'<script>')}")

    policy = headers["Content-Security-Policy"]
    assert headers["Content-Type"] == told
    assert ("attachment" in headers.get("Content-Disposition", "")) == saved
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert policy.startswith("sandbox")
    assert "default-src 'none'" in policy
    assert "allow-same-origin" not in policy
    assert ("allow-scripts" in policy) == (mime == "text/html")
    assert re.search(r"script-src(?! 'unsafe-inline';)", policy) is None
    assert "connect-src" not in policy


@pytest.mark.parametrize("mime", ["", "nonsense", "a" * 200 + "/b", "TEXT/HTML"])
async def test_an_odd_type_is_taken_as_bytes(server: RunningServer, mime: str) -> None:
    """What is no media type becomes that of unknown bytes; capitals are made small."""
    path = f"/blobs/{sha256(b'x')}"

    _, body = await server.call("PUT", path, data=b"x", headers={"Content-Type": mime})

    assert body["mime"] == ("text/html" if mime == "TEXT/HTML" else "application/octet-stream")


@pytest.mark.parametrize(
    ("name", "plain"),
    [("model.pt", "model.pt"), ("../../etc/passwd", "etc-passwd"), ('a"; x=".html', "a-x-.html"),
     ("é\r\nSet-Cookie: a=b", "Set-Cookie-a-b"), ("", "{sha}"), ("x" * 5000 + ".pt", None)],
)  # fmt: skip
async def test_a_download_has_a_harmless_name(
    server: RunningServer, name: str, plain: str | None
) -> None:
    """The name is that of the query, without what a header or a path could take amiss."""
    blob = sha256(b"weights")
    await put(server, b"weights", "application/octet-stream")

    async with server.http.get(f"{server.api}/blobs/{blob}", params={"download": name}) as answer:
        told = answer.headers["Content-Disposition"]

    found = re.fullmatch(r"attachment; filename=\"([\w.-]{1,100})\"; filename\*=UTF-8''[\w.%~-]+",
                         told, re.ASCII)  # fmt: skip
    assert found is not None
    if plain is not None:
        assert found[1] == plain.format(sha=blob[:16])
    assert "Set-Cookie" not in answer.headers


async def test_a_blob_that_is_too_large(
    start: Callable[..., AbstractAsyncContextManager[RunningServer]],
) -> None:
    """413, whether its length is told before or found out; nothing stays behind."""
    data = bytes(2000)

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield bytes(100)

    async with start(max_blob_bytes=1000) as server:
        path = f"/blobs/{sha256(data)}"
        assert (await server.refused("PUT", path, data=data))[0] == 413
        assert (await server.refused("PUT", path, data=pieces()))[0] == 413
        assert (await server.refused("GET", path))[0] == 404


async def test_a_blob_may_be_larger_than_a_body(
    start: Callable[..., AbstractAsyncContextManager[RunningServer]],
) -> None:
    """The limit of JSON bodies is not that of blobs, with and without Expect."""
    async with start(max_body_bytes=1000) as server:
        path = f"{server.api}/blobs/{sha256(LARGE)}"
        async with server.http.put(path, data=LARGE, expect100=True) as answer:
            assert answer.status == 201
        assert (await headers_of(server, f"/blobs/{sha256(LARGE)}"))[2] == LARGE


async def test_a_packed_blob_is_refused(server: RunningServer) -> None:
    """The hash is that of the bytes as they come."""
    status, _ = await server.refused(
        "PUT", f"/blobs/{sha256(b'x')}", data=b"x", headers={"Content-Encoding": "gzip"}
    )

    assert status == 400


async def test_an_upload_that_falls_silent_is_given_up(
    start: Callable[..., AbstractAsyncContextManager[RunningServer]],
) -> None:
    """After the time that the setting names the caller is told, and nothing stays behind."""
    async with start(silence_s=0.05) as server:
        path = f"/api/v1/blobs/{sha256(b'xy')}"
        head = f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nx"

        error = await refused_bytes(server, head.encode())
        assert "nothing came for 0.05 s" in error["message"]


@pytest.mark.parametrize("damaged_from", [0, 500_000])
async def test_a_damaged_blob_is_told(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, damaged_from: int
) -> None:
    """410 where it is seen at once; later the answer breaks off, so nobody takes it for whole."""
    await put(server, LARGE, "video/mp4")
    store, path = server.served.app[STORE], f"/blobs/{sha256(LARGE)}"
    whole = store.read_blob

    def read(sha: str, start: int, size: int) -> bytes:
        if start + size > damaged_from:
            raise BlobDamaged(sha)
        return whole(sha, start, size)

    monkeypatch.setattr(store, "read_blob", read)

    if damaged_from:
        with pytest.raises(aiohttp.ClientPayloadError):
            await headers_of(server, path)
    else:
        status, error = await server.refused("GET", path)
        assert (status, error["code"]) == (410, "damaged")


async def test_the_same_blob_at_the_same_time(server: RunningServer) -> None:
    """Several callers who put one blob all succeed; it is there once."""
    path = f"/blobs/{sha256(LARGE)}"

    answers = await asyncio.gather(*(server.call("PUT", path, data=LARGE) for _ in range(4)))

    assert {status for status, _ in answers} <= {200, 201}
    assert (await headers_of(server, path))[2] == LARGE
