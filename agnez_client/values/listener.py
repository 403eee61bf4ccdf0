"""Hearing of changes of documents in a program that waits: a thread does the listening."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Iterator
from types import TracebackType

from agnez_client.errors import TransportError
from agnez_client.values.listening import MISSED, MOST_UNREAD, AsyncListener, Event


class Listener:
    """
    See `Values.listen`. It hears from when it was made to its `close`.

    Raises:
        TransportError: If the server does not answer, or refuses.
    """

    def __init__(self, url: str, token: str | None, most_unread: int = MOST_UNREAD) -> None:
        """
        Args:
            most_unread: Events that wait; beyond, all are dropped for one that says "missed".
        """
        self._most = most_unread
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._ready: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._run, args=(url, token), name="agnez-listener", daemon=True
        )
        self._thread.start()
        error = self._ready.get()
        if error is not None:
            self._thread.join()
            raise error

    def _run(self, url: str, token: str | None) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._hear(url, token))
        self._events.put(None)

    async def _hear(self, url: str, token: str | None) -> None:
        self._closing = asyncio.Event()
        listener = AsyncListener(url, token)
        try:
            await listener.open()
        except TransportError as error:
            self._ready.put(error)
            return
        self._ready.put(None)
        taking = asyncio.create_task(self._take(listener))
        await self._closing.wait()
        await listener.close()
        await taking

    async def _take(self, listener: AsyncListener) -> None:
        async for event in listener:
            if self._events.qsize() >= self._most:
                self._drop()
                event = MISSED
            self._events.put(event)

    def _drop(self) -> None:
        try:
            while True:
                self._events.get_nowait()
        except queue.Empty:
            return

    def wait(self, timeout_s: float | None = None) -> Event | None:
        """The next event; None after *timeout_s* without one, or when it was closed."""
        try:
            event = self._events.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if event is None:
            self._events.put(None)
        return event

    def close(self) -> None:
        """Hear no more; the iteration ends after what was heard."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join()

    def __iter__(self) -> Iterator[Event]:
        return iter(self.wait, None)

    def __enter__(self) -> Listener:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
