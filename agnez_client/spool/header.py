"""What a spool says about itself, so that its directory alone restores the whole run."""

from __future__ import annotations

import json
import os
import time
import zlib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

from agnez_client.errors import SpoolError
from agnez_client.protocol import RECORD_SIZE, is_ulid, ulid_time
from agnez_client.spool.files import Folder, read_file

HEADER_NAME: Final = "header.json"
SPARE_NAME: Final = "header.spare"
SPOOL_VERSION: Final = 3
OLDEST_SPOOL_VERSION: Final = 1
"""
Version 2 has blobs and events of entries. Version 3 has check sums of points, events that carry
their ordinals, and a header with a check sum and a spare copy. Older ones are read as they are.
"""
_CHECKED_SINCE: Final = 3
_A_CENTURY: Final = 100 * 365 * 86_400 * 1_000_000
"""Runs whose ids say that they begin later than that were named by hand, µs."""
_MAGIC: Final = "agnez spool"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolHeader:
    """
    Who wrote a spool, and for whom. Never a token.

    ``spool`` is its id, 32 hex digits. ``session`` is the start of the writing process in µs UTC.
    ``destination`` is the server's address, None when there was none. ``inode`` is that of the
    directory it was made in, 0 where it is not known: in another one lies a copy.
    """

    spool: str
    run: str
    session: int
    rank: int
    destination: str | None
    host: str
    pid: int
    version: int = SPOOL_VERSION
    inode: int = 0

    @classmethod
    def new(cls, run: str, rank: int, destination: str | None, host: str) -> SpoolHeader:
        """The header of a spool which this process begins now."""
        return cls(
            spool=os.urandom(16).hex(),
            run=run,
            session=_session_of(run),
            rank=rank,
            destination=destination,
            host=host,
            pid=os.getpid(),
        )

    def bound_for(self, destination: str) -> SpoolHeader:
        """The same spool with another destination."""
        return replace(self, destination=destination)

    def made_in(self, folder: Path) -> SpoolHeader:
        """The same spool, which is made in the directory *folder*."""
        return replace(self, inode=folder.stat().st_ino)

    def as_bytes(self) -> bytes:
        """The header as the file `header.json`."""
        about = {"magic": _MAGIC, "version": self.version, "record_size": RECORD_SIZE}
        found = {**about, **asdict(self)}
        if self.version >= _CHECKED_SINCE:
            found["crc"] = _crc(found)
        return json.dumps(found, indent=1).encode() + b"\n"

    def write(self, folder: Folder) -> None:
        """Write the header and its spare copy into *folder*; OSError if the disk refuses."""
        for name in (SPARE_NAME, HEADER_NAME):
            folder.replace(name, self.as_bytes())


def _session_of(run: str) -> int:
    """
    The start of a session of *run* that begins now, µs UTC: never before the run itself was begun.

    Sessions are told apart and put in order by it, and a clock may stand wrong after a reboot.
    """
    now, begun = time.time_ns() // 1000, int(ulid_time(run) * 1e6)
    return begun + 1 if now <= begun < now + _A_CENTURY else now


def read_header(folder: Path) -> SpoolHeader:
    """
    The header of the spool in the directory *folder*, or its spare copy where it is damaged.

    Raises:
        FileNotFoundError: If there is none.
        SpoolError: If neither can be read, or the spool is of a version that is not read here.
    """
    try:
        return parse_header(read_file(folder / HEADER_NAME))
    except FileNotFoundError:
        raise
    except SpoolError as error:
        try:
            return parse_header(read_file(folder / SPARE_NAME))
        except OSError:
            raise error from None


def parse_header(data: bytes) -> SpoolHeader:
    """
    The header in *data*.

    Raises:
        NewerSpool: If *data* is one of a version that is not read here.
        SpoolError: If *data* is not one, or is not what was written.
    """
    try:
        found: dict[str, Any] = json.loads(data)
        version = found["version"] if found["magic"] == _MAGIC else None
        crc = found.pop("crc", None)
        if isinstance(version, int) and version > SPOOL_VERSION:
            raise NewerSpool(version)
        values = {f.name: found[f.name] for f in fields(SpoolHeader) if f.name in found}
        header = SpoolHeader(**values)
        sound = len(bytes.fromhex(header.spool)) == 16 and is_ulid(header.run)
        sound = sound and all(type(values[k]) is int for k in ("session", "rank", "pid", "version"))
        sound = sound and type(header.inode) is int and found["record_size"] == RECORD_SIZE
        sound = sound and isinstance(header.host, str)
        sound = sound and isinstance(header.destination, str | None)
        sound = sound and (_is_unchecked(header, crc) or crc == _crc(found))
    except NewerSpool:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SpoolError(f"not the header of a spool: {error!r}") from error
    if version is None or version < OLDEST_SPOOL_VERSION:
        raise SpoolError(f"not the header of a spool: its version is {version!r}")
    if not sound:
        raise SpoolError("not the header of a spool: an id, a number or its check sum is wrong")
    return header


class NewerSpool(SpoolError):
    """A spool of a version that only a newer Agnez reads; it is left alone."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"a spool of version {version}, expected {OLDEST_SPOOL_VERSION} to {SPOOL_VERSION}: "
            "pip install -U agnez"
        )


def _is_unchecked(header: SpoolHeader, crc: object) -> bool:
    return header.version < _CHECKED_SINCE and crc is None


def _crc(found: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(found, sort_keys=True).encode())
