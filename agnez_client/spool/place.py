"""
Where spools are kept: a directory on a local disk of this machine, or memory if there is none.

Tried in order: what the user says, `agnez-<uid>` in the temporary directory that survives a reboot,
memory. A network or FUSE file system is passed over: a mapping there can fail at any write.
"""

from __future__ import annotations

import logging
import os
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agnez_client.errors import SpoolError
from agnez_client.settings import Settings, state_directory
from agnez_client.spool.files import make_private_directory

_REMOTE: Final = """
9p afs beegfs ceph cephfs cifs coda davfs gfs gfs2 glusterfs gpfs lustre ncpfs nfs nfs4 ocfs2
orangefs panfs pvfs2 smb3 smbfs vboxsf virtiofs wekafs
"""
REMOTE_TYPES: Final = frozenset(_REMOTE.split())
_MOUNTS: Final = Path("/proc/mounts")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """
    ``folder`` holds the spools of this host; None in memory. ``reason`` says why better places
    were passed over.
    """

    folder: Path | None
    reason: str = ""

    @property
    def durable(self) -> bool:
        """Whether what is written here survives the process."""
        return self.folder is not None


def choose_place(settings: Settings, mounts: Path = _MOUNTS) -> Place:
    """The best place for spools of this process on this host; made if it is not there."""
    reasons: list[str] = []
    for root, told in candidates(settings):
        folder = root / host_name()
        try:
            if told:
                root.mkdir(parents=True, exist_ok=True)
            else:
                make_private_directory(root)
            make_private_directory(folder)
            check_file_system(folder, 0 if told else settings.spool_min_free, mounts)
        except OSError as error:
            reasons.append(f"{root}: {error.strerror or error}")
            continue
        if told and reasons:
            logger.warning("the spool is in %s (%s)", folder, "; ".join(reasons))
        return Place(folder, "; ".join(reasons))
    logger.warning(
        "there is no place for the spool: points wait in memory, and those that were not sent are "
        "lost with this process. Set AGNEZ_SPOOL to a directory on a local disk. (%s)",
        "; ".join(reasons),
    )
    return Place(None, "; ".join(reasons))


def candidates(settings: Settings) -> Iterator[tuple[Path, bool]]:
    """Roots to try, and whether the user named them."""
    if settings.spool is not None:
        yield settings.spool, True
    else:
        yield state_directory() / "spool", False
    lasting = Path("/var/tmp") if os.name == "posix" else Path(tempfile.gettempdir())
    yield lasting / f"agnez-{os.getuid() if hasattr(os, 'getuid') else 'user'}", False


def known_roots(settings: Settings) -> list[Path]:
    """Roots which exist, where orphans may lie."""
    return [root for root, _ in candidates(settings) if root.is_dir() and not root.is_symlink()]


def host_name() -> str:
    """This machine's name as a directory's: two machines may share one home."""
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in socket.gethostname())
    return name.lstrip(".")[:200] or "host"


def check_file_system(folder: Path, min_free: int, mounts: Path = _MOUNTS) -> None:
    """
    Make sure that *folder* takes mapped files.

    Raises:
        SpoolError: If it is on a network or FUSE file system, has less than *min_free* bytes free,
            or can't be written to.
    """
    type = file_system_type(folder, mounts)
    if type in REMOTE_TYPES or type.split(".")[0] in ("fuse", "fuseblk"):
        raise SpoolError(f"it is on a network or FUSE file system ({type})")
    if not os.access(folder, os.W_OK | os.X_OK) or _is_read_only(folder):
        raise SpoolError("it can't be written to")
    if min_free and hasattr(os, "statvfs"):
        found = os.statvfs(folder)
        free = found.f_bavail * found.f_frsize
        if free < min_free:
            raise SpoolError(f"{free >> 20} MiB are free there, {min_free >> 20} MiB are wanted")


def file_system_type(folder: Path, mounts: Path = _MOUNTS) -> str:
    """The type of the file system that *folder* is on, as `nfs4`; empty where it can't be told."""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    target = folder.resolve()
    best, best_type = -1, ""
    for line in lines:
        fields = line.split()
        if len(fields) < 3:
            continue
        point = Path(fields[1].replace("\\040", " "))
        if target.is_relative_to(point) and len(point.parts) >= best:
            best, best_type = len(point.parts), fields[2]
    return best_type


def _is_read_only(folder: Path) -> bool:
    return hasattr(os, "statvfs") and bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
