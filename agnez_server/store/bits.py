"""
CRC-32 of rows: what finds a flipped bit, and where it is.

A row's checksum begins with what the row is (its key), so that a row under another key, whatever
its bytes, is found too.
"""

from __future__ import annotations

import zlib
from typing import Final

_POLYNOMIAL: Final = 0xEDB88320


def crc_of(key: str, body: bytes) -> int:
    """The checksum of *body* under *key*, which may hold undecodable bytes as surrogates."""
    return zlib.crc32(body, zlib.crc32(key.encode(errors="surrogateescape")))


def doc_crc(table: int, doc_id: int, body: bytes) -> int:
    """The checksum of a document; *table* is that of its table's name. Quick: reopening waits."""
    return zlib.crc32(body, (table + doc_id) & 0xFFFFFFFF)


def mend_bit(body: bytes, found: int, stored: int) -> bytes | None:
    """
    *body* as it was before one bit of it, or of its checksum, has flipped; None if more have.

    *found* is its checksum now, *stored* the one that was kept. The difference of the two is that
    of one bit, and of no other within 512 MiB: it is traced back byte by byte.
    """
    wanted = found ^ stored
    if wanted.bit_count() <= 1:
        return body
    for at in range(len(body) - 1, -1, -1):
        if wanted in _ONE_BIT:
            mended = bytearray(body)
            mended[at] ^= _ONE_BIT[wanted]
            return bytes(mended)
        first = _BY_TOP[wanted >> 24]
        wanted = ((wanted ^ _TABLE[first]) << 8 | first) & 0xFFFFFFFF
    return None


def _entry(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    return value


_TABLE: Final = [_entry(value) for value in range(256)]
_BY_TOP: Final = {entry >> 24: value for value, entry in enumerate(_TABLE)}
_ONE_BIT: Final = {_TABLE[1 << bit]: 1 << bit for bit in range(8)}
