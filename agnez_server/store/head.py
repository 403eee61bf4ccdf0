"""
The head of a database's file: 100 bytes, most of which are the same in each of ours.

One damaged byte there is enough for SQLite to take the file for none of its own, or to read every
page wrongly; nothing in it is lost, as it is known what stood there.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Final

from agnez_server.store.blobtables import BLOBS_APPLICATION_ID
from agnez_server.store.opening import page_size, set_aside
from agnez_server.store.schema import APPLICATION_ID, PAGE_SIZE

logger = logging.getLogger(__name__)

_BYTES: Final = 100
_KINDS: Final = {"agnez.db": APPLICATION_ID, "blobs.db": BLOBS_APPLICATION_ID}
_APPLICATION: Final = slice(68, 72)
_JOURNAL: Final = slice(18, 20)
_IN_A_JOURNAL: Final = b"\x01\x01"
"""As a copy may be; the next start brings it back to a write-ahead log."""
_PAGES: Final = slice(28, 32)
_FREE: Final = slice(32, 40)
_VERSION: Final = slice(60, 64)
_LARGEST_ROOT: Final = slice(52, 56)
"""Not 0 where a file can shrink; `_SHRINKS` is then how."""
_SHRINKS: Final = slice(64, 68)
_CONSTANT: Final = {
    0: b"SQLite format 3\x00" + PAGE_SIZE.to_bytes(2, "big") + b"\x02\x02\x00\x40\x20\x20",
    44: (4).to_bytes(4, "big") + bytes(4),
    56: (1).to_bytes(4, "big") + bytes(3),
    72: bytes(20),
}
"""By place: the format, the encoding, the upper bytes of our version."""


def mend_head(path: Path) -> str | None:
    """
    Mend the head of the database *path*, which nobody has open, where it is one of ours; a
    sentence on what was done, None if there was nothing to do. The first page is copied aside.

    Raises:
        OSError: If it can't be copied or written.
    """
    try:
        with path.open("rb") as file:
            page = file.read(PAGE_SIZE)
    except FileNotFoundError:
        return None
    places = damaged_places(page, path)
    if places is None:
        return None
    aside = set_aside(path, page)
    write_start(path, right_head(page[:_BYTES], path))
    sentence = (
        f"the head of {path.name} was damaged at byte {places}: it is mended, nothing is lost. "
        f"As it was, its first page lies in {aside}"
    )
    logger.error("%s", sentence)
    return sentence


def damaged_places(start: bytes, path: Path) -> str | None:
    """Which bytes of the head are damaged, for people, by a file's *start*; None if none is."""
    if len(start) < _BYTES:
        return None
    right = right_head(start[:_BYTES], path)
    wrong = [at for at in range(_BYTES) if right[at] != start[at]]
    return ", ".join(map(str, wrong[:8])) + (", …" if wrong[8:] else "") if wrong else None


def right_head(head: bytes, path: Path) -> bytes:
    """What *head* has to be; itself if it is of something that is not ours."""
    if page_size(path) != PAGE_SIZE:
        return head
    right = bytearray(head)
    for at, raw in _CONSTANT.items():
        right[at : at + len(raw)] = raw
    if head[_JOURNAL] == _IN_A_JOURNAL:
        right[_JOURNAL] = _IN_A_JOURNAL
    if any(head[_LARGEST_ROOT]):
        right[_SHRINKS] = (1).to_bytes(4, "big")
    right[_PAGES] = _pages(head, path)
    own = _KINDS[path.name].to_bytes(4, "big")
    if head[_APPLICATION] != own and not _is_near(head, right, own):
        return head
    right[_APPLICATION] = own
    return bytes(right)


def known_head(head: bytes, path: Path) -> bytes:
    """*head* with all that is known of one of ours, for a file that is; zeros where it is short."""
    right = bytearray(head.ljust(_BYTES, b"\0"))
    for at, raw in _CONSTANT.items():
        right[at : at + len(raw)] = raw
    right[_SHRINKS] = (1).to_bytes(4, "big")
    right[_APPLICATION] = _KINDS[path.name].to_bytes(4, "big")
    wal = path.with_name(f"{path.name}-wal")
    if not (wal.exists() and wal.stat().st_size):
        right[_PAGES] = _real_pages(path)
    return bytes(right)


def first_page(fresh: bytes, head: bytes, path: Path) -> bytes | None:
    """
    The first page of *path*, whose head was *head*, by that of a fresh database.

    It lists the tables and where each begins, which is the same in all files of one version that
    can shrink. None for another version. What the file has free is forgotten.
    """
    if head[_LARGEST_ROOT] != fresh[_LARGEST_ROOT] or head[_VERSION] != fresh[_VERSION]:
        return None
    page = bytearray(fresh[:PAGE_SIZE])
    page[_PAGES], page[_FREE] = _real_pages(path), bytes(8)
    return bytes(page)


def _real_pages(path: Path) -> bytes:
    return (path.stat().st_size // PAGE_SIZE).to_bytes(4, "big")


def _is_near(head: bytes, right: bytearray, own: bytes) -> bool:
    """Whether all is ours but a byte of the mark that says so, and it is not another's mark."""
    mark = head[_APPLICATION]
    is_other = int.from_bytes(mark, "big") in _KINDS.values()
    return bytes(right) == head and _differing(mark, own) == 1 and not is_other


def _pages(head: bytes, path: Path) -> bytes:
    """How many pages the file has, where the head says something that can't be."""
    size = path.stat().st_size
    wal = path.with_name(f"{path.name}-wal")
    if size % PAGE_SIZE or (wal.exists() and wal.stat().st_size):
        return head[_PAGES]  # that of the log counts
    real, said = size // PAGE_SIZE, int.from_bytes(head[_PAGES], "big")
    raw = real.to_bytes(4, "big")
    can_be = real <= said <= 2 * real  # a file that was cut
    return head[_PAGES] if can_be or _differing(raw, head[_PAGES]) > 1 else raw


def _differing(one: bytes, other: bytes) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


def write_start(path: Path, raw: bytes) -> None:
    """Write over the first bytes of a file; they are on disk then."""
    with path.open("r+b") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
