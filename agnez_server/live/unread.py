"""What waits for one connection: counted, and handed to its writer in small parts."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from agnez_server.live.framing import Frame, framed

BATCH_BYTES: Final = 256 << 10
"""
A writer takes no more at once, beside one message that is larger: what it holds is seen by nobody,
and is said to be on the wire when it is not.
"""
BATCH_MESSAGES: Final = 16
"""What python-engineio's client takes in the answer to one poll; beyond, it gives up."""
MOST_MESSAGES: Final = 200
MOST_BYTES: Final = 16 << 20
"""With more messages or bytes waiting a reader is behind: no more of his calls are taken."""
MOST_BYTES_EVER: Final = 256 << 20
STUCK_AFTER_S: Final = 10.0


class Unread(asyncio.Queue[Any]):
    """
    The queue of one connection; None in it ends the connection.

    Args:
        clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._sizes, self._batch, self._batch_bytes = deque[int](), 0, 0
        self._taken_at = clock()
        self._room, self._ended = asyncio.Event(), False
        self._room.set()
        self.write: Callable[[bytes], bool] | None = None
        """Writes to the web socket at once, if it takes that; None where there is none."""
        self.bytes = 0
        """How many characters wait; of binary messages, bytes."""
        self.is_overfull = False
        """Whether there ever was more than anybody is allowed to leave unread."""

    def _put(self, item: Any) -> None:
        if not self.qsize():
            self._taken_at = self._clock()
        super()._put(item)
        self._sizes.append(_size(item))
        self.bytes += self._sizes[-1]
        self.is_overfull |= self.bytes > MOST_BYTES_EVER
        if item is None:
            self._ended = True
        self._tell_room()

    def _get(self) -> Any:
        item, size = super()._get(), self._sizes.popleft()
        self.bytes -= size
        self._batch += 1
        self._batch_bytes += size
        self._taken_at = self._clock()
        self._tell_room()
        return item

    def _tell_room(self) -> None:
        if self._ended or not self.is_behind():
            self._room.set()
        else:
            self._room.clear()

    async def get(self) -> Any:
        """The next message; it begins a batch."""
        self._batch = self._batch_bytes = 0
        return await super().get()

    def get_nowait(self) -> Any:
        """The next message of the batch. Raises `asyncio.QueueEmpty` at its end."""
        if self._batch >= BATCH_MESSAGES or self._batch_bytes >= BATCH_BYTES:
            raise asyncio.QueueEmpty
        return super().get_nowait()

    def put_all(self, items: Sequence[Any]) -> None:
        """Hand in messages, in one piece; written at once where none waits before them."""
        if self._is_next() and self._written(b"".join(framed(one.encode()) for one in items)):
            return
        for item in items:
            self.put_nowait(item)

    def put_frame(self, frame: Frame, number: int) -> None:
        """The same with a frame of points, which has this *number* here."""
        if self._is_next() and self._written(frame.on_wire(number)):
            return
        for packet in frame.packets(number):
            self.put_nowait(packet)

    def _is_next(self) -> bool:
        """Whether what comes now may be written at once."""
        return self.write is not None and not self._batch and not self.qsize()

    def _written(self, data: bytes) -> bool:
        if self.write is None or not self.write(data):
            return False
        self._taken_at = self._clock()
        return True

    async def batch(self) -> list[Any] | None:
        """What is to be written next; None when the connection ends."""
        item = await self.get()
        found = list[Any]()
        while item is not None:
            found.append(item)
            try:
                item = self.get_nowait()
            except asyncio.QueueEmpty:
                return found
        if found:
            self.put_nowait(None)
        return found or None

    @property
    def held(self) -> int:
        """Bytes that wait, and those that the writer has not got rid of yet."""
        return self.bytes + self._batch_bytes

    def is_behind(self) -> bool:
        """Whether more waits than a reader who reads leaves waiting."""
        return self.qsize() > MOST_MESSAGES or self.bytes > MOST_BYTES

    def is_lost(self) -> bool:
        """Whether he is behind and reads nothing, or is so far behind that he costs too much."""
        is_stuck = self._taken_at + STUCK_AFTER_S <= self._clock()
        return self.is_overfull or (self.is_behind() and is_stuck)

    async def room(self) -> None:
        """Wait until the reader is not behind, or his connection ends."""
        await self._room.wait()


def _size(item: Any) -> int:
    """That of an Engine.IO packet, which may have been written already."""
    data = getattr(item, "encode_cache", None) or getattr(item, "data", None)
    return len(data) if isinstance(data, (str, bytes)) else 0
