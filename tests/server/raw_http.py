"""HTTP as bytes: for requests that no client library would send."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

from tests.server.running import RunningServer


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
    with suppress(ConnectionError):
        await writer.wait_closed()
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
