"""
A segment: one file of point records, allocated before it is used, mapped into the owner.

Layout: 4096 bytes of header, then records of 32 bytes. A slot is claimed by a counter that hands
out offsets, then filled by one `struct.pack_into` whose last field is the mark that makes the
record valid. Neither takes a lock.
"""

from __future__ import annotations

import itertools
import mmap
import os
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from agnez_client.errors import SpoolError
from agnez_client.protocol import MARK_VOID, RECORD, RECORD_SIZE, RecordArray
from agnez_client.spool.files import Folder, open_file, write_whole
from agnez_client.spool.sums import Sums, sums_of

SEGMENT_PREFIX: Final = "points-"
FIRST_SIZE: Final = 256 << 10
LARGEST_SIZE: Final = 16 << 20
RECORDS_AT: Final = 4096
_HEAD: Final = struct.Struct("<8sII16sQQ")
_MAGIC: Final = b"AGNZSEG1"
_POPULATE_WRITE: Final = 23
"""MADV_POPULATE_WRITE of Linux 5.14, which Python's mmap does not name."""
_PIECE: Final = 256 << 10
_MARK_AT: Final = RECORD_SIZE - 4
_OWNER_AT: Final = 16
_DIGITS: Final = 20
_MOST: Final = (LARGEST_SIZE - RECORDS_AT) // RECORD_SIZE
_FEW_BITS: Final = 8
_SAMPLE: Final = 64


class ClosedSegment:
    """Stands where a segment would when nothing may be written: every claim is beyond its limit."""

    def __init__(self) -> None:
        self.claim: Callable[[], int] = itertools.repeat(sys.maxsize).__next__
        self.limit = -1
        self.buffer = bytearray()
        self.full = True
        self.next: Segment | None = None


class Segment:
    """
    Records ``base <= ordinal < end`` of a spool.

    A writer calls ``claim()`` for an offset into ``buffer``; beyond ``limit`` the segment is full
    and ``next`` follows. ``full`` tells that every slot was claimed. ``held`` slots are in the
    file: fewer than ``capacity`` when it was cut. ``is_damaged``: that, or a wrong header.
    """

    __slots__ = (
        "base",
        "buffer",
        "capacity",
        "claim",
        "end",
        "fd",
        "full",
        "held",
        "is_damaged",
        "limit",
        "name",
        "next",
        "sums",
    )

    def __init__(
        self,
        fd: int,
        name: str,
        base: int,
        capacity: int,
        buffer: mmap.mmap | None = None,
        folder: Folder | None = None,
    ) -> None:
        self.fd, self.name, self.base, self.capacity = fd, name, base, capacity
        self.end = base + capacity
        self.buffer = buffer if buffer is not None else bytearray()
        self.limit = RECORDS_AT + (capacity - 1) * RECORD_SIZE
        self.claim = claims()
        self.full = False
        self.next: Segment | None = None
        self.held = capacity
        self.is_damaged = False
        self.sums = Sums(folder or Folder(None), base)

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return RECORDS_AT + self.capacity * RECORD_SIZE

    @property
    def state(self) -> str:
        """What a person is told of its file."""
        if self.held < self.capacity:
            return f"{self.name} is cut, {self.held} of {self.capacity} slots are left"
        return f"{self.name} has a damaged header" if self.is_damaged else f"{self.name} is whole"

    def read(self, first: int, count: int) -> RecordArray:
        """*count* slots from the ordinal *first* on, holes included; fewer if the file ends."""
        at = RECORDS_AT + (first - self.base) * RECORD_SIZE
        if count <= 0:
            return np.empty(0, RECORD)
        data = os.pread(self.fd, count * RECORD_SIZE, at)
        return np.frombuffer(data, RECORD, len(data) // RECORD_SIZE)

    def write(self, ordinal: int, record: bytes) -> None:
        """Fill the slot *ordinal*. Only once nobody else can write any more."""
        write_whole(self.fd, record, RECORDS_AT + (ordinal - self.base) * RECORD_SIZE)
        self.held = max(self.held, ordinal - self.base + 1)

    def void(self, ordinal: int) -> None:
        """Write the mark that says: nothing is here. Only once nobody can write any more."""
        at = RECORDS_AT + (ordinal - self.base) * RECORD_SIZE + _MARK_AT
        write_whole(self.fd, MARK_VOID.to_bytes(4, "little"), at)

    def unmap(self) -> None:
        """From now on a writer that claimed a slot here gets an error (TypeError or ValueError, as
        Python's version has it) instead of writing."""
        if isinstance(self.buffer, mmap.mmap):
            self.buffer.close()

    def close(self) -> None:
        """Unmap and close the file, which stays."""
        self.unmap()
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class Blank:
    """A segment in the making: its room on the disk is reserved, its place in the spool is not."""

    def __init__(self, folder: Folder, size: int) -> None:
        """
        Reserve *size* bytes. Without that, a write into the mapping of a sparse file on a full
        disk would kill the process with SIGBUS; an allocation is refused cleanly.

        Raises:
            OSError: If the room is not there.
        """
        self.folder, self.size = folder, size
        self.temporary = f"tmp-{os.urandom(8).hex()}"
        self.map: mmap.mmap | None = None
        self.fd = folder.create(self.temporary)
        try:
            _reserve(self.fd, size)
            self.map = mmap.mmap(self.fd, size)
            _populate(self.map)
        except BaseException:
            self.discard()
            raise

    def become(self, spool: bytes, base: int) -> Segment:
        """Take the place after ordinal *base* in the spool with the id *spool*."""
        capacity = (self.size - RECORDS_AT) // RECORD_SIZE
        head = _HEAD.pack(_MAGIC, 1, RECORD_SIZE, spool, base, capacity)
        write_whole(self.fd, head, 0)
        name = f"{SEGMENT_PREFIX}{base:020d}"
        self.folder.publish(self.temporary, name)
        return Segment(self.fd, name, base, capacity, self.map, self.folder)

    def discard(self) -> None:
        """Give the room back."""
        if self.map is not None:
            self.map.close()
        os.close(self.fd)
        self.folder.remove(self.temporary)


def open_segment(
    folder: Folder, name: str, spool: bytes, following: int | None = None, flags: int = os.O_RDWR
) -> Segment:
    """
    The segment of a spool whose owner is gone. One whose header is damaged, or whose end is cut
    off, is read as far as it goes, and is ``is_damaged``.

    Args:
        following: The first ordinal of the next segment; None if this is the last.
        flags: How the file is opened.

    Raises:
        SpoolError: If the file is not a segment of *spool*.
    """
    assert folder.path is not None
    path = folder.path / name
    base = base_of(path)
    fd = open_file(path, flags)
    head = os.pread(fd, _HEAD.size, 0)
    slots = max(0, (os.fstat(fd).st_size - RECORDS_AT) // RECORD_SIZE)
    sums = Sums(folder, base)
    sums.find()
    capacity = _capacity_in(head, spool, base)
    is_sound = capacity is not None
    if capacity is None:
        if not _is_ours(fd, head, spool, sums, slots):
            os.close(fd)
            raise SpoolError(f"{path} is not a segment of this spool")
        capacity = max(slots, sums.count)
    if following is not None:
        capacity = min(capacity, following - base)
    segment = Segment(fd, name, base, capacity, folder=folder)
    segment.sums = sums
    segment.held = min(slots, capacity)
    segment.is_damaged = not is_sound or slots < capacity
    return segment


def base_of(path: Path) -> int:
    """
    The first ordinal of the segment in the file *path*, which its name says.

    Raises:
        SpoolError: If its name is not that of a segment.
    """
    digits = path.name.removeprefix(SEGMENT_PREFIX)
    if not (digits.isascii() and digits.isdecimal()) or len(digits) != _DIGITS:
        raise SpoolError(f"{path} is not a segment of this spool")
    return int(digits)


def _capacity_in(head: bytes, spool: bytes, base: int) -> int | None:
    """The capacity that *head* tells; None unless all of it is as it was written."""
    if len(head) != _HEAD.size:
        return None
    *found, capacity = _HEAD.unpack(head)
    fits = tuple(found) == (_MAGIC, 1, RECORD_SIZE, spool, base)
    return int(capacity) if fits and 0 < capacity <= _MOST else None


def _is_ours(fd: int, head: bytes, spool: bytes, sums: Sums, slots: int) -> bool:
    """Whether a segment whose header is damaged belongs to *spool*: its id or its sums say so."""
    if len(head) < _HEAD.size:
        return slots == 0
    owner = head[_OWNER_AT : _OWNER_AT + len(spool)]
    difference = int.from_bytes(owner, "little") ^ int.from_bytes(spool, "little")
    if difference.bit_count() <= _FEW_BITS:
        return True
    count = min(slots, _SAMPLE)
    data = os.pread(fd, count * RECORD_SIZE, RECORDS_AT)
    known = sums.read(sums.base, count)
    return bool((known == sums_of(sums.base, np.frombuffer(data, RECORD, count))).any())


def claims() -> Callable[[], int]:
    """A function that hands out the offsets of a segment's slots, each once, to any thread."""
    following = itertools.count(RECORDS_AT, RECORD_SIZE).__next__
    if getattr(sys, "_is_gil_enabled", lambda: True)():
        return following
    return locked(following)


def locked(following: Callable[[], int]) -> Callable[[], int]:
    """*following* for a Python without a global lock: one thread at a time."""
    lock = threading.RLock()

    def claim() -> int:
        with lock:
            return following()

    return claim


def _reserve(fd: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(fd, 0, size)
        return
    zeros = bytes(1 << 20)
    for at in range(0, size, len(zeros)):
        write_whole(fd, zeros[: size - at], at)


def _populate(map: mmap.mmap) -> None:
    """
    Fault all pages in now and not one by one inside `send()`; older kernels do it later.

    In pieces of a fraction of a millisecond: Python holds its lock meanwhile, and training waits.
    """
    if not hasattr(map, "madvise"):
        return
    try:
        for at in range(0, len(map), _PIECE):
            if at:
                time.sleep(0)
            map.madvise(_POPULATE_WRITE, at, min(_PIECE, len(map) - at))
    except OSError:
        return
