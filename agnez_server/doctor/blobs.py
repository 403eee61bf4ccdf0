"""Blobs: those that are named and missing, and what else is wrong with them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from agnez_client.finding import Finding
from agnez_server.doctor.place import server_pid
from agnez_server.doctor.reading import open_quietly
from agnez_server.store.blobfiles import blob_path

_TOLD: Final = 20
_HINT: Final = "bring back a backup, or send the blob again"


def check_blobs(
    con: sqlite3.Connection, path: Path, *, full: bool, tell: Callable[[str], None]
) -> Iterator[Finding]:
    """
    `blobs.db` and the folder `blobs`. *full* reads and hashes all of them.
    """
    tell("blobs")
    directory, known, bad, size = path.parent, set[bytes](), 0, 0
    for sha, bytes_, in_file, has_body in con.execute(
        "select sha, size, in_file, body.id is not null from blob left join body using (id)"
    ):
        known.add(sha)
        size += bytes_
        wrong = _wrong_with(con, directory, sha, bytes_, in_file, has_body, full=full)
        if wrong is not None:
            bad += 1
            if bad <= _TOLD:
                yield Finding("damage", f"blob {sha.hex()} {wrong}", str(path), _HINT)
    told = f"{len(known):,} blobs, {size:,} bytes" + (", every hash fits" if full else "")
    if bad:
        yield Finding("damage", f"{len(known):,} blobs, {bad:,} damaged", str(path), _HINT)
    else:
        yield Finding("ok", told, str(path))
    yield from _missing(directory, known)
    yield from _orphans(directory, known)


def _wrong_with(
    con: sqlite3.Connection, directory: Path, sha: bytes, size: int, in_file: int, has_body: int,
    *, full: bool,
) -> str | None:  # fmt: skip
    if not in_file:
        if not has_body:
            return "has no bytes"
        return _hash_of_row(con, sha) if full else None
    file = blob_path(directory, sha)
    try:
        found = file.stat().st_size
        if found != size:
            return f"has {found:,} bytes in its file, expected {size:,}"
        if not full:
            return None
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").digest()
    except OSError as error:
        return f"can't be read: {error.strerror}"
    return None if digest == sha else "has other bytes than its hash says"


def _hash_of_row(con: sqlite3.Connection, sha: bytes) -> str | None:
    data = con.execute(
        "select data from body where id = (select id from blob where sha = ?)", (sha,)
    ).fetchone()[0]
    return None if hashlib.sha256(data).digest() == sha else "has other bytes than its hash says"


def _missing(directory: Path, known: set[bytes]) -> Iterator[Finding]:
    """Named by something, and not there."""
    used = server_pid(directory) is not None
    with closing(open_quietly(directory / "agnez.db", is_used=used)) as con:
        rows = con.execute(
            "select sha, min(run) from blob_ref "
            "where run not in (select run from tombstone) group by sha"
        )
        lost = [(sha, run) for sha, run in rows if sha not in known]
    for sha, run in lost[:_TOLD]:
        told = f"blob {sha.hex()} is missing, {run} names it"
        yield Finding("damage", told, str(directory / "blobs.db"), _HINT)
    if len(lost) > _TOLD:
        yield Finding("damage", f"{len(lost):,} named blobs are missing", str(directory), _HINT)


def _orphans(directory: Path, known: set[bytes]) -> Iterator[Finding]:
    files = [file for file in directory.glob("blobs/??/*") if _sha(file) not in known]
    if files:
        size = sum(file.stat().st_size for file in files)
        yield Finding(
            "note", f"{len(files):,} files that no blob knows, {size:,} bytes", str(files[0]),
            "a server removes them an hour after its start",
        )  # fmt: skip


def _sha(file: Path) -> bytes:
    try:
        return bytes.fromhex(file.parent.name + file.name)
    except ValueError:
        return b""
