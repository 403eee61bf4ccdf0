"""
How this user's servers tell this user's trainings where they listen: a file for each server.

The newest one whose process lives counts. When none lives the newest of all does: a server that
was killed comes back at its address, and points for it can wait.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import stat
from dataclasses import asdict, dataclass
from pathlib import Path

from agnez_client.settings import state_directory

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server of this user listens, and its process."""

    url: str
    pid: int


def address_file(pid: int | None = None) -> Path:
    """The file that the server *pid* (this process by default) writes; only its owner reads it."""
    return state_directory() / "servers" / f"{pid or os.getpid()}.json"


def write_address(url: str, pid: int | None = None) -> Path:
    """Tell the user's trainings that a server listens at *url*; forgets servers that are gone."""
    path = address_file(pid)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for other in _files():
        if not _is_alive(int(other.stem)):
            other.unlink(missing_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(fresh, flags, 0o600), "w") as file:
        json.dump(asdict(ServerAddress(url.rstrip("/"), pid or os.getpid())), file)
    fresh.replace(path)
    return path


def read_address() -> ServerAddress | None:
    """The address that counts; None if there is none, or if another user could have written it."""
    found = [address for path in _files() if (address := _read(path)) is not None]
    return next((a for a in found if _is_alive(a.pid)), found[0] if found else None)


def remove_address(pid: int | None = None) -> None:
    """Take the address of the server *pid* (this process by default) back."""
    with contextlib.suppress(FileNotFoundError):
        address_file(pid).unlink()


def _files() -> list[Path]:
    """The files there are, newest first."""
    found = []
    for path in address_file().parent.glob("*.json"):
        with contextlib.suppress(OSError):
            if path.stem.isdigit():
                found.append((path.lstat().st_mtime_ns, path))
    return [path for _, path in sorted(found, reverse=True)]


def _read(path: Path) -> ServerAddress | None:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))) as file:
            if not _is_private(os.fstat(file.fileno())):
                logger.warning("%s is not yours alone (mode 0600) and is not read", path)
                return None
            found = json.load(file)
        return ServerAddress(str(found["url"]).rstrip("/"), int(found["pid"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("%s can't be read and is left out: %s", path, error)
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:  # somebody else's, so it lives
        return True
    except (OSError, OverflowError):
        return False
    return True


def _is_private(status: os.stat_result) -> bool:
    if not hasattr(os, "getuid"):
        return True
    return status.st_uid == os.getuid() and not stat.S_IMODE(status.st_mode) & 0o022
