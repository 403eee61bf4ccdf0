"""What a spool says about itself, so that its directory alone restores the whole run."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final

from agnez_client.errors import SpoolError
from agnez_client.protocol import RECORD_SIZE, is_ulid

HEADER_NAME: Final = "header.json"
SPOOL_VERSION: Final = 2
OLDEST_SPOOL_VERSION: Final = 1
"""Version 2 has blobs and events of entries; those of version 1 are read as they are."""
_MAGIC: Final = "agnez spool"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolHeader:
    """
    Who wrote a spool, and for whom. Never a token.

    ``spool`` is its id, 32 hex digits. ``session`` is the start of the writing process in µs UTC.
    ``destination`` is the server's address, None when there was none.
    """

    spool: str
    run: str
    session: int
    rank: int
    destination: str | None
    host: str
    pid: int

    @classmethod
    def new(cls, run: str, rank: int, destination: str | None, host: str) -> SpoolHeader:
        """The header of a spool which this process begins now."""
        return cls(
            spool=os.urandom(16).hex(),
            run=run,
            session=time.time_ns() // 1000,
            rank=rank,
            destination=destination,
            host=host,
            pid=os.getpid(),
        )

    def bound_for(self, destination: str) -> SpoolHeader:
        """The same spool with another destination."""
        return replace(self, destination=destination)

    def as_bytes(self) -> bytes:
        """The header as the file `header.json`."""
        about = {"magic": _MAGIC, "version": SPOOL_VERSION, "record_size": RECORD_SIZE}
        return json.dumps({**about, **asdict(self)}, indent=1).encode() + b"\n"


def parse_header(data: bytes) -> SpoolHeader:
    """
    The header in *data*.

    Raises:
        SpoolError: If *data* is not one, or is of a version that is not read here.
    """
    try:
        found: dict[str, Any] = json.loads(data)
        version = found["version"] if found["magic"] == _MAGIC else None
        values = {f.name: found[f.name] for f in fields(SpoolHeader)}
        header = SpoolHeader(**values)
        sound = len(bytes.fromhex(header.spool)) == 16 and is_ulid(header.run)
        sound = sound and all(type(values[k]) is int for k in ("session", "rank", "pid"))
    except (ValueError, KeyError, TypeError) as error:
        raise SpoolError(f"not the header of a spool: {error!r}") from error
    if version is None or not OLDEST_SPOOL_VERSION <= version <= SPOOL_VERSION:
        raise SpoolError(
            f"a spool of version {version!r}, expected {OLDEST_SPOOL_VERSION} to {SPOOL_VERSION}: "
            "pip install -U agnez"
        )
    if not sound or found["record_size"] != RECORD_SIZE:
        raise SpoolError("not the header of a spool: an id, a number or the record size is wrong")
    return header
