"""A writer of the spools of older versions, made from their description alone."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

RUN = "01J00000000000000000000000"
SPOOL = "5f" * 16
SLOTS = 64


def old_spool(
    place: Path,
    version: int,
    events: Sequence[dict[str, Any]],
    points: Sequence[tuple[int, float]],
    destination: str | None = None,
) -> Path:
    """
    A spool of *version* 1 or 2 of a process that is gone: a header without a check sum, events
    framed by length and CRC-32, segments of `SLOTS` slots, nothing else.
    """
    path = place / SPOOL
    path.mkdir(parents=True, mode=0o700)
    header = {
        "magic": "agnez spool",
        "version": version,
        "record_size": 32,
        "spool": SPOOL,
        "run": RUN,
        "session": 1_700_000_000_000_000,
        "rank": 0,
        "destination": destination,
        "host": "host",
        "pid": 4711,
    }
    write(path / "header.json", json.dumps(header, indent=1).encode())
    write(path / "lock", b"")
    bodies = [json.dumps(event, separators=(",", ":")).encode() for event in events]
    frames = [struct.pack("<II", len(b), zlib.crc32(b)) + b for b in bodies]
    write(path / "events", b"".join(frames))
    for base in range(0, max(len(points), 1), SLOTS):
        records = [record(x, y) for x, y in points[base : base + SLOTS]]
        head = struct.pack("<8sII16sQQ", b"AGNZSEG1", 1, 32, bytes.fromhex(SPOOL), base, SLOTS)
        data = head.ljust(4096, b"\0") + b"".join(records).ljust(32 * SLOTS, b"\0")
        write(path / f"points-{base:020d}", data)
    return path


def record(x: int, y: float) -> bytes:
    """A point of the channel 0."""
    return struct.pack("<qdqII", x, y, 1_700_000_000_000_000_000 + x, 0, 0xA67E0001)


def write(path: Path, data: bytes) -> None:
    """A private file."""
    path.write_bytes(data)
    path.chmod(0o600)
