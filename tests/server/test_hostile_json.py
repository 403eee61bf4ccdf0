"""JSON that is none, values of the wrong type, names that hold script: refused by name, or kept."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pytest

from agnez_client.protocol import new_ulid
from agnez_server.api.session import MAX_LOGIN_BYTES
from tests.server.running import RunningServer

MIB = 1 << 20


async def test_small_things_without_end(shared: RunningServer) -> None:
    """They would take a gigabyte of memory, packed some kilobytes on the way: 413, unread."""
    packed = gzip.compress(b"[" + b",".join([b"[]"] * 10_000_000) + b"]")

    status, error = await shared.refused(
        "POST", "/points", data=packed, headers={"Content-Encoding": "gzip"}
    )

    assert (status, error["code"], error["limit"]) == (413, "too_large", 2_000_000)


async def test_channels_without_end(shared: RunningServer) -> None:
    """A body makes 2,000 at most: nobody else is answered meanwhile. No run is left of it."""
    lines = "".join(f"c{i} 1\n" for i in range(2_001))

    status, error = await shared.refused("POST", "/in/wide", data=lines)

    assert (status, error["code"], error["limit"]) == (413, "too_large", 2_000)
    assert (await shared.get("/runs", q="wide"))["total"] == 0


async def test_entries_without_end(shared: RunningServer) -> None:
    """A body brings 50,000 at most: each takes much more memory than a number."""
    texts = [{"text": "", "format": "plain"}] * 50_001
    body = json.dumps({"run": "long", "channel": "c", "type": "TEXT", "y": texts}).encode()

    status, error = await shared.refused("POST", "/points", data=io.BytesIO(body))

    assert (status, error["code"], error["limit"]) == (413, "too_large", 50_000)


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
    """Broken, deep, endless, of the wrong kind, with what JSON has not: 400 or 413, and why."""
    run = (await shared.get("/runs", q="kept"))["items"][0]["id"]

    status, error = await shared.refused(method, path.format(run=run), data=body)

    assert status == (413 if path == "/session" and len(body) > MAX_LOGIN_BYTES else 400)
    assert len(error["message"]) < 500


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
