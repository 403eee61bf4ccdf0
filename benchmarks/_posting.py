"""Trainers that post: batches as the SDK makes them, over connections that cost next to nothing."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agnez_client.protocol import (
    CONTENT_TYPE,
    MARK_INT,
    RECORD,
    Batch,
    encode_batch,
    join_buffers,
    new_ulid,
)

STEP_NS, JITTER_NS = 1_000_000, 30_000
"""Between two steps of a trainer, and how much that differs."""


class Connection:
    """One kept-alive HTTP connection to a server on this machine."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        """To 127.0.0.1."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 26))

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = "") -> bytes:
        """The body of an answer, which has to be a 200."""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        head += f"Content-Type: {kind}\r\n\r\n" if kind else "\r\n"
        self._writer.writelines((head.encode(), body))
        await self._writer.drain()
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        found = await self._body(answer)
        if " 200 " not in answer[:16]:
            raise RuntimeError(f"{answer.splitlines()[0]}: {found[:300]!r}")
        return found

    async def _body(self, head: str) -> bytes:
        if "content-length:" in head:
            return await self._reader.readexactly(int(head.split("content-length:")[1].split()[0]))
        found = b""
        while size := int(await self._reader.readline(), 16):
            found += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readline()
        return found

    def close(self) -> None:
        """End it."""
        self._writer.close()


class Trainer:
    """
    A spool of a run with *channels* channels, *points* of each in every batch, step by step.

    y is noise of float64, which nothing can compress well; x counts up; the clock jitters.
    """

    def __init__(self, channels: int, points: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        n = channels * points
        self.run, self._spool, self._session = new_ulid(), os.urandom(16), time.time_ns() // 1000
        self._records = records = np.zeros(n, RECORD)
        records["channel"] = np.tile(np.arange(channels), points)
        records["mark"] = MARK_INT
        records["x"] = np.repeat(np.arange(points), channels)
        records["y"] = rng.normal(size=n)
        jitter = rng.integers(0, JITTER_NS, n)
        records["wall_ns"] = time.time_ns() + records["x"] * STEP_NS + jitter
        self._points, self._sent, self._channels = points, 0, channels

    def first(self) -> bytes:
        """The batch that makes the run and its channels known."""
        at = self._session
        events: list[dict[str, object]] = [{"kind": "run", "at": at, "id": self.run, "started": at}]
        events += [
            {"kind": "channel", "at": at, "n": n, "name": f"channel {n}", "type": "NUMERIC"}
            for n in range(self._channels)
        ]
        texts = [json.dumps(event).encode() for event in events]
        batch = Batch(self._spool, self.run, self._session, events=texts)
        return join_buffers(encode_batch(batch))

    def body(self) -> bytes:
        """The next batch of points."""
        batch = Batch(
            self._spool,
            self.run,
            self._session,
            first_event=1 + self._channels,
            first_point=self._sent,
            points=self._records,
        )
        body = join_buffers(encode_batch(batch))
        self._sent += len(self._records)
        self._records["x"] += self._points
        self._records["wall_ns"] += self._points * STEP_NS
        return body


Told = Callable[[float], None]


async def post(connection: Connection, body: bytes) -> None:
    """One batch, acked."""
    await connection.ask("POST", "/api/v1/ingest", body, CONTENT_TYPE)


async def begin(port: int, trainers: list[Trainer]) -> list[Connection]:
    """A connection for each of *trainers*, whose runs are known afterwards."""
    connections = [await Connection.open(port) for _ in trainers]
    for connection, trainer in zip(connections, trainers, strict=True):
        await post(connection, trainer.first())
    return connections


async def deliver(
    connections: list[Connection],
    trainers: list[Trainer],
    go_on: Callable[[int], bool],
    told: Told = lambda _: None,
) -> int:
    """
    Each trainer posts one batch after the other while ``go_on(batches so far)``; how many.

    *told* hears how long each took until it was acked, s.
    """
    count = 0

    async def one(connection: Connection, trainer: Trainer) -> None:
        nonlocal count
        while go_on(count):
            count += 1
            body, began = trainer.body(), time.perf_counter()
            await post(connection, body)
            told(time.perf_counter() - began)

    work: list[Awaitable[None]] = [one(c, t) for c, t in zip(connections, trainers, strict=True)]
    await asyncio.gather(*work)
    return count
