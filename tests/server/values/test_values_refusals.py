"""Whatever is wrong at `/values` is answered as Feathers does, and never by a 500."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from agnez_server.auth import TRIES_PER_MINUTE
from agnez_server.authfiles import AuthFiles
from agnez_server.errors import StoreBusy, StoreReadOnly
from agnez_server.keys import STORE
from tests.server.logins import bearer
from tests.server.raw_http import talk
from tests.server.running import RunningServer, running

Start = Callable[..., AbstractAsyncContextManager[RunningServer]]
CLASS_NAMES = {
    400: "bad-request", 401: "not-authenticated", 403: "forbidden", 404: "not-found",
    405: "method-not-allowed", 409: "conflict", 413: "payload-too-large",
    415: "unsupported-media-type", 429: "too-many-requests", 503: "unavailable",
    507: "insufficient-storage",
}  # fmt: skip


@pytest.fixture(scope="module")
async def kept(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    """One server for many small blows, with a record that has to be there after all of them."""
    async with running(tmp_path_factory.mktemp("kept")) as server:
        await server.call("POST", "/values", json={"_id": "x", "a": 1})
        yield server
        assert await server.call("GET", "/values") == (200, [{"_id": "x", "a": 1}])


async def refused(server: RunningServer, method: str, path: str, **given: Any) -> dict[str, Any]:
    """The error of a call, in the shape that Feathers' clients know."""
    url = URL(server.base + path, encoded=True)
    async with server.http.request(method, url, **given) as answer:
        error = json.loads(await answer.read())
        status = answer.status
    assert set(error) <= {"name", "message", "code", "className", "data"}
    assert (error["code"], error["className"]) == (status, CLASS_NAMES[status])
    assert error["name"].lower() == error["className"].replace("-", "")
    assert 0 < len(error["message"]) < 500
    assert "Traceback" not in json.dumps(error)
    return dict(error)


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [("GET", "/values/nope", 404), ("GET", "/values/x/y", 404), ("PATCH", "/values/nope", 404),
     ("DELETE", "/values/nope", 404), ("PUT", "/values/nope", 404), ("PUT", "/values", 400),
     ("OPTIONS", "/values", 405), ("COPY", "/api/v1/values/x", 405), ("POST", "/values/x", 405),
     ("GET", "/values?a[$foo]=1", 400), ("GET", "/values?a[$regex]=(a+)%2B$", 400),
     ("GET", "/values?a=1&a[b]=2", 400), ("DELETE", "/values?=x", 400),
     ("DELETE", "/values?$or[][a]=1", 400), ("PATCH", "/values?a[$lt][b]=1", 400),
     ("GET", "/values?a=%FF", 400), ("GET", "/values/%FF", 404), ("GET", "/values/%00", 404),
     ("GET", "/values/x?$limit=x", 400), ("GET", "/values?" + "a" * 300 + "=1", 400),
     ("GET", "/values?" + "[a]" * 100 + "=1", 400), ("GET", "/values/" + "y" * 5000, 404),
     ("GET", "/values/[object%20Object]", 404), ("GET", "/values/%7B%22$ne%22:null%7D", 404),
     ("GET", "/values/__proto__", 404), ("GET", "/values/..%2Fx", 404)],
)  # fmt: skip
async def test_refusals(kept: RunningServer, method: str, path: str, code: int) -> None:
    """Methods, paths, ids and queries that are none."""
    given = {"json": {"b": 1}} if method in ("PUT", "PATCH") else {}

    assert (await refused(kept, method, path, **given))["code"] == code


BAD_BODIES = [
    b"", b"{", b'{"a":}', b"nul", b"null", b"true", b"5", b'"x"', b"[null]", b"[5]", b"[[]]",
    b"\xff",
    b'{"a": NaN}', b'{"a": 1e999}', b'{"a": "\\ud800"}', b'{"\\udfff": 1}', b'{"a": "\xff"}',
    b'{"a": 18446744073709551616}', b'{"a": [-9223372036854775809]}', b'{"a": 9223372036854775808}',
    b'{"a": ' + b"9" * 5000 + b"}", b"[" * 100_000, b'{"a":' * 100_000,
    b'{"a":' * 100 + b"1" + b"}" * 100, b"{" * 10 + b"}" * 10,
]  # fmt: skip


@pytest.mark.parametrize("body", BAD_BODIES, ids=lambda body: repr(body[:30]))
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/values"), ("PATCH", "/values/x"), ("PUT", "/values/x"),
                         ("PATCH", "/values")],
)  # fmt: skip
async def test_bodies_that_are_none(
    kept: RunningServer, method: str, path: str, body: bytes
) -> None:
    """Broken, deep, of another kind, with numbers that can't be kept: 400, and nothing changes."""
    assert (await refused(kept, method, path, data=body))["code"] == 400


@pytest.mark.parametrize(
    ("id", "code"),
    [(5, 400), (None, 400), (True, 400), ({"$ne": None}, 400), (["x"], 400), ("", 400), (".", 400),
     ("..", 400), ("a\0b", 400), ("a\nb", 400), ("\x1b[2J", 400), ("y" * 201, 400), ("\u202e", 400),
     ("x", 409)],
)  # fmt: skip
async def test_ids_that_are_none(kept: RunningServer, id: object, code: int) -> None:
    """What no URL could name is no id; one that is taken is a conflict."""
    assert (await refused(kept, "POST", "/values", json={"_id": id}))["code"] == code
    assert (await refused(kept, "POST", "/values", json=[{}, {"_id": id}]))["code"] == code


async def test_forms_that_are_none(kept: RunningServer) -> None:
    """What contradicts itself is refused as in a query; files come in another way."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    for body in (b"a=1&a[b]=2", b"\xff=1", b"&".join([b"a=1"] * 10_001)):
        error = await refused(kept, "POST", "/values", data=body, headers=form)
        assert error["code"] == 400
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    error = await refused(kept, "POST", "/values", data=b"--x--", headers=multipart)
    assert error["code"] == 415


async def test_bodies_without_end(kept: RunningServer) -> None:
    """100 MB are refused before they are read, whatever comes packed while it is unpacked."""
    head = b"POST /values HTTP/1.1\r\nHost: localhost\r\nContent-Length: 104857600\r\n"

    for expect in (b"", b"Expect: 100-continue\r\n"):
        status, _, body = await talk(kept, head + expect + b"\r\n")
        error = json.loads(body)
        assert (status, error["className"]) == (413, "payload-too-large")
    many = io.BytesIO(b"[" + b"[]," * 2_000_000 + b"[]]")
    assert (await refused(kept, "POST", "/values", data=many))["code"] == 413


async def test_an_expectation_that_cant_be_met(kept: RunningServer) -> None:
    """Refused in the same shape."""
    head = b"POST /values HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: tea\r\n\r\n"

    status, _, body = await talk(kept, head)

    assert (status, json.loads(body)["name"]) == (400, "BadRequest")


async def test_another_site(kept: RunningServer) -> None:
    """Its pages may not write, under whatever name they call this server."""
    for headers in (
        {"Origin": "http://evil.example"},
        {"Host": "evil.example"},
        {"Origin": "null"},
    ):
        body = {"data": "a=1", "headers": {**headers, "Content-Type": "text/plain"}}
        assert (await refused(kept, "POST", "/values", **body))["code"] == 403


async def test_who_may_call(locked: RunningServer, files: AuthFiles) -> None:
    """Without a token 401, with one that only reads 403 for whatever writes."""
    reader = {"headers": bearer(files.add_token("r", "read")[1])}
    writer = {"headers": bearer(files.add_token("w", "write")[1])}

    for method, path in (("GET", "/values"), ("POST", "/values"), ("DELETE", "/values/x")):
        assert (await refused(locked, method, path))["code"] == 401
    for method, path in (("POST", "/values"), ("PATCH", "/values"), ("DELETE", "/values"),
                         ("PUT", "/values/x"), ("POST", "/values/x")):  # fmt: skip
        error = await refused(locked, method, path, json={}, **reader)
        assert (error["code"], error["data"]["scope"]) == (403, "write")
    assert await locked.call("GET", "/values", **reader) == (200, [])
    assert (await locked.call("POST", "/values", json={}, **writer))[0] == 201


async def test_too_many_wrong_tokens(locked: RunningServer) -> None:
    """429 in the same shape, with the time to wait."""
    for _ in range(TRIES_PER_MINUTE):
        assert (await refused(locked, "GET", "/values", headers=bearer("agnez_x")))["code"] == 401

    error = await refused(locked, "GET", "/values", headers=bearer("agnez_x"))

    assert (error["code"], error["data"]["retry_after_s"] > 0) == (429, True)


@pytest.mark.parametrize(
    ("raised", "code"),
    [(StoreBusy("busy", retry_after_s=2), 503), (StoreReadOnly("full"), 507)],
    ids=["busy", "full"],
)
async def test_a_store_that_takes_nothing(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, raised: Exception, code: int
) -> None:
    """A backlog that is full, a disk that is full: the way that every error goes."""

    async def change(_: object) -> None:
        raise raised

    await server.call("POST", "/values", json={"_id": "x"})
    monkeypatch.setattr(server.served.app[STORE], "change", change)

    for method, path in (("POST", "/values"), ("PATCH", "/values/x"), ("PATCH", "/values")):
        assert (await refused(server, method, path, json={}))["code"] == code
    assert (await server.call("GET", "/values/x"))[0] == 200


async def test_settings_limit_what_is_kept(start: Start) -> None:
    """507 beyond the records or the bytes, 413 beyond the size of one."""
    async with start(max_values=2, max_values_bytes=500, max_value_bytes=300) as server:
        small = {"v": "x" * 250}

        assert (await refused(server, "POST", "/values", json={"v": "x" * 300}))["code"] == 413
        assert (await server.call("POST", "/values", json=small))[0] == 201
        assert (await refused(server, "POST", "/values", json=small))["code"] == 507
        assert (await server.call("POST", "/values", json={}))[0] == 201
        error = await refused(server, "POST", "/values", json={})
        assert (error["code"], error["data"]["limit"]) == (507, 2)


async def test_other_routes_keep_their_errors(kept: RunningServer) -> None:
    """Only what lies below /values speaks as Feathers does."""
    for path in ("/api/v1/runs/values", "/valuesx", "/api/v1/nope/values", "/api/v1"):
        async with kept.http.get(kept.base + path) as answer:
            assert "error" in await answer.json()


async def test_script_stays_text(server: RunningServer, tmp_path: Path) -> None:
    """It comes back as JSON that no browser takes for a page, names of fields too."""
    script = "<script>alert(1)</script>"

    await server.call("POST", "/values", json={"_id": script, script: script})

    async with server.http.get(f"{server.base}/values") as answer:
        assert answer.content_type == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert await answer.json() == [{"_id": script, script: script}]
