"""
Mending a damaged write-ahead log before SQLite opens it.

SQLite takes the log up to its first bad frame and forgets what follows. Here what follows is kept,
up to the last frame that is known to have been acknowledged: a frame whose checksum shows which
byte of it has changed gets that byte back, wrong salts and wrong stored checksums are written
anew. Where a frame has changed in more places, the log ends with the last whole commit before.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from agnez_server.store.copying import sync
from agnez_server.store.wal import (
    COMMIT,
    FRAME_BYTES,
    HEADER_BYTES,
    PAGE,
    State,
    WalFile,
    Words,
    carry,
    factors,
    header,
    moved,
)

_FRAME: Final = struct.Struct(">II8sII")
_ALL: Final = np.uint64((1 << 32) - 1)
_HEAD_BYTES: Final = 8
"""Of a frame's head: what its checksum covers."""


@dataclass(frozen=True, slots=True)
class Mended:
    """
    What can be had of a log.

    ``frames`` of it are whole commits; ``changes`` are bytes to be written anew, values by offset
    in the file. ``unsure`` is the first frame of which one byte has changed that can't be told, as
    several would explain the checksum, and which no later frame replaces: what lies in its page
    is to be looked at.
    """

    frames: int
    changes: dict[int, int]
    unsure: int | None


def mend(path: Path, wal: WalFile, until: int) -> Mended:
    """How to have the first *until* frames of *wal*, or as many of them as can be."""
    end, errors = min(until, len(wal.heads)), wal.errors.copy()
    is_own = _stored_anew(errors, wal.page_size)
    changes, open_ = dict[int, int](), list[int]()
    with path.open("rb") as file:
        for frame in map(int, np.flatnonzero(errors[:end].any(1) & ~is_own[:end])):
            at = HEADER_BYTES + frame * (FRAME_BYTES + wal.page_size)
            file.seek(at)
            raw = file.read(FRAME_BYTES + wal.page_size)
            found = _look_into(raw, wal, frame, errors[frame])
            if found is None:
                end = frame
                break
            changes.update((at + place, value) for place, value in found[:1] if len(found) == 1)
            open_ += [frame] if len(found) > 1 else []
    heads = wal.heads[:end].copy()
    for at, value in changes.items():
        frame, place = divmod(at - HEADER_BYTES, FRAME_BYTES + wal.page_size)
        if place < _HEAD_BYTES and frame < end:
            heads[frame] = _changed(heads[frame], place, value)
    commits = np.flatnonzero(heads[:, COMMIT])
    whole = int(commits[-1]) + 1 if len(commits) else 0
    unsure = [one for one in open_ if heads[one, PAGE] not in heads[one + 1 : whole, PAGE]]
    return Mended(whole, changes, unsure[0] if unsure and unsure[0] < whole else None)


def _stored_anew(errors: Words, page_size: int) -> npt.NDArray[np.bool_]:
    """
    Which frames are sound but for the checksum that is stored in them: the next one, which goes
    on from it, is wrong by as much as that makes. The *errors* of the next are set right.
    """
    is_own = np.zeros(len(errors), np.bool_)
    for frame in np.flatnonzero(errors[:-1].any(1) & errors[1:].any(1)):
        made = np.matmul(errors[frame][None], carry(page_size), dtype=np.uint32)[0]
        if not is_own[frame] and not (errors[frame + 1] + made).any():
            is_own[frame], errors[frame + 1] = True, 0
    return is_own


def _look_into(raw: bytes, wal: WalFile, frame: int, error: Words) -> list[tuple[int, int]] | None:
    """
    The bytes of which one has changed, with what they were: none if it is in the stored checksum.
    None if nothing can be told, or if it may be the head of the frame.

    The stored checksum of the very last frame can be told from its page by halves only.
    """
    found = changed_bytes(raw, error, is_big=wal.is_big)
    if frame == len(wal.heads) - 1:
        if not found and not error[1]:
            return []
        if not error[0]:
            return None
    is_told = len(found) == 1 or (found and min(found)[0] >= FRAME_BYTES)
    return found if is_told else None


def changed_bytes(raw: bytes, error: Words, *, is_big: bool) -> list[tuple[int, int]]:
    """
    The single bytes of a frame, *raw*, that explain the *error* of its checksum: the place of
    each, and what it was. Often one; several where the upper bits of a word have changed.

    That damage of several bytes looks like that of one is as unlikely as one in four million
    millions: the checksum has 64 bits, a frame some two million such changes.
    """
    counts = factors(len(raw) - FRAME_BYTES).astype(np.uint64)
    words = np.frombuffer(raw, ">u4" if is_big else "<u4").astype(np.uint64)
    off = (-error.astype(np.int64)).astype(np.uint64) & _ALL
    found = list[tuple[int, int]]()
    for byte in range(4):
        shift = np.uint64(8 * byte)
        now = (words >> shift) & np.uint64(255)
        for then in range(256):
            change = ((now - np.uint64(then)) << shift) & _ALL
            fits = (counts[:, 0] * change) & _ALL == off[0]
            if fits.any():
                fits &= ((counts[:, 1] * change) & _ALL == off[1]) & (change != 0)
                place = 3 - byte if is_big else byte
                found += [(4 * int(word) + place, then) for word in np.flatnonzero(fits)]
    return found


def _changed(head: Words, place: int, value: int) -> Words:
    raw = bytearray(head.astype(">u4").tobytes())
    raw[place] = value
    return np.frombuffer(bytes(raw), ">u4").astype(np.uint32)


def write_mended(source: Path, path: Path, wal: WalFile, salts: bytes, mended: Mended) -> None:
    """Make *path* the log of what was *mended* of *source*; it appears whole."""
    draft = path.with_name(f"{path.name}.part")
    draft.unlink(missing_ok=True)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as new, source.open("rb") as old:
        raw, state = header(salts, wal.page_size, is_big=wal.is_big)
        new.write(raw)
        old.seek(HEADER_BYTES)
        for _ in range(mended.frames):
            state = _copy_frame(old, new, wal, salts, state, mended.changes)
        new.flush()
        os.fsync(new.fileno())
    draft.replace(path)
    sync(path.parent)


def _copy_frame(
    old: BinaryIO, new: BinaryIO, wal: WalFile, salts: bytes, state: State, changes: dict[int, int]
) -> State:
    at = old.tell()
    raw = bytearray(old.read(FRAME_BYTES + wal.page_size))
    for offset, value in changes.items():
        if 0 <= offset - at < len(raw):
            raw[offset - at] = value
    words = np.frombuffer(bytes(raw), ">u4" if wal.is_big else "<u4").astype(np.uint32)
    own = np.matmul(words[None], factors(wal.page_size), dtype=np.uint32)[0]
    before = moved(state, wal.page_size)
    state = (int(own[0]) + before[0]) & int(_ALL), (int(own[1]) + before[1]) & int(_ALL)
    page, size, *_ = _FRAME.unpack_from(raw)
    _FRAME.pack_into(raw, 0, page, size, salts, *state)
    new.write(raw)
    return state
