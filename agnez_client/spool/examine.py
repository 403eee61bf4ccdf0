"""What `agnez doctor` finds in spools: read alone, beside a living owner too, nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agnez_client.errors import SpoolError
from agnez_client.finding import Finding
from agnez_client.spool.header import HEADER_NAME
from agnez_client.spool.survey import SpoolInfo, survey


def spools_below(path: Path) -> list[Path]:
    """The spools at *path*: itself, those of a host, or those of all hosts of a user's place."""
    if (path / HEADER_NAME).is_file():
        return [path]
    found = [*path.glob(f"[!.]*/{HEADER_NAME}"), *path.glob(f"[!.]*/[!.]*/{HEADER_NAME}")]
    return sorted(file.parent for file in found)


def examine(path: Path) -> Iterator[Finding]:
    """
    What is found in the spool *path*, or in each below a directory of spools, spool by spool.

    Raises:
        SpoolError: If there is no spool at *path*.
    """
    found = spools_below(path)
    if not found:
        raise SpoolError(f"there is no spool in {path}")
    for folder in found:
        try:
            yield _summary(survey(folder))
        except SpoolError as error:
            yield Finding("damage", str(error), str(folder))


def _summary(info: SpoolInfo) -> Finding:
    owner = f"process {info.header.pid} writes it" if info.alive else "its process is gone"
    waits = f"{info.points} points and {info.events} events wait"
    bound = info.header.destination or "no server yet"
    return Finding(
        "ok" if info.alive or not (info.points or info.events) else "note",
        f"run {info.header.run}: {owner}; {waits} for {bound}, {info.size} bytes",
        str(info.path),
        "" if info.alive else "`agnez sync` sends what waits",
    )
