"""
The events of a spool: a file of length, CRC-32 and JSON, appended by plain writes.

When the disk is full an event stays in memory and is written later; it is shipped all the same.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from typing import Any, Final

from agnez_client.protocol import encode_event, frame_event, split_events
from agnez_client.spool.files import Folder, open_file, write_whole
from agnez_client.spool.lock import take

EVENTS_NAME: Final = "events"
_EVENT_HEAD_SIZE: Final = 8
_DEFINITION: Final = b'{"kind":"channel",'
_FORGOTTEN: Final = (b'{"kind":"entry",', b'{"kind":"console",')
"""Beginnings of events that another store can do without: the others define the run."""
BLANK: Final = b"{}"
"""What stands in the place of an event that was forgotten."""
FORGET_BYTES: Final = 16 << 20
"""So many bytes of events that a server has are worth writing the file anew."""

logger = logging.getLogger(__name__)


class EventLog:
    """
    Numbered events; safe to append to from any thread, and from a signal's handler.

    Attributes:
        is_damaged: Whole events lie behind one that can't be read.
        defined: All channels are defined by the events before this ordinal.
    """

    def __init__(self, fd: int, data: bytes = b"", *, is_owned: bool = False) -> None:
        found, self._size = split_events(data)
        self.is_damaged = _goes_on(data[self._size :])
        self._fd, self._is_owned = fd, is_owned
        self._forgotten = 0
        self._lock = threading.RLock()
        self._starts: list[int] = []
        self._unwritten: list[bytes] = []
        self._writing = False
        self.defined = at = 0
        for event in found:
            self._starts.append(at)
            at += _EVENT_HEAD_SIZE + len(event)
            if event.startswith(_DEFINITION):
                self.defined = len(self._starts)

    @classmethod
    def create(cls, folder: Folder) -> EventLog:
        """The log of a new spool; its lock is the owner's sign of life, see `ranks`."""
        fd = folder.create(EVENTS_NAME)
        take(fd)
        return cls(fd, is_owned=True)

    @classmethod
    def open(cls, folder: Folder) -> EventLog:
        """The log of a spool whose owner is gone; what is torn at its end is left out."""
        assert folder.path is not None
        fd = open_file(folder.path / EVENTS_NAME)
        return cls(fd, os.pread(fd, os.fstat(fd).st_size, 0))

    def __len__(self) -> int:
        return len(self._starts) + len(self._unwritten)

    def append(self, event: Mapping[str, Any]) -> None:
        """
        Add *event*; it survives this process when the disk takes it, see `is_written`.

        Raises:
            ValueError: If *event* can't be encoded, see `encode_event`.
        """
        frame = encode_event(event)
        with self._lock:
            if event.get("kind") == "channel":
                self.defined = len(self) + 1
            self._unwritten.append(frame)
            self.write_pending()

    def offer(self, frame: bytes) -> int | None:
        """
        Add the encoded event *frame* if the disk takes it now; its ordinal (in a signal's handler,
        which writes when the interrupted writing is through, perhaps a higher one), else None.
        """
        with self._lock:
            if not self._writing:
                self.write_pending()
                if self._unwritten:
                    return None
            ordinal = len(self)
            self._unwritten.append(frame)
            self.write_pending()
            if not self._writing and self._unwritten and self._unwritten[0] is frame:
                del self._unwritten[0]
                return None
            return ordinal

    @property
    def is_written(self) -> bool:
        """Whether every event has reached the file."""
        return not self._unwritten

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

    def _write(self, frame: bytes) -> bool:
        try:
            write_whole(self._fd, frame, self._size)
        except OSError as error:
            logger.debug("an event waits in memory: %s", error)
            return False
        start, self._size = self._size, self._size + len(frame)
        self._starts.append(start)  # after the size: a Ctrl-C in between must not number it twice
        return True

    def read(self, first: int, max_bytes: int) -> list[bytes]:
        """
        JSON texts from ordinal *first* on, together at most *max_bytes* framed, but at least one
        if there is one.
        """
        with self._lock:
            found = self._read_written(first, max_bytes)
            room = max_bytes - sum(map(len, found))
            if first + len(found) >= len(self._starts):
                for frame in self._unwritten[max(0, first - len(self._starts)) :]:
                    if found and len(frame) > room:
                        break
                    found.append(frame[_EVENT_HEAD_SIZE:])
                    room -= len(frame)
            return found

    def _read_written(self, first: int, max_bytes: int) -> list[bytes]:
        if first >= len(self._starts):
            return []
        start = self._starts[first]
        after = self._starts[first + 1] if first + 1 < len(self._starts) else self._size
        size = max(min(self._size - start, max_bytes), after - start)
        return split_events(os.pread(self._fd, size, start))[0]

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
        events = split_events(os.pread(self._fd, end - start, start))[0]
        if len(events) != before - self._forgotten:  # one is damaged: keep what can be kept
            return 0
        frames = [frame_event(BLANK if e.startswith(_FORGOTTEN) else e) for e in events]
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
                for frame in frames:
                    self._starts[at] = known
                    at, known = at + 1, known + len(frame)
                self._starts[at:] = [place - freed for place in self._starts[at:]]
                self._size -= freed
                self._forgotten = at
                self._fd, fd = fd, self._fd
        finally:
            os.close(fd)
        return freed

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _goes_on(rest: bytes) -> bool:
    """Whether *rest*, which does not begin with an event, is more than a torn end."""
    if len(rest) < _EVENT_HEAD_SIZE:
        return False
    return _EVENT_HEAD_SIZE + int.from_bytes(rest[:4], "little") <= len(rest)
