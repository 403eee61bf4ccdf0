"""Who names which blobs, a run or a record: written with the commit of what names them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from agnez_server.store.values import BlobRef

Names = dict[tuple[bytes, str], int | None]
"""Sizes of blobs by hash and by the run, or other owner, that names them; None: no longer does."""

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


def names_of(owner: str, blobs: Iterable[BlobRef]) -> Names:
    """That *owner* names *blobs*."""
    return {(sha_bytes(blob.sha256), owner): blob.size for blob in blobs}


def write_names(
    con: sqlite3.Connection, names: Mapping[tuple[bytes, str], int | None]
) -> dict[str, int]:
    """
    Write names within a transaction; returns by how much each owner's blobs grew, bytes.

    A blob that loses a name is noted as loose: the next collection looks at it.
    """
    grown = dict[str, int]()
    for (sha, owner), size in names.items():
        change = _let_go(con, sha, owner) if size is None else _name(con, sha, owner, size)
        grown[owner] = grown.get(owner, 0) + change
    return {owner: change for owner, change in grown.items() if change}


def _name(con: sqlite3.Connection, sha: bytes, owner: str, size: int) -> int:
    statement = "insert or ignore into blob_ref values (?, ?, ?)"
    return size if con.execute(statement, (sha, owner, size)).rowcount else 0


def _let_go(con: sqlite3.Connection, sha: bytes, owner: str) -> int:
    row = con.execute(
        "select size from blob_ref where sha = ? and run = ?", (sha, owner)
    ).fetchone()
    if row is None:
        return 0
    con.execute("delete from blob_ref where sha = ? and run = ?", (sha, owner))
    con.execute("insert or ignore into loose values (?)", (sha,))
    return -int(row[0])


def runs_of(con: sqlite3.Connection, sha: bytes) -> list[str]:
    """
    The runs, and other owners, that name a blob; not runs that are deleted, whose names are swept
    later.
    """
    rows = con.execute(
        "select run from blob_ref where sha = ? and run not in (select run from tombstone) "
        "order by run",
        (sha,),
    )
    return [row[0] for row in rows]


def named(con: sqlite3.Connection, shas: Sequence[bytes]) -> set[bytes]:
    """Those of *shas* that something names."""
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
