"""Large blobs as files, and blobs on their way in."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from agnez_server.store.copying import sync

SMALL: Final = 1 << 20
"""Blobs of up to so many bytes lie in `blobs.db`, larger ones in files."""
_PREFIX: Final = "part-"


def blob_path(directory: Path, sha: bytes) -> Path:
    """Where in a data directory the file of a blob is, or would be."""
    name = sha.hex()
    return directory / "blobs" / name[:2] / name[2:]


class BlobFiles:
    """The folder `blobs`: a blob is `blobs/<2 hex digits>/<62 hex digits>`. Made when needed."""

    def __init__(self, directory: Path) -> None:
        self._directory, self.folder = directory, directory / "blobs"
        for leftover in self.folder.glob(f"{_PREFIX}*"):
            leftover.unlink(missing_ok=True)

    def path(self, sha: bytes) -> Path:
        """Where a blob's file is, or would be."""
        return blob_path(self._directory, sha)

    def draft(self) -> tuple[int, Path]:
        """A new file in the folder, open for writing, and its path."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        path = self.folder / f"{_PREFIX}{os.urandom(8).hex()}"
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), path

    def keep(self, draft: Path, sha: bytes) -> None:
        """Give a draft, which is on disk, its name; when this returns the name is on disk too."""
        path = self.path(sha)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        draft.replace(path)
        for folder in (path.parent, self.folder, self._directory):
            sync(folder)

    def read(self, sha: bytes, start: int, size: int) -> bytes:
        """At most *size* bytes from *start*."""
        with self.path(sha).open("rb") as file:
            file.seek(start)
            return file.read(size)

    def size(self, sha: bytes) -> int | None:
        """How long a blob's file is; None if it is missing."""
        try:
            return self.path(sha).stat().st_size
        except OSError:
            return None

    def modified(self, sha: bytes) -> float:
        """When a blob's file was written, seconds UTC."""
        return self.path(sha).stat().st_mtime

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
    The bytes of one blob as they come: in memory until `spill` is called, then in a draft file.

    ``size`` is how many bytes came. `spill` and `finish` may block; a thread may still be in them
    when `close` is called, which ends them.
    """

    def __init__(self, files: BlobFiles) -> None:
        self._files = files
        self._hash = hashlib.sha256()
        self._parts = list[bytes]()
        self._lock, self._fd, self._closed = threading.Lock(), -1, False
        self.draft: Path | None = None
        self.size = 0

    def add(self, data: bytes) -> None:
        """Take *data*."""
        self._parts.append(data)
        self.size += len(data)

    def spill(self) -> None:
        """Write what is in memory to the draft."""
        parts, self._parts = self._parts, []
        with self._lock:
            self._require_open()
            if self.draft is None:
                self._fd, self.draft = self._files.draft()
            for part in parts:
                self._hash.update(part)
                view = memoryview(part)
                while view:
                    view = view[os.write(self._fd, view) :]

    def finish(self) -> tuple[bytes, bytes | None]:
        """The hash of all, and all of it where it is in memory; a draft is on disk then."""
        if self.draft is None:
            body = b"".join(self._parts)
            return hashlib.sha256(body).digest(), body
        self.spill()
        with self._lock:
            self._require_open()
            os.fsync(self._fd)
        return self._hash.digest(), None

    def close(self) -> None:
        """Let go of the draft; it is removed unless it got its name. Always to be called."""
        with self._lock:
            self._closed = True
            if self.draft is not None:
                os.close(self._fd)
                self.draft.unlink(missing_ok=True)

    def _require_open(self) -> None:
        if self._closed:
            raise OSError("the blob is not wanted any more")
