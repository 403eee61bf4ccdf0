"""Large blobs as files, and blobs on their way in."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agnez_server.store.copying import sync

SMALL: Final = 1 << 20
"""Blobs of up to so many bytes lie in `blobs.db`, larger ones in files."""
_PREFIX: Final = "part-"


class BlobFiles:
    """The folder `blobs`: a blob is `blobs/<2 hex digits>/<62 hex digits>`. Made when needed."""

    def __init__(self, directory: Path) -> None:
        self.folder = directory / "blobs"
        for leftover in self.folder.glob(f"{_PREFIX}*"):
            leftover.unlink(missing_ok=True)

    def path(self, sha: bytes) -> Path:
        """Where a blob's file is, or would be."""
        name = sha.hex()
        return self.folder / name[:2] / name[2:]

    def draft(self) -> Path:
        """The path of a new file in the folder, which no other has."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        return self.folder / f"{_PREFIX}{os.urandom(8).hex()}"

    def keep(self, draft: Path, sha: bytes) -> None:
        """Give a draft, which is on disk, its name; when this returns the name is on disk too."""
        path = self.path(sha)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        draft.replace(path)
        for directory in (path.parent, self.folder, self.folder.parent):
            sync(directory)

    def read(self, sha: bytes, start: int, size: int) -> bytes:
        """At most *size* bytes from *start*."""
        with self.path(sha).open("rb") as file:
            file.seek(start)
            return file.read(size)

    def remove(self, sha: bytes) -> None:
        """Remove a blob's file, if it is there."""
        self.path(sha).unlink(missing_ok=True)

    def all(self) -> Iterator[bytes]:
        """The hashes of all files."""
        for path in self.folder.glob("??/*"):
            with contextlib.suppress(ValueError):
                yield bytes.fromhex(path.parent.name + path.name)


class Incoming:
    """
    The bytes of one blob as they come: in memory up to `SMALL`, then in a draft file.

    For one thread at a time. ``size`` is how many bytes came; `close` it in any case.
    """

    def __init__(self, files: BlobFiles) -> None:
        self._files = files
        self._hash = hashlib.sha256()
        self._parts, self._held = list[bytes](), 0
        self._fd, self.draft = -1, Path()
        self.size = 0

    def add(self, data: bytes) -> bool:
        """Take *data*; true when `spill` is due."""
        self._parts.append(data)
        self._held += len(data)
        self.size += len(data)
        return self._held > SMALL

    def is_in_file(self) -> bool:
        """Whether it is larger than what stays in memory."""
        return self._fd >= 0

    def spill(self) -> None:
        """Write what is in memory to the draft; may block."""
        if self._fd < 0:
            self.draft = self._files.draft()
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._fd = os.open(self.draft, flags, 0o600)
        for part in self._take():
            self._hash.update(part)
            view = memoryview(part)
            while view:
                view = view[os.write(self._fd, view) :]

    def finish(self) -> tuple[bytes, bytes | None]:
        """
        The hash of all, and all of it where it is in memory; a draft is on disk then.

        May block.
        """
        if self.is_in_file():
            self.spill()
            os.fsync(self._fd)
            return self._hash.digest(), None
        body = b"".join(self._take())
        self._hash.update(body)
        return self._hash.digest(), body

    def close(self) -> None:
        """Let go of the draft; it is removed unless it got its name."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self.draft.unlink(missing_ok=True)

    def _take(self) -> list[bytes]:
        parts, self._parts, self._held = self._parts, [], 0
        return parts
