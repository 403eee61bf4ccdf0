"""
The events of a spool: a file of length, CRC-32 and JSON, appended by plain writes.

When the disk is full an event stays in memory and is written later; it is shipped all the same. The
last ones of a run find room that is kept for them, see `reserve`.
One that can't be read any more is `DAMAGED` in its place, and those behind it keep their ordinals.
"""

from __future__ import annotations

import bisect
import contextlib
import logging
import os
import threading
from collections.abc import Mapping
from typing import Any, Final

from agnez_client.protocol import encode_event
from agnez_client.spool.files import Folder, open_file, write_whole
from agnez_client.spool.frames import body_of, frame, read_frames
from agnez_client.spool.header import SPOOL_VERSION
from agnez_client.spool.lock import take
from agnez_client.spool.reserve import END, LAST_WORDS, Reserve

EVENTS_NAME: Final = "events"
EVENT_HEAD_SIZE: Final = 8
_DEFINITION: Final = b'{"kind":"channel",'
_FORGOTTEN: Final = (b'{"kind":"entry",', b'{"kind":"console",')
"""Beginnings of events that another store can do without: the others define the run."""
BLANK: Final = b"{}"
"""What stands in the place of an event that was forgotten."""
DAMAGED: Final = b'{"kind":"damaged"}'
"""What stands in the place of an event that can't be read."""
FORGET_BYTES: Final = 16 << 20
"""So many bytes of events that a server has are worth writing the file anew."""

logger = logging.getLogger(__name__)


class EventLog:
    """
    Numbered events; safe to append to from any thread, and from a signal's handler.

    Attributes:
        lost: Ordinals of events that can't be read.
        mended: Ordinals of events in which one bit had flipped.
        torn: Bytes behind the last whole event: its writer was killed, or the file was cut.
        defined: All channels are defined by the events before this ordinal.

    Args:
        fd: The file.
        data: What it holds.
        version: That of the spool.
        is_owned: Whether this process made it.
        reserve: Keeps room for its last events.
    """

    def __init__(
        self,
        fd: int,
        data: bytes = b"",
        version: int = SPOOL_VERSION,
        *,
        is_owned: bool = False,
        reserve: Reserve | None = None,
    ) -> None:
        found = read_frames(data, version)
        self._size, self.torn = found.end, found.torn
        self.lost = {f.ordinal for f in found.lost}
        self.mended = {f.ordinal for f in found.mended}
        self._fd, self._version, self._is_owned = fd, version, is_owned
        self._reserve, self._kept = reserve, LAST_WORDS
        self._forgotten = 0
        self._lock = threading.RLock()
        self._starts: list[int] = []
        self._unwritten: list[bytes] = []
        self._writing = False
        self.defined = 0
        for event in found.found:
            self._starts.append(event.start)
            if event.body is not None and event.body.startswith(_DEFINITION):
                self.defined = len(self._starts)

    @classmethod
    def create(cls, folder: Folder) -> EventLog:
        """The log of a new spool; its lock is the owner's sign of life, see `ranks`."""
        fd = folder.create(EVENTS_NAME)
        take(fd)
        reserve = None
        if folder.path is not None:
            reserve = Reserve()
            reserve.allows(fd, 0)
        return cls(fd, is_owned=True, reserve=reserve)

    @classmethod
    def open(cls, folder: Folder, version: int = SPOOL_VERSION, flags: int = os.O_RDWR) -> EventLog:
        """The log of a spool whose owner is gone; what is torn at its end is left out."""
        assert folder.path is not None
        fd = open_file(folder.path / EVENTS_NAME, flags)
        return cls(fd, os.pread(fd, os.fstat(fd).st_size, 0), version)

    def __len__(self) -> int:
        return len(self._starts) + len(self._unwritten)

    def append(self, event: Mapping[str, Any]) -> None:
        """
        Add *event*; it survives this process when the disk takes it, see `is_written`.

        Raises:
            ValueError: If *event* can't be encoded, see `encode_event`.
        """
        body = encode_event(event)[EVENT_HEAD_SIZE:]
        with self._lock:
            if event.get("kind") == "channel":
                self.defined = len(self) + 1
            self._unwritten.append(body)
            self.write_pending()

    @property
    def is_damaged(self) -> bool:
        """Whether an event can't be read."""
        return bool(self.lost)

    def offer(self, body: bytes) -> int | None:
        """
        Add the event with the JSON text *body* if the disk takes it now; its ordinal (in a
        signal's handler, which writes when the interrupted writing is through, perhaps a higher
        one), else None.
        """
        with self._lock:
            if not self._writing:
                self.write_pending()
                if self._unwritten:
                    return None
            ordinal = len(self)
            self._unwritten.append(body)
            self.write_pending()
            if not self._writing and self._unwritten and self._unwritten[0] is body:
                del self._unwritten[0]
                return None
            return ordinal

    @property
    def is_written(self) -> bool:
        """Whether every event has reached the file."""
        return not self._unwritten

    @property
    def has_room(self) -> bool:
        """Whether every event has reached the file, and the disk would take another one."""
        with self._lock:
            reserve = self._reserve
            return self.is_written and (not reserve or reserve.allows(self._fd, self._size))

    def write_last(self, *, is_end: bool = True) -> None:
        """
        Write what waits, into what is kept for it too: all of that if no other event comes, else
        half of it.
        """
        with self._lock:
            self._kept = 0 if is_end else END
            self.write_pending()
            self._kept = LAST_WORDS

    def write_pending(self) -> None:
        """Write what the disk refused before, as far as it takes it now."""
        with self._lock:
            if self._writing:  # a signal's handler, inside the loop below, which goes on after it
                return
            self._writing = True
            try:
                while self._unwritten and self._write(self._unwritten[0]):
                    del self._unwritten[0]
            finally:
                self._writing = False

    def _write(self, body: bytes) -> bool:
        whole = frame(body, len(self._starts), self._version)
        if self._reserve and not self._reserve.allows(
            self._fd, self._size + len(whole), self._kept
        ):
            return False
        try:
            write_whole(self._fd, whole, self._size)
        except OSError as error:
            logger.debug("an event waits in memory: %s", error)
            self._cut()
            return False
        start, self._size = self._size, self._size + len(whole)
        self._starts.append(start)  # after the size: a Ctrl-C in between must not number it twice
        return True

    def _cut(self) -> None:
        """What was written of an event would look like damage."""
        with contextlib.suppress(OSError):
            if os.fstat(self._fd).st_size > self._size:
                os.ftruncate(self._fd, self._size)
                if self._reserve:
                    self._reserve.gone()

    def read(self, first: int, max_bytes: int) -> list[bytes]:
        """
        JSON texts from ordinal *first* on, together at most *max_bytes* framed, but at least one
        if there is one.
        """
        with self._lock:
            found = self._read_written(first, max_bytes)
            room = max_bytes - sum(map(len, found))
            if first + len(found) >= len(self._starts):
                for body in self._unwritten[max(0, first - len(self._starts)) :]:
                    if found and len(body) > room:
                        break
                    found.append(body)
                    room -= len(body)
            return found

    def _read_written(self, first: int, max_bytes: int) -> list[bytes]:
        if first >= len(self._starts):
            return []
        limit = self._starts[first] + max_bytes
        last = bisect.bisect_right(self._starts, limit) - 1
        if last == len(self._starts) - 1 and self._size <= limit:
            last += 1
        last = max(last, first + 1)
        return self._bodies(first, last)

    def _bodies(self, first: int, last: int) -> list[bytes]:
        """JSON texts of the written events with the ordinals from *first* to before *last*."""
        start, end = self._starts[first], self._start_of(last)
        data = os.pread(self._fd, end - start, start)
        return [self._body(data, ordinal, start) for ordinal in range(first, last)]

    def _body(self, data: bytes, ordinal: int, start: int) -> bytes:
        """The event *ordinal* in *data*, which begins at the place *start* of the file."""
        place = slice(self._starts[ordinal] - start, self._start_of(ordinal + 1) - start)
        if ordinal in self.lost or place.stop - place.start < EVENT_HEAD_SIZE:
            return DAMAGED
        body, is_mended = body_of(data[place], ordinal, self._version)
        if is_mended:
            self.mended.add(ordinal)
        if body is None:  # it was sound when this process began to read, or wrote it
            self.lost.add(ordinal)
            logger.warning("the event %d of a spool is damaged and lost", ordinal)
        return DAMAGED if body is None else body

    def forget(self, folder: Folder, before: int) -> int:
        """
        A server has all events before the ordinal *before*: once they take `FORGET_BYTES`, write
        the file anew without those that do not define the run. All keep their ordinals.

        Returns:
            How many bytes that freed.
        """
        before = min(before, len(self._starts))
        if before <= self._forgotten:
            return 0
        start, end = self._start_of(self._forgotten), self._start_of(before)
        if end - start < FORGET_BYTES:
            return 0
        events = self._bodies(self._forgotten, before)
        if self.lost:  # keep what can be kept
            return 0
        frames = [
            frame(BLANK if e.startswith(_FORGOTTEN) else e, ordinal, self._version)
            for ordinal, e in enumerate(events, self._forgotten)
        ]
        try:
            return self._rewrite(folder, start, frames, end)
        except OSError as error:
            logger.debug("events that were sent stay on the disk: %s", error)
            return 0

    def _start_of(self, ordinal: int) -> int:
        return self._starts[ordinal] if ordinal < len(self._starts) else self._size

    def _rewrite(self, folder: Folder, start: int, frames: list[bytes], end: int) -> int:
        """Let the file hold *frames* between the places *start* and *end*."""
        name = f"tmp-{EVENTS_NAME}"
        folder.remove(name)
        fd = folder.create(name)
        try:
            if self._is_owned:
                take(fd)
            head = os.pread(self._fd, start, 0) + b"".join(frames)
            write_whole(fd, head, 0)
            with self._lock:
                write_whole(fd, os.pread(self._fd, self._size - end, end), len(head))
                folder.publish(name, EVENTS_NAME)
                freed = end - len(head)
                at, known = self._forgotten, start
                for one in frames:
                    self._starts[at] = known
                    at, known = at + 1, known + len(one)
                self._starts[at:] = [place - freed for place in self._starts[at:]]
                self._size -= freed
                self._forgotten = at
                self._fd, fd = fd, self._fd
                if self._reserve:
                    self._reserve.gone()
        finally:
            os.close(fd)
        return freed

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
