"""
The write-ahead log, read without SQLite (which ends at its first bad frame and says nothing).

A header, then frames: a page each, with two words of checksum that go on from those of the frame
before. As the one before is stored, each frame can be checked alone, all of them at once: the
checksum of a frame is linear in its words, modulo 2 to the 32.

Source: "Database File Format", chapter 4, sqlite.org/fileformat2.html, and "WAL-mode File Format".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

HEADER_BYTES: Final = 32
FRAME_BYTES: Final = 24
"""The head of a frame; its page follows."""
_MAGIC_LITTLE: Final = 0x377F0682
_MAGIC_BIG: Final = 0x377F0683
_VERSION: Final = 3007000
_HEADER: Final = struct.Struct(">IIII8sII")
_PAGE_SIZES: Final = {1 << power for power in range(9, 17)}
_BLOCK: Final = 256
"""Frames that are read at a time."""

Words = npt.NDArray[np.uint32]
State = tuple[int, int]
"""A checksum: two words."""
PAGE, COMMIT = 0, 1
"""Columns of `WalFile.heads`: the page's number, and the database's size in pages at a commit."""


@dataclass(frozen=True, slots=True)
class WalFile:
    """
    A write-ahead log as it lies on disk.

    ``heads`` ``(frames, 6)`` uint32 are the heads of all whole frames, ``errors`` ``(frames, 2)``
    how far the stored checksum of each is from the one computed from the frame before: zeros for
    a sound frame. ``taken`` is how many frames SQLite would take, ``is_headed`` whether it would
    take its header.
    """

    size: int
    page_size: int
    salts: bytes
    is_headed: bool
    is_big: bool
    start: State
    heads: Words
    errors: Words
    taken: int

    def commits(self, frames: int) -> int:
        """How many commits the first *frames* hold."""
        return int(np.count_nonzero(self.heads[:frames, COMMIT]))

    def salts_of(self, frame: int) -> bytes:
        """The salts of one frame, which those of the header must equal."""
        return self.heads[frame, 2:4].astype(">u4").tobytes()

    def same_salts(self, salts: bytes) -> npt.NDArray[np.bool_]:
        """Which frames have these *salts*."""
        found: npt.NDArray[np.bool_] = (self.heads[:, 2:4] == np.frombuffer(salts, ">u4")).all(1)
        return found

    def follows_damage(self) -> bool:
        """Whether a commit of this log's salts, sound in itself, stands where SQLite won't look."""
        sound = ~self.errors.any(1) & (self.heads[:, COMMIT] > 0) & self.same_salts(self.salts)
        return bool(sound[self.taken + 1 :].any())


def read_wal(path: Path, page_size: int) -> WalFile | None:
    """
    The log at *path*, of a database with pages of *page_size* bytes; None if it is missing or
    holds nothing, not even a whole header.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(HEADER_BYTES)
            return _read(file, raw, page_size) if len(raw) == HEADER_BYTES else None
    except FileNotFoundError:
        return None


def _read(file: BinaryIO, raw: bytes, page_size: int) -> WalFile:
    magic, version, size, _, salts, *stored = _HEADER.unpack(raw)
    is_big = magic == _MAGIC_BIG
    computed = checksum(raw[:24], is_big=is_big)
    is_headed = (
        magic in (_MAGIC_LITTLE, _MAGIC_BIG)
        and version == _VERSION
        and size in _PAGE_SIZES
        and tuple(stored) == computed
    )
    page_size = size if is_headed else page_size
    start = computed if is_headed else (stored[0], stored[1])
    heads, errors = _read_frames(file, page_size, start, is_big=is_big)
    if not is_headed and len(heads) and errors[0].any():
        other = errors[0] + np.array(moved(start, page_size), np.uint32)
        other -= np.array(moved(computed, page_size), np.uint32)
        if not other.any():  # the header's checksum is what is damaged in it
            start, errors[0] = computed, other
    found = WalFile(file.tell(), page_size, salts, is_headed, is_big, start, heads, errors, taken=0)
    taken = _taken(found) if is_headed else 0
    return WalFile(
        file.seek(0, 2), page_size, salts, is_headed, is_big, start, heads, errors, taken
    )


def _read_frames(
    file: BinaryIO, page_size: int, start: State, *, is_big: bool
) -> tuple[Words, Words]:
    size = FRAME_BYTES + page_size
    heads, sums = [np.empty((0, 6), np.uint32)], [np.empty((0, 2), np.uint32)]
    while len(block := file.read(_BLOCK * size)) >= size:
        frames = len(block) // size
        words = np.frombuffer(block, "<u4", frames * size // 4).reshape(frames, size // 4)
        heads.append(words[:, :6].byteswap())
        ours = words.byteswap() if is_big else words
        sums.append(np.matmul(ours, factors(page_size), dtype=np.uint32))
    head, own = np.concatenate(heads), np.concatenate(sums)
    before = np.vstack([np.array([start], np.uint32), head[:-1, 4:6]])[: len(head)]
    carried = np.matmul(before, carry(page_size), dtype=np.uint32)
    return head, head[:, 4:6] - own - carried


def _taken(wal: WalFile) -> int:
    sound = ~wal.errors.any(1) & (wal.heads[:, PAGE] > 0) & wal.same_salts(wal.salts)
    end = len(sound) if sound.all() else int(np.argmin(sound))
    commits = np.flatnonzero(wal.heads[:end, COMMIT])
    return int(commits[-1]) + 1 if len(commits) else 0


def checksum(data: bytes, state: State = (0, 0), *, is_big: bool = False) -> State:
    """SQLite's checksum of *data*, a multiple of 8 bytes, going on from *state*."""
    first, second = state
    for x, y in struct.iter_unpack(">II" if is_big else "<II", data):
        first = (first + x + second) & 0xFFFFFFFF
        second = (second + y + first) & 0xFFFFFFFF
    return first, second


@lru_cache(maxsize=4)
def factors(page_size: int) -> Words:
    """
    By which each word of a frame counts in its checksum, ``(words, 2)``; salts and the checksum
    itself don't.
    """
    words = (FRAME_BYTES + page_size) // 4
    found = np.zeros((words, 2), np.uint32)
    counted = [*range(2), *range(6, words)]
    first, second = (1, 1), (0, 1)  # what the last pair's words count
    for at in range(len(counted) - 2, -1, -2):
        found[counted[at]], found[counted[at + 1]] = first, second
        first, second = _step(first), _step(second)
    found.flags.writeable = False
    return found


@lru_cache(maxsize=4)
def carry(page_size: int) -> Words:
    """What a frame makes of the checksum before it: a ``(2, 2)`` matrix to multiply it by."""
    rows = [(1, 0), (0, 1)]
    for _ in range((8 + page_size) // 8):
        rows = [_step(row) for row in rows]
    return np.array(rows, np.uint32)


def _step(state: State) -> State:
    """A pair of zeros."""
    first = (state[0] + state[1]) & 0xFFFFFFFF
    return first, (state[1] + first) & 0xFFFFFFFF


def moved(state: State, page_size: int) -> State:
    """What a frame makes of the checksum *state* before it."""
    moved = np.matmul(np.array([state], np.uint32), carry(page_size), dtype=np.uint32)[0]
    return int(moved[0]), int(moved[1])


def header(salts: bytes, page_size: int, *, is_big: bool) -> tuple[bytes, State]:
    """A header with these *salts*, and its checksum."""
    magic = _MAGIC_BIG if is_big else _MAGIC_LITTLE
    raw = _HEADER.pack(magic, _VERSION, page_size, 0, salts, 0, 0)[:24]
    state = checksum(raw, is_big=is_big)
    return raw + struct.pack(">II", *state), state
