"""
The blobs of a spool: files `blobs/<sha256>`, there from before the event that names them until a
server has every event that does.

Safe to use from any thread and from a signal's handler, as the log of events is.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, Final

from agnez_client.spool.budget import Budget
from agnez_client.spool.files import Folder, open_file

BLOBS_NAME: Final = "blobs"
_PIECE: Final = 1 << 20
_TEMPORARY: Final = "new-"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Blob:
    """
    Bytes that an event names: ``sha256`` in 64 hex digits, ``size`` in bytes, ``mime`` their type.

    ``source`` is where they are before the spool has them: in memory, or in a file.
    """

    sha256: str
    size: int
    mime: str
    source: bytes | Path = field(repr=False, compare=False)

    @classmethod
    def of(cls, data: bytes, mime: str) -> Blob:
        """The blob that holds *data*."""
        return cls(hashlib.sha256(data).hexdigest(), len(data), mime, data)

    @classmethod
    def of_file(cls, path: Path, mime: str) -> Blob:
        """
        The blob that holds what the file *path* holds now.

        Raises:
            OSError: If it can't be read.
        """
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                size += len(piece)
        return cls(digest.hexdigest(), size, mime, path)

    @property
    def ref(self) -> dict[str, Any]:
        """What a body and an event say of it."""
        return {"sha256": self.sha256, "size": self.size, "mime": self.mime}


@dataclass(slots=True)
class _Kept:
    """
    A blob in the spool. ``last`` is the newest event that names it, ``held`` counts the events in
    the making that will.
    """

    size: int
    mime: str
    data: bytes | None = None
    last: int = -1
    held: int = 0
    spared: bool = False


class Blobs:
    """
    Args:
        folder: The spool's; without a path blobs stay in memory.
        budget: What they are counted by.

    Attributes:
        is_damaged: One of them is not what was written, and stays.
    """

    def __init__(self, folder: Folder, budget: Budget) -> None:
        self._folder, self._budget = folder, budget
        self._lock = threading.RLock()
        self._kept: dict[str, _Kept] = {}
        self._temporary = count()
        self.is_damaged = False

    # -- writing --------------------------------------------------------------------------------

    @contextmanager
    def holding(self, blobs: Iterable[Blob]) -> Iterator[bool]:
        """
        Keep *blobs* at least until the end of the block, in which an event that names them is
        written and `named` tells of it; gives False if there is no room.

        Raises:
            ValueError: If a file is not what it was when its `Blob` was made.
        """
        held: list[str] = []
        try:
            yield all(self._hold(blob, held) for blob in blobs)
        finally:
            with self._lock:
                for sha256 in held:
                    self._kept[sha256].held -= 1

    def named(self, blobs: Iterable[Blob], event: int) -> None:
        """The event *event* names *blobs*."""
        with self._lock:
            for blob in blobs:
                kept = self._kept[blob.sha256]
                kept.last = max(kept.last, event)

    def _hold(self, blob: Blob, held: list[str]) -> bool:
        with self._lock:
            if (known := self._kept.get(blob.sha256)) is not None:
                known.held += 1
                held.append(blob.sha256)
                return True
        if not self._budget.allows(blob.size):
            return False
        try:
            data = self._write(blob)
        except OSError as error:
            logger.debug("no room for a blob of %d bytes: %s", blob.size, error)
            self._budget.give_back(blob.size)
            return False
        with self._lock:
            kept = self._kept.setdefault(blob.sha256, _Kept(blob.size, blob.mime, data))
            kept.held += 1
            held.append(blob.sha256)
        return True

    def _write(self, blob: Blob) -> bytes | None:
        """Write *blob* under a temporary name and rename it; without a folder give its bytes."""
        if self._folder.path is None:
            return blob.source if isinstance(blob.source, bytes) else _whole(blob.source, blob)
        with contextlib.suppress(FileExistsError):
            (self._folder.path / BLOBS_NAME).mkdir(mode=0o700)
        temporary = f"{BLOBS_NAME}/{_TEMPORARY}{next(self._temporary)}-{threading.get_ident()}"
        fd = self._folder.create(temporary)
        try:
            with open(fd, "wb") as file:
                _copy(blob, file)
            self._folder.publish(temporary, f"{BLOBS_NAME}/{blob.sha256}")
        except BaseException:
            self._folder.remove(temporary)
            raise
        return None

    # -- reading --------------------------------------------------------------------------------

    def whole(self, sha256: str) -> tuple[str, int] | None:
        """Type and size of the blob *sha256*; None if it is not here with all its bytes."""
        kept = self._kept.get(sha256)
        if kept is None or self._size_of(sha256, kept) != kept.size:
            return None
        return kept.mime, kept.size

    def _size_of(self, sha256: str, kept: _Kept) -> int:
        if self._folder.path is None:
            return kept.size
        try:
            return (self._folder.path / BLOBS_NAME / sha256).lstat().st_size
        except OSError:
            return -1

    def open(self, sha256: str) -> BinaryIO:
        """
        The bytes of the blob *sha256*, which is here.

        Raises:
            OSError: If its file can't be opened.
        """
        kept = self._kept[sha256]
        if self._folder.path is None:
            return io.BytesIO(kept.data or b"")
        return open(open_file(self._folder.path / BLOBS_NAME / sha256, os.O_RDONLY), "rb")

    # -- their end ------------------------------------------------------------------------------

    def acked(self, events: int) -> None:
        """A server has every event before *events*: remove what no later one names."""
        with self._lock:
            for sha256, kept in list(self._kept.items()):
                if kept.last < events and not kept.held and not kept.spared:
                    del self._kept[sha256]
                    self._folder.remove(f"{BLOBS_NAME}/{sha256}")
                    self._budget.give_back(kept.size)

    def spare(self, event: bytes) -> None:
        """Never remove the blobs that *event* (a JSON text) names: it is parked."""
        with self._lock:
            for ref in blob_refs(event):
                if (kept := self._kept.get(ref["sha256"])) is not None:
                    kept.spared = True

    def keep(self, sha256: str) -> None:
        """The blob *sha256* can't be sent as it is: never remove what there is of it."""
        with self._lock:
            if sha256 in self._kept and self._size_of(sha256, self._kept[sha256]) >= 0:
                self._kept[sha256].spared = True
                self.is_damaged = True

    # -- the spool of somebody who is dead ------------------------------------------------------

    def find(self, events: Iterable[tuple[int, bytes]]) -> None:
        """Know the files there are by what *events*, ordinals and JSON texts, say of them."""
        for ordinal, event in events:
            for ref in blob_refs(event):
                kept = self._kept.setdefault(ref["sha256"], _Kept(ref["size"], ref["mime"]))
                kept.last = ordinal
        path = self._folder.path
        if path is None or not (path / BLOBS_NAME).is_dir():
            return
        for file in (path / BLOBS_NAME).iterdir():
            if file.name not in self._kept:  # its event was never written
                file.unlink(missing_ok=True)


def blob_refs(event: bytes) -> list[dict[str, Any]]:
    """What *event* (a JSON text) says of blobs; empty if it names none, or is damaged."""
    if b'"blobs":[' not in event:
        return []
    try:
        refs = json.loads(event).get("blobs") or []
        return [r for r in refs if _is_ref(r)]
    except (ValueError, AttributeError, TypeError):
        return []


def _is_ref(ref: Any) -> bool:
    return (
        isinstance(ref, dict)
        and is_sha256(ref.get("sha256"))
        and type(ref.get("size")) is int
        and isinstance(ref.get("mime"), str)
    )


def is_sha256(text: object) -> bool:
    """Whether *text* is 64 hex digits in lower case: nothing else becomes a file's name."""
    return isinstance(text, str) and len(text) == 64 and set(text) <= set("0123456789abcdef")


def _copy(blob: Blob, target: BinaryIO) -> None:
    if isinstance(blob.source, bytes):
        target.write(blob.source)
        return
    digest = hashlib.sha256()
    with blob.source.open("rb") as file:
        for _ in range(0, blob.size + 1, _PIECE):
            piece = file.read(_PIECE)
            digest.update(piece)
            target.write(piece)
    if digest.hexdigest() != blob.sha256:
        raise ValueError(f"the file {blob.source} was changed while it was read")


def _whole(path: Path, blob: Blob) -> bytes:
    data = path.read_bytes()
    if len(data) != blob.size or hashlib.sha256(data).hexdigest() != blob.sha256:
        raise ValueError(f"the file {path} was changed while it was read")
    return data
