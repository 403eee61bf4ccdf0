"""
Check sums of points that wait: files `sums-<first ordinal>`, one number of 32 bits a slot.

`send()` does not know of them. The sender's thread writes them about a second after the points,
for what no server has taken by then, so a bit that flips while a spool waits for weeks is found: a
record with one flipped bit is mended, any other that differs is a gap. 0 stands for: not summed.
"""

from __future__ import annotations

import logging
import os
from typing import Final

import numpy as np
import numpy.typing as npt

from agnez_client.protocol import HOLE, RECORD, RECORD_SIZE, RecordArray
from agnez_client.spool.files import Folder, create_file, open_file, write_whole

SUMS_PREFIX: Final = "sums-"
SumArray = npt.NDArray[np.uint32]
_SIZE: Final = 4
_FACTORS: Final = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F], "<u8"
)
"""Odd and at random. Words are folded before: a high bit would move but a few bits of a sum."""
_PLACE: Final = np.uint64(0xE7037ED1A0B428DB)
_UPPER: Final = np.uint64(32)

logger = logging.getLogger(__name__)


def sums_of(first: int, records: RecordArray) -> SumArray:
    """The sums of *records*, the first of which has the ordinal *first*; never 0."""
    return _sums(np.arange(first, first + len(records), dtype=np.uint64), records)


def _sums(ordinals: npt.NDArray[np.uint64], records: RecordArray) -> SumArray:
    words = np.ascontiguousarray(records).view("<u8").reshape(len(records), 4)
    total = ordinals * _PLACE
    for column, factor in enumerate(_FACTORS):
        word = words[:, column]
        total += (word ^ word >> _UPPER) * factor
    found: SumArray = (total >> _UPPER).astype(np.uint32)
    found[found == 0] = 1
    return found


def mended(ordinal: int, record: RecordArray, wanted: int) -> RecordArray | None:
    """
    The one *record* as it was when its sum was *wanted*, if one bit of it or of the sum has
    flipped; else None.
    """
    if (int(sums_of(ordinal, record)[0]) ^ wanted).bit_count() == 1 and record["mark"][0] != HOLE:
        return record
    bits = np.frombuffer(record.tobytes(), np.uint8)
    turned = np.tile(bits, (8 * RECORD_SIZE, 1))
    places = np.arange(8 * RECORD_SIZE)
    turned[places, places // 8] ^= (1 << places % 8).astype(np.uint8)
    candidates = turned.reshape(-1).view(RECORD)
    same = np.full(len(places), ordinal, np.uint64)
    fitting = np.flatnonzero(_sums(same, candidates) == wanted)
    return candidates[fitting[0] : fitting[0] + 1].copy() if len(fitting) == 1 else None


class Sums:
    """
    The sums of the segment that begins at the ordinal *base*.

    Attributes:
        count: So many slots, from the first on, may have one.
    """

    def __init__(self, folder: Folder, base: int) -> None:
        self.base, self.name = base, f"{SUMS_PREFIX}{base:020d}"
        self._folder = folder
        self.count = 0

    def find(self) -> None:
        """Look for those that another process has written."""
        if self._folder.path is not None:
            try:
                self.count = (self._folder.path / self.name).lstat().st_size // _SIZE
            except OSError:
                self.count = 0

    def covers(self, ordinal: int) -> bool:
        """Whether the slot *ordinal*, or one behind it, may have a sum."""
        return ordinal - self.base < self.count

    def read(self, first: int, count: int) -> SumArray:
        """Those of *count* slots from the ordinal *first* on, 0 where there is none."""
        found = np.zeros(count, np.uint32)
        at = first - self.base
        if at < self.count and self._folder.path is not None:
            try:
                data = self._read(at, min(count, self.count - at))
            except OSError as error:
                logger.warning("%s can't be read: %s", self._folder.path / self.name, error)
                return found
            found[: len(data)] = data
        return found

    def _read(self, at: int, count: int) -> SumArray:
        assert self._folder.path is not None
        fd = open_file(self._folder.path / self.name, os.O_RDONLY)
        try:
            data = os.pread(fd, count * _SIZE, at * _SIZE)
        finally:
            os.close(fd)
        return np.frombuffer(data, "<u4", len(data) // _SIZE)

    def write(self, first: int, sums: SumArray) -> None:
        """
        Keep *sums*, the first of which is that of the ordinal *first*.

        Raises:
            OSError: If the disk refuses.
        """
        path = self._folder.path
        if path is None or not len(sums):
            return
        at = first - self.base
        file = path / self.name
        fd = open_file(file) if file.exists() else create_file(file)
        try:
            write_whole(fd, sums.astype("<u4").tobytes(), at * _SIZE)
        finally:
            os.close(fd)
        self.count = max(self.count, at + len(sums))

    def remove(self) -> None:
        """Their segment is gone."""
        if self.count:
            self._folder.remove(self.name)
