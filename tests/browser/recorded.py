"""Runs with a record, for the pages: sent as a trainer sends them, without one."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from typing import Any

from agnez_client.protocol import CONTENT_TYPE, Batch, encode_batch, join_buffers, new_ulid
from tests.browser.conftest import Site

LINES_PER_EVENT = 5000


class Recorded:
    """One run, and what is told of it by one process."""

    def __init__(self, site: Site, name: str, *, rank: int = 0, **fields: Any) -> None:
        self.site = site
        self.run = new_ulid()
        self.session = time.time_ns() // 1000
        self._rank = rank
        self._spool = os.urandom(16)
        self._sent = 0
        self._channels: dict[str, int] = {}
        self._waiting = [
            {"kind": "run", "id": self.run, "started": self.session, "name": name, **fields}
        ]

    def join(self, other: Recorded) -> None:
        """Be a further process of *other*'s run, before anything was told."""
        self.run, self.session = other.run, other.session
        self._waiting[0].update({"id": other.run, "started": other.session})

    async def tell(self, *events: dict[str, Any]) -> None:
        """Send *events* in order, each with the present time."""
        self._waiting += events
        now = time.time_ns() // 1000
        texts = [json.dumps({"at": now, **event}).encode() for event in self._waiting]
        batch = Batch(
            self._spool, self.run, self.session, self._rank, first_event=self._sent, events=texts
        )
        url, head = f"{self.site.url}/api/v1/ingest", {"Content-Type": CONTENT_TYPE}
        body = join_buffers(encode_batch(batch))
        async with self.site.http.post(url, data=body, headers=head) as answer:
            assert answer.status == 200, await answer.text()
            refused = (await answer.json())["refused"]
            assert refused == [], refused
        self._sent += len(texts)
        self._waiting = []

    async def print(self, texts: Sequence[str], *, stream: str = "stdout", first: int = 0) -> None:
        """Lines of console output with the numbers *first* and on."""
        for at in range(0, len(texts), LINES_PER_EVENT):
            part = list(texts[at : at + LINES_PER_EVENT])
            wall = time.time_ns() // 1000
            await self.tell(
                {"kind": "console", "stream": stream, "first": first + at, "lines": part,
                 "walls": [wall + n for n in range(len(part))]}
            )  # fmt: skip

    async def enter(self, channel: str, kind: str, x: int, body: dict[str, Any],
                    blobs: Sequence[dict[str, Any]] = ()) -> None:  # fmt: skip
        """
        An entry of a channel, which is made with its first one; blobs of *body* are put.

        *blobs* are those that lie deeper in it.
        """
        events = []
        if channel not in self._channels:
            self._channels[channel] = len(self._channels)
            number = self._channels[channel]
            events.append({"kind": "channel", "n": number, "name": channel, "type": kind})
        if "sha256" in body:
            blobs = [{k: body[k] for k in ("sha256", "size", "mime")}]
        wall = time.time_ns() // 1000
        events.append(
            {"kind": "entry", "n": self._channels[channel], "x": x, "wall": wall, "body": body,
             "blobs": list(blobs)}
        )  # fmt: skip
        await self.tell(*events)

    async def put(self, data: bytes, mime: str = "text/plain") -> dict[str, Any]:
        """Put a blob; what names it in a body."""
        sha256 = hashlib.sha256(data).hexdigest()
        url = f"{self.site.url}/api/v1/blobs/{sha256}"
        async with self.site.http.put(url, data=data, headers={"Content-Type": mime}) as answer:
            assert answer.status in (200, 201), await answer.text()
        return {"sha256": sha256, "mime": mime, "size": len(data)}
