"""
Files that only their owner can reach, on disk or in memory.

Everything below a spool's root is made with mode 0600 (directories 0700), never through a symbolic
link, and opened only if it belongs to this user: the root may stand in a directory that all users
write to.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

from agnez_client.errors import SpoolError

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


def make_private_directory(path: Path) -> None:
    """
    Make *path* (and what is above it) unless it is there, for this user alone.

    Raises:
        SpoolError: If *path* is a link or no directory, or belongs to another user.
        OSError: If it can't be made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        check_private_directory(path)


def check_private_directory(path: Path) -> None:
    """
    Make sure that nobody else can reach into the directory *path*; tightens the mode of our own.

    Raises:
        SpoolError: If *path* is a link or no directory, or belongs to another user.
    """
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise SpoolError(f"{path} is not a directory (links are not followed)")
    if hasattr(os, "getuid"):
        if status.st_uid != os.getuid():
            raise SpoolError(f"{path} belongs to another user (uid {status.st_uid})")
        if status.st_mode & 0o077:
            path.chmod(0o700)


def create_file(path: Path) -> int:
    """A descriptor of the new file *path*; FileExistsError if something is there, even a link."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NOFOLLOW, 0o600)


def open_file(path: Path, flags: int = os.O_RDWR) -> int:
    """
    A descriptor of the existing file *path*.

    Raises:
        SpoolError: If it is no plain file or belongs to another user.
    """
    fd = os.open(path, flags | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0))
    status = os.fstat(fd)
    foreign = hasattr(os, "getuid") and status.st_uid != os.getuid()
    if not stat.S_ISREG(status.st_mode) or foreign:
        os.close(fd)
        raise SpoolError(f"{path} is not a plain file of this user")
    return fd


def read_file(path: Path) -> bytes:
    """What the file *path* holds; see `open_file`."""
    with os.fdopen(open_file(path, os.O_RDONLY), "rb") as file:
        return file.read()


def write_whole(fd: int, data: bytes, offset: int) -> None:
    """Write *data* at *offset*, all of it; OSError when the disk takes only a part."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, offset)
        view, offset = view[written:], offset + written


class Folder:
    """
    The directory of one spool; without a path its files live in memory and have no names.

    Names are those of files directly inside.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def create(self, name: str) -> int:
        """A descriptor of the new, empty file *name*."""
        if self.path is not None:
            return create_file(self.path / name)
        if hasattr(os, "memfd_create"):
            return os.memfd_create(f"agnez-{name}")
        with tempfile.TemporaryFile() as file:
            return os.dup(file.fileno())

    def publish(self, temporary: str, name: str) -> None:
        """Give the file *temporary* its *name*, at once and whole."""
        if self.path is not None:
            (self.path / temporary).rename(self.path / name)

    def replace(self, name: str, data: bytes) -> None:
        """Let the file *name* hold *data* and nothing else: a reader sees the old or the new."""
        if self.path is None:
            return
        temporary = f"tmp-{name}"
        (self.path / temporary).unlink(missing_ok=True)
        fd = create_file(self.path / temporary)
        try:
            write_whole(fd, data, 0)
        finally:
            os.close(fd)
        self.publish(temporary, name)

    def remove(self, name: str) -> None:
        """Remove the file *name*, if it is there."""
        if self.path is not None:
            (self.path / name).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """The names inside, sorted; none in memory."""
        return sorted(p.name for p in self.path.iterdir()) if self.path is not None else []

    def remove_all(self) -> None:
        """Remove the directory and all inside; it vanishes from its place at once."""
        if self.path is not None:
            doomed = self.path.with_name(f".gone-{self.path.name}")
            self.path.rename(doomed)
            shutil.rmtree(doomed, ignore_errors=True)
