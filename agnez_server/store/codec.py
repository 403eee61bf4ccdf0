"""
Columns as bytes: small, quick, checked.

A column is a tag and a body: an arithmetic progression (first value and step), or the values
compressed by zstd at level 1, as they are, with the bytes shuffled (all first bytes, then all
second bytes, ...), or shuffled after taking differences. A packet is several columns with one
CRC-32. Which transform fits which column was measured: x and times have small differences, y does
not, but decimals of few digits compress best untouched.
"""

from __future__ import annotations

import logging
import struct
import threading
import zlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import zstandard

from agnez_server.store.bits import mend_bit

logger = logging.getLogger(__name__)

Column = npt.NDArray[Any]

_RAW, _PROGRESSION, _ZSTD, _SHUFFLED, _DELTA = range(5)
_SAMPLE: Final = 4096
_LONG: Final = 16_384
_SHORT_SAMPLE: Final = 1024
"""For columns that are not so long: most of them are packed anew with others before long."""
_LEVEL: Final = 1
_TINY: Final = 64
"""Bytes below which to compress is not worth the call."""
_CRC: Final = struct.Struct("<I")
_local = threading.local()


class Damaged(ValueError):
    """Bytes that are not what was written."""


def encode_steps(column: Column) -> bytes:
    """A column whose neighbours are close to each other, as x and times are."""
    bits = _bits(column)
    if bits.nbytes <= _TINY:
        return bytes([_RAW]) + bits.tobytes()
    pair = _first_and_step(column, bits) if len(bits) >= 2 else None
    if pair is not None:
        return bytes([_PROGRESSION]) + pair.tobytes()
    return _compress(_DELTA, bits)


def encode_values(column: Column) -> bytes:
    """A column of measured values: the smaller of two ways, judged by its beginning."""
    bits = _bits(column)
    if bits.nbytes <= _TINY:
        return bytes([_RAW]) + bits.tobytes()
    sample = _SAMPLE if len(bits) >= _LONG else _SHORT_SAMPLE
    plain, shuffled = (_compress(tag, bits[:sample]) for tag in (_ZSTD, _SHUFFLED))
    if len(bits) <= sample:
        return min(plain, shuffled, key=len)
    return _compress(_ZSTD if len(plain) <= len(shuffled) else _SHUFFLED, bits)


def decode(data: bytes | memoryview, dtype: str, n: int) -> Column:
    """
    The column of *n* values that `encode_steps` or `encode_values` made *data* of.

    Raises:
        Damaged: If *data* is not such a column.
    """
    kind = np.dtype(dtype)
    unsigned = np.dtype(f"<u{kind.itemsize}")
    if not len(data):
        raise Damaged("a column is missing")
    tag, body = data[0], data[1:]
    if tag == _PROGRESSION:
        return _progression(body, kind, n)
    raw = body if tag == _RAW else _decompress(body, n * kind.itemsize)
    if len(raw) != n * kind.itemsize:
        raise Damaged(f"a column has {len(raw)} bytes, expected {n} values of {kind.itemsize}")
    if tag in (_SHUFFLED, _DELTA):
        planes = np.frombuffer(raw, np.uint8).reshape(kind.itemsize, n)
        bits = np.ascontiguousarray(planes.T).view(unsigned).reshape(n)
        return (np.cumsum(bits, dtype=unsigned) if tag == _DELTA else bits).view(kind)
    if tag not in (_RAW, _ZSTD):
        raise Damaged(f"a column has the unknown tag {tag}")
    return np.frombuffer(raw, kind)


def pack(columns: Sequence[bytes]) -> bytes:
    """*columns* as one packet with a checksum."""
    sizes = struct.pack(f"<{len(columns) + 1}I", len(columns), *map(len, columns))
    body = b"".join((sizes, *columns))
    return _CRC.pack(zlib.crc32(body)) + body


def unpack(packet: bytes) -> list[memoryview]:
    """
    The columns of a packet; one bit of it that has flipped is flipped back.

    Raises:
        Damaged: If the checksum doesn't fit.
    """
    body = memoryview(packet)[_CRC.size :]
    if len(body) < _CRC.size:
        raise Damaged("a packet is cut")
    found, stored = zlib.crc32(body), _CRC.unpack_from(packet)[0]
    if found != stored:
        mended = mend_bit(bytes(body), found, stored)
        if mended is None:
            raise Damaged("a checksum does not fit")
        logger.warning("a bit of a packet of %d bytes had flipped: it was mended", len(packet))
        body = memoryview(mended)
    (count,) = struct.unpack_from("<I", body)
    sizes, at, columns = struct.unpack_from(f"<{count}I", body, 4), 4 * count + 4, []
    for size in sizes:
        columns.append(body[at : at + size])
        at += size
    return columns


def _bits(column: Column) -> Column:
    return np.ascontiguousarray(column).view(f"<u{column.itemsize}")


def _first_and_step(column: Column, bits: Column) -> Column | None:
    """Of an arithmetic progression, bit by bit; None for another column."""
    if column.dtype.kind != "f":
        steps = np.diff(bits)
        return np.append(bits[:1], steps[:1]) if (steps == steps[0]).all() else None
    with np.errstate(over="ignore", invalid="ignore"):
        first, step = column[0], column[1] - column[0]
    made = _floats(first, step, len(column)).view(bits.dtype)
    return np.array([first, step]) if (made == bits).all() else None


def _floats(first: Any, step: Any, n: int) -> Column:
    with np.errstate(over="ignore", invalid="ignore"):
        made: Column = first + step * np.arange(n, dtype=np.float64)
    return made


def _progression(body: bytes | memoryview, kind: np.dtype[Any], n: int) -> Column:
    if len(body) != 2 * kind.itemsize:
        raise Damaged("a progression is cut")
    if kind.kind == "f":
        first, step = np.frombuffer(body, kind)
        return _floats(first, step, n)
    unsigned = np.dtype(f"<u{kind.itemsize}")
    pair = np.frombuffer(body, unsigned)
    made: Column = pair[0] + pair[1] * np.arange(n, dtype=unsigned)
    return made.view(kind)


def _compress(tag: int, bits: Column) -> bytes:
    plain = bits
    if plain.nbytes <= _TINY:
        return bytes([_RAW]) + plain.tobytes()
    if tag == _DELTA:
        bits = _difference_planes(bits)
    elif tag == _SHUFFLED:
        bits = np.ascontiguousarray(_planes(bits))
    if not hasattr(_local, "compressor"):
        _local.compressor = zstandard.ZstdCompressor(level=_LEVEL)
    packed: bytes = _local.compressor.compress(bits.data if bits.size else b"")
    if len(packed) >= plain.nbytes:
        return bytes([_RAW]) + plain.tobytes()
    return bytes([tag]) + packed


def _planes(bits: Column) -> Column:
    """A view of *bits*: all first bytes, then all second bytes, ..."""
    return bits.view(np.uint8).reshape(len(bits), bits.itemsize).T


def _difference_planes(bits: Column) -> Column:
    """The planes of the first value and the differences after it; mostly the upper are zero."""
    steps = bits[1:] - bits[:-1]
    planes = np.zeros((bits.itemsize, len(bits)), np.uint8)
    planes[:, :1] = _planes(bits[:1])
    used = -(-int(steps.max()).bit_length() // 8)
    planes[:used, 1:] = _planes(steps)[:used]
    return planes


def _decompress(body: bytes | memoryview, size: int) -> bytes:
    if not hasattr(_local, "decompressor"):
        _local.decompressor = zstandard.ZstdDecompressor()
    try:
        if zstandard.frame_content_size(body) != size:
            raise Damaged("a column has another length than its chunk")
        found: bytes = _local.decompressor.decompress(body)
    except zstandard.ZstdError as error:
        raise Damaged(f"a column can't be decompressed: {error}") from error
    return found
