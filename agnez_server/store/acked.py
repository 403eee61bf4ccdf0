"""
How far the store has acknowledged, noted beside the database.

A write-ahead log that was cut between two commits shows no trace of what is gone. So after each
commit its number, and how far the log reached, is written to the file `ACKED`, without waiting for
the disk: a kill between the two leaves the note behind, never ahead.
"""

from __future__ import annotations

import logging
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

ACKED: Final = "ACKED"
_SLOT: Final = struct.Struct("<4sHxx16sQ8sI")
_CRC: Final = struct.Struct("<I")
_MAGIC: Final = b"AGAK"
_VERSION: Final = 1
_SLOT_BYTES: Final = 64
_SLOTS: Final = 2
"""Written in turn: while one is torn or damaged, the other tells."""
_INDEX: Final = struct.Struct("=16xI12x8s")
"""Of the head of the log's index (`-shm`): the number of frames, the salts of the log."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a write-ahead log ends: its salts, and how many frames it has."""

    salts: bytes
    frames: int


NOWHERE: Final = Position(bytes(8), 0)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The store's id as 16 bytes, the number of its newest commit, and where the log ended."""

    store: bytes
    number: int
    end: Position


def read_acked(directory: Path) -> Acknowledged | None:
    """What is noted in *directory*; None if nothing is, or nothing that can be read."""
    try:
        raw = (directory / ACKED).read_bytes()
    except OSError:
        return None
    slots = (_read(raw[at : at + _SLOT_BYTES]) for at in range(0, len(raw), _SLOT_BYTES))
    return max(filter(None, slots), key=lambda one: one.number, default=None)


def _read(raw: bytes) -> Acknowledged | None:
    if len(raw) < _SLOT.size + _CRC.size:
        return None
    if zlib.crc32(raw[: _SLOT.size]) != _CRC.unpack_from(raw, _SLOT.size)[0]:
        return None
    magic, version, store, number, salts, frames = _SLOT.unpack_from(raw)
    if magic != _MAGIC or version != _VERSION:
        return None
    return Acknowledged(store, number, Position(salts, frames))


def position(index: int) -> Position:
    """Where the log ends by its index, an open file."""
    raw = os.pread(index, _INDEX.size, 0)
    if len(raw) < _INDEX.size:
        return NOWHERE
    frames, salts = _INDEX.unpack(raw)
    return Position(salts, frames)


class AckedNote:
    """
    The file `ACKED`, open for writing, and the index of the log that it speaks of.

    The index is kept open until the database is closed: to close any of a database's files takes
    the locks away that this process holds on it.
    """

    def __init__(self, directory: Path, database: Path, store: str, number: int) -> None:
        self._store, self._failed = bytes.fromhex(store), False
        self._index = -1
        self._fd = os.open(directory / ACKED, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._index = os.open(f"{database}-shm", os.O_RDONLY | os.O_CLOEXEC)
            for slot in range(_SLOTS):
                self._write(slot, number, position(self._index))
        except BaseException:
            self.close()
            raise

    def move(self, number: int) -> None:
        """The commit *number* is on disk. The caller keeps others from committing meanwhile."""
        try:
            self._write(number % _SLOTS, number, position(self._index))
        except OSError as error:
            if not self._failed:
                logger.warning("how far the store acknowledged can't be noted: %s", error)
            self._failed = True

    def close(self) -> None:
        """After the database."""
        for fd in (self._fd, self._index):
            if fd >= 0:
                os.close(fd)

    def _write(self, slot: int, number: int, end: Position) -> None:
        raw = _SLOT.pack(_MAGIC, _VERSION, self._store, number, end.salts, end.frames)
        os.pwrite(self._fd, raw + _CRC.pack(zlib.crc32(raw)), slot * _SLOT_BYTES)
