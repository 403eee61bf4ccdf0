"""Entries that were checked and wait to be appended together, each series at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from agnez_server.errors import BlobsMissing
from agnez_server.store.base import BlobRef, Change, Store


@dataclass(slots=True)
class _Series:
    x: list[int | float] = field(default_factory=list)
    wall: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    blobs: list[BlobRef] = field(default_factory=list)


class Pile:
    """Entries in the order given; `append_to` hands them over."""

    def __init__(self) -> None:
        self._series: dict[int, _Series] = {}

    def add(
        self, series: int, x: int | float, wall: int, body: bytes, blobs: Iterable[BlobRef]
    ) -> None:
        """One entry of *series* whose body is checked, and names *blobs*."""
        found = self._series.setdefault(series, _Series())
        found.x.append(x)
        found.wall.append(wall)
        found.bodies.append(body)
        found.blobs += blobs

    def append_to(self, change: Change) -> None:
        """Append all of them."""
        for id, s in self._series.items():
            change.append_entries(id, s.x, s.wall, s.bodies, unique(s.blobs))


def unique(blobs: Iterable[BlobRef]) -> list[BlobRef]:
    """*blobs*, each hash once."""
    return list({blob.sha256: blob for blob in blobs}.values())


def missing(store: Store, blobs: Iterable[BlobRef]) -> list[str]:
    """The hashes of those *blobs* that are not in *store*, each once."""
    named = dict.fromkeys(blob.sha256 for blob in blobs)
    if not named:
        return []
    here = store.has_blobs(named)
    return [sha256 for sha256 in named if sha256 not in here]


def blobs_missing(sha256: list[str], **details: object) -> BlobsMissing:
    """What to raise where these blobs are not here."""
    return BlobsMissing(
        f"{len(sha256)} of the blobs that are named are not here",
        hint="PUT each to /api/v1/blobs/<sha256>, then send this again",
        sha256=sha256,
        **details,
    )
