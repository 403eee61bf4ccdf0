"""A network that cuts connections where it hurts: in the midst of requests and of answers."""

from __future__ import annotations

import asyncio
import random
import threading
from contextlib import suppress
from types import TracebackType


class BadNetwork:
    """
    Stands between trainers and a server at *target* (a port of 127.0.0.1), in a thread of its own.

    Each connection lives for a random number of bytes in each direction, *mean_bytes* on average:
    some end before the request is whole, some after the server took it and before the answer.
    """

    def __init__(self, target: int, mean_bytes: int, seed: int) -> None:
        self._target, self._mean, self._random = target, mean_bytes, random.Random(seed)
        self.cuts = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> BadNetwork:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._ended.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        ways = [self._carry(reader, back), self._carry(there, writer)]
        tasks = [asyncio.ensure_future(way) for way in ways]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        writer.transport.abort()
        back.transport.abort()

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Carry bytes until the connection's time has come."""
        left = int(self._random.expovariate(1 / self._mean)) + 1
        with suppress(OSError):
            while data := await source.read(min(left, 16_384)):
                sink.write(data)
                await sink.drain()
                left -= len(data)
                if left <= 0:
                    self.cuts += 1
                    return
