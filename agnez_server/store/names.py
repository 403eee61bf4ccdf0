"""Which runs name which blobs: written with the commit of what names them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from agnez_server.store.values import BlobRef

Names = dict[tuple[bytes, str], int]
"""Sizes of blobs by hash and by the run that names them."""

_MANY: Final = 500
_SHA_BYTES: Final = 32


def sha_bytes(sha256: str) -> bytes:
    """
    *sha256* as 32 bytes.

    Raises:
        ValueError: If it is not 64 lower-case hex digits.
    """
    try:
        sha = bytes.fromhex(sha256)
    except ValueError:
        sha = b""
    if len(sha) != _SHA_BYTES or sha.hex() != sha256:
        raise ValueError(f"{sha256[:80]!r} is no SHA-256, expected 64 lower-case hex digits")
    return sha


def names_of(run: str, blobs: Iterable[BlobRef]) -> Names:
    """That *run* names *blobs*."""
    return {(sha_bytes(blob.sha256), run): blob.size for blob in blobs}


def write_names(con: sqlite3.Connection, names: Mapping[tuple[bytes, str], int]) -> dict[str, int]:
    """Write names within a transaction; returns by how much each run's blobs grew, bytes."""
    grown = dict[str, int]()
    for (sha, run), size in names.items():
        new = con.execute(
            "insert or ignore into blob_ref values (?, ?, ?)", (sha, run, size)
        ).rowcount
        if new:
            grown[run] = grown.get(run, 0) + size
    return grown


def runs_of(con: sqlite3.Connection, sha: bytes) -> list[str]:
    """The runs that name a blob; not those that are deleted, whose names are swept later."""
    rows = con.execute(
        "select run from blob_ref where sha = ? and run not in (select run from tombstone) "
        "order by run",
        (sha,),
    )
    return [row[0] for row in rows]


def named(con: sqlite3.Connection, shas: Sequence[bytes]) -> set[bytes]:
    """Those of *shas* that a run names."""
    found = set[bytes]()
    for at in range(0, len(shas), _MANY):
        part = shas[at : at + _MANY]
        found.update(
            row[0]
            for row in con.execute(
                f"select sha from blob_ref where sha in ({', '.join('?' * len(part))}) "
                "and run not in (select run from tombstone)",
                part,
            )
        )
    return found
