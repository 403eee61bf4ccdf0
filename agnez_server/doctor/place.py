"""The directory itself: who uses it, who may read it, how much room there is, what is left over."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from agnez_client.finding import Finding
from agnez_server.authfiles import AuthFileDamaged, AuthFiles
from agnez_server.store.directory import LOCK, RESTORING, DirectoryInUse
from agnez_server.store.opening import DAMAGED

_LEAST_FREE: Final = 1 << 30
_PRIVATE: Final = ("agnez.db", "blobs.db", "tokens.json", "password", "session-key")


def check_place(path: Path) -> Iterator[Finding]:
    """All but the databases."""
    pid = server_pid(path)
    told = "no server uses it" if pid is None else f"process {pid or '?'} uses it"
    yield Finding("ok", told, str(path))
    if (path / RESTORING).exists():
        yield Finding(
            "damage", "bringing back a backup into it was cut off", str(path / RESTORING),
            "run `agnez backup restore` again",
        )  # fmt: skip
    yield from _check_modes(path)
    yield from _check_auth(path)
    yield _check_room(path)
    yield from _check_leftovers(path)


def server_pid(path: Path) -> int | None:
    """The process that holds the directory, 0 if its number can't be read; None if none does."""
    try:
        fd = os.open(path / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(fd, 32, 0).decode("ascii", "replace").strip()
        return int(text) if text.isdecimal() else 0
    finally:
        os.close(fd)
    return None


@contextmanager
def kept(path: Path) -> Iterator[None]:
    """
    Keep servers from the directory *path*, of which nothing is changed.

    Raises:
        DirectoryInUse: If one has it.
    """
    try:
        fd = os.open(path / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:  # a copy
        yield
        return
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DirectoryInUse(path, server_pid(path) or None) from error
        yield
    finally:
        os.close(fd)


def _check_modes(path: Path) -> Iterator[Finding]:
    for one in (path, *(path / name for name in _PRIVATE)):
        try:
            mode = stat.S_IMODE(one.stat().st_mode)
        except FileNotFoundError:
            continue
        if mode & 0o077:
            allowed = "700" if one.is_dir() else "600"
            yield Finding(
                "note", f"others on this machine may use it: its mode is {mode:o}", str(one),
                f"chmod {allowed} {one}",
            )  # fmt: skip
        if not os.access(one, os.R_OK | os.W_OK):
            yield _unusable(one)


def _unusable(one: Path) -> Finding:
    if os.access(one, os.R_OK):
        told = "it can't be written by this user, or not at all: a server can't use it"
        return Finding("note", told, str(one))
    return Finding("damage", "it can't be read by this user", str(one))


def _check_auth(path: Path) -> Iterator[Finding]:
    files = AuthFiles(path)
    try:
        tokens, password = files.tokens(), files.password_hash()
    except (AuthFileDamaged, OSError) as error:
        yield Finding("damage", str(error), str(path))
        return
    told = "a password is set" if password is not None else "no password is set"
    yield Finding("ok", f"{len(tokens)} tokens, {told}", str(path))


def _check_room(path: Path) -> Finding:
    free, total = shutil.disk_usage(path).free, shutil.disk_usage(path).total
    told = f"{_size(free)} of {_size(total)} are free"
    if free < _LEAST_FREE:
        return Finding("note", told, str(path), "make room: a full disk takes no points")
    return Finding("ok", told, str(path))


def _size(count: int) -> str:
    gib = count / (1 << 30)
    return f"{gib:.1f} GiB" if gib >= 1 else f"{count / (1 << 20):.1f} MiB"


def _check_leftovers(path: Path) -> Iterator[Finding]:
    for old in sorted(path.glob("*.bak")):
        yield Finding(
            "note", f"the copy from before an upgrade, {old.stat().st_size:,} bytes", str(old),
            "remove it when the upgraded server has worked for a while",
        )  # fmt: skip
    for part in sorted(path.glob("*.part")):
        yield Finding(
            "note", f"left over from a copy that was cut off, {part.stat().st_size:,} bytes",
            str(part), "remove it while no backup or upgrade is made",
        )  # fmt: skip
    for one in sorted((path / DAMAGED).glob("*")):
        yield Finding(
            "note", f"a damaged file, kept as it was: {one.stat().st_size:,} bytes", str(one),
            "what could be mended was mended; remove it when nobody wants to look into it",
        )  # fmt: skip
