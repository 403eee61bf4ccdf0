"""What `agnez doctor` finds in spools: read alone, beside a living owner too, nothing changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from agnez_client.errors import AgnezError, SpoolError
from agnez_client.finding import Finding
from agnez_client.settings import load_settings
from agnez_client.spool.budget import folder_size
from agnez_client.spool.checkup import (
    Counts,
    check_cursor,
    check_events,
    check_headers,
    check_rejected,
    check_segments,
)
from agnez_client.spool.files import open_file
from agnez_client.spool.header import HEADER_NAME, NewerSpool, SpoolHeader, read_header
from agnez_client.spool.lock import LOCK_NAME, take_shared

_NEAR = 0.8
"""From this share of a limit on it is told."""


def spools_below(path: Path) -> list[Path]:
    """The spools at *path*: itself, those of a host, or those of all hosts of a user's place."""
    if (path / HEADER_NAME).is_file():
        return [path]
    found = [*path.glob(f"[!.]*/{HEADER_NAME}"), *path.glob(f"[!.]*/[!.]*/{HEADER_NAME}")]
    return sorted(file.parent for file in found)


def examine(path: Path) -> Iterator[Finding]:
    """
    What is found in the spool *path*, or in each below a directory of spools: of each spool one
    summary, then what is wrong with it.

    Raises:
        SpoolError: If there is no spool at *path*.
    """
    found = spools_below(path)
    if not found:
        raise SpoolError(f"there is no spool in {path}")
    for folder in found:
        yield from _examine(folder)
    yield from _check_limits(found)


def _examine(path: Path) -> Iterator[Finding]:
    try:
        yield from _looked_at(path)
    except FileNotFoundError:  # a server has all of it, and its owner removes it
        if (path / HEADER_NAME).exists():
            raise


def _looked_at(path: Path) -> Iterator[Finding]:
    try:
        header = read_header(path)
    except NewerSpool as error:
        yield Finding("note", f"{error}; it is left alone", str(path))
        return
    except SpoolError as error:
        hint = "its points can't be sent without a header, nothing of it is removed"
        yield Finding("damage", str(error), str(path), hint)
        return
    counts, alive = Counts(), is_alive(path)
    found = [
        *check_headers(path, header),
        *check_cursor(path, counts),
        *check_segments(path, header, counts, alive=alive),
        *check_events(path, header, counts, alive=alive),
        *check_rejected(path),
    ]
    yield _summary(path, header, counts, alive=alive)
    yield from found


def is_alive(path: Path) -> bool:
    """Whether a process holds the spool in *path*; nobody is kept from it by the question."""
    try:
        fd = open_file(path / LOCK_NAME, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not take_shared(fd)
    finally:
        os.close(fd)


def _summary(path: Path, header: SpoolHeader, counts: Counts, *, alive: bool) -> Finding:
    is_copy = header.inode not in (0, path.stat().st_ino)
    owner = f"process {header.pid} on {header.host} writes it" if alive else "its process is gone"
    waits = f"{counts.waiting_points} of {counts.points} points and {counts.waiting_events} of "
    waits += f"{counts.events} events wait for {header.destination or 'a server'}"
    parts = f"version {header.version}, {counts.segments} segments, {folder_size(path)} bytes"
    for number, what in (
        (counts.blobs, "blobs"),
        (counts.voids, "slots given up"),
        (counts.holes, "slots claimed and not filled"),
        (counts.unsummed, "points without a check sum yet"),
    ):
        parts += f", {number} {what}" if number else ""
    is_empty = not counts.waiting_points and not counts.waiting_events
    kind = "a copy of a spool of" if is_copy else "spool of"
    return Finding(
        "ok" if alive or is_empty else "note",
        f"{kind} run {header.run}: {owner if not is_copy else 'its owner may live elsewhere'}; "
        f"{waits} ({parts})",
        str(path),
        "" if alive or is_empty else "`agnez sync` sends what waits",
    )


def _check_limits(spools: list[Path]) -> Iterator[Finding]:
    try:
        settings = load_settings()
    except AgnezError:  # said by whoever uses them
        return
    for place in sorted({spool.parent for spool in spools}):
        size = sum(folder_size(header.parent) for header in place.glob(f"*/{HEADER_NAME}"))
        if size > _NEAR * settings.spool_user_limit:
            yield Finding(
                "note",
                f"spools take {size >> 20} MiB of {settings.spool_user_limit >> 20} MiB: beyond, "
                "new points are refused",
                str(place),
                "`agnez sync` sends and removes them; AGNEZ_SPOOL_USER_LIMIT is the limit",
            )
