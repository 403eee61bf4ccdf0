"""
The frames of a spool's files: length, CRC-32, JSON. Reading them when bits have flipped, too.

From version 3 on the CRC of an event begins with its ordinal, so that what lies behind a damaged
place is known by its number: lost events use up theirs, and none comes twice or moves.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from agnez_client.protocol import MAX_EVENT_BYTES

NUMBERED_SINCE: Final = 3
"""The version of a spool whose events carry their ordinals."""
MENDABLE: Final = 64 << 10
"""Longest body in which a flipped bit is looked for, bytes: it takes about 10 µs a byte."""
_HEAD: Final = struct.Struct("<II")
_LEAST: Final = _HEAD.size + 2


@dataclass(frozen=True, slots=True)
class Frame:
    """``body`` None: it is lost. ``end`` is the place behind it."""

    ordinal: int
    start: int
    end: int
    body: bytes | None
    is_mended: bool = False


@dataclass(slots=True)
class Frames:
    """``end`` is the place behind the last whole frame; ``torn`` bytes follow it."""

    found: list[Frame] = field(default_factory=list)
    end: int = 0
    torn: int = 0

    @property
    def lost(self) -> list[Frame]:
        """The frames whose bytes can't be read."""
        return [frame for frame in self.found if frame.body is None]

    @property
    def mended(self) -> list[Frame]:
        """The frames in which one bit had flipped."""
        return [frame for frame in self.found if frame.is_mended]


def frame(body: bytes, ordinal: int = 0, version: int = 1) -> bytes:
    """*body* as the frame *ordinal* of a spool of *version*."""
    return _HEAD.pack(len(body), zlib.crc32(body, _seed(ordinal, version))) + body


def body_of(data: bytes, ordinal: int, version: int) -> tuple[bytes | None, bool]:
    """The body in the frame *data*, mended if need be, and whether it was; None if it is lost."""
    _, crc = _HEAD.unpack_from(data)
    body = data[_HEAD.size :]
    difference = zlib.crc32(body, _seed(ordinal, version)) ^ crc
    if difference == 0:
        return body, False
    found = _mend(body, difference)
    return found, found is not None


def read_frames(data: bytes, version: int = 1) -> Frames:
    """All frames in *data*, those behind a damaged place included."""
    frames = Frames()
    while frames.end < len(data):
        following = list(_next(data, frames.end, len(frames.found), version))
        if not following:
            break
        frames.found += following
        frames.end = following[-1].end
    frames.torn = len(data) - frames.end
    return frames


def _next(data: bytes, at: int, ordinal: int, version: int) -> Iterator[Frame]:
    """The frame *ordinal* at the place *at*; with those behind it that are lost like it."""
    end = _end_of(data, at)
    if end:
        body, is_mended = body_of(data[at:end], ordinal, version)
        if body is not None:
            yield Frame(ordinal, at, end, body, is_mended)
            return
    place, number = _resume(data, at, ordinal, version)
    if number == ordinal + 1:  # its length alone may be wrong
        body, _ = body_of(data[at:place], ordinal, version)
        yield Frame(ordinal, at, place, body, body is not None)
    elif place:
        for lost in range(ordinal, number):
            yield Frame(lost, at, place, None)
    elif len(data) - at >= _LEAST:
        body, _ = body_of(data[at:], ordinal, version)
        if end or body is not None:  # else it is torn: cut off in the midst it is no damage
            yield Frame(ordinal, at, len(data), body, body is not None)


def _end_of(data: bytes, at: int) -> int:
    """Where the frame at *at* says that it ends; 0 if that can't be."""
    if at + _LEAST > len(data):
        return 0
    size, _ = _HEAD.unpack_from(data, at)
    end: int = at + _HEAD.size + size
    return end if 2 <= size <= MAX_EVENT_BYTES and end <= len(data) else 0


def _resume(data: bytes, at: int, ordinal: int, version: int) -> tuple[int, int]:
    """Place and ordinal of the first sound frame behind the damaged one at *at*; 0, 0 if none."""
    brace = data.find(b"{", at + _LEAST + _HEAD.size - 1)
    while brace >= 0:
        place = brace - _HEAD.size
        end = _end_of(data, place)
        if end and data[end - 1] == 0x7D:
            number = _number_at(data, place, end, at, ordinal, version)
            if number:
                return place, number
        brace = data.find(b"{", brace + 1)
    return 0, 0


def _number_at(data: bytes, place: int, end: int, at: int, ordinal: int, version: int) -> int:
    """The ordinal of the frame at *place*, which comes after *ordinal* at *at*; 0 if it is none."""
    _, crc = _HEAD.unpack_from(data, place)
    body = data[place + _HEAD.size : end]
    if version < NUMBERED_SINCE:
        return ordinal + _steps(data, at, place) if zlib.crc32(body) == crc else 0
    most = ordinal + (place - at) // _LEAST
    return next((n for n in range(ordinal + 1, most + 1) if zlib.crc32(body, n) == crc), 0)


def _steps(data: bytes, at: int, place: int) -> int:
    """How many frames lead from *at* to *place* by their lengths; 1 if they don't."""
    steps = 0
    while 0 < at < place or steps == 0:
        at, steps = _end_of(data, at), steps + 1
    return steps if at == place else 1


def _seed(ordinal: int, version: int) -> int:
    return ordinal & 0xFFFFFFFF if version >= NUMBERED_SINCE else 0


# -- one flipped bit ---------------------------------------------------------------------------


def _crc_table() -> list[int]:
    """What a byte does to a CRC-32 (the reflected polynomial of zlib)."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0xEDB88320 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE: Final = _crc_table()


def _mend(body: bytes, difference: int) -> bytes | None:
    """
    *body* with the one bit turned back that makes its CRC differ by *difference*; None if it is
    not one. A bit of the CRC itself leaves *body* as it is.

    The effect of a bit depends on its distance from the end alone, and those of two bits, or of a
    bit and a bit of the CRC, are never the same at these lengths.
    """
    if difference.bit_count() == 1:
        return body
    if len(body) > MENDABLE:
        return None
    effects = [_TABLE[1 << bit] for bit in range(8)]
    for place in range(len(body) - 1, -1, -1):
        if difference in effects:
            whole = bytearray(body)
            whole[place] ^= 1 << effects.index(difference)
            return bytes(whole)
        effects = [_TABLE[e & 0xFF] ^ e >> 8 for e in effects]
    return None
