"""What was found damaged in a store: counted once, told in a sentence."""

from __future__ import annotations

import logging
import threading
from typing import Final

logger = logging.getLogger(__name__)

_KEPT: Final = 10_000
"""Names are remembered, so that each is told once, up to so many."""


class Damage:
    """What was found, by what it is: mended, or lost. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known = set[tuple[str, str]]()
        self._mended, self._lost = dict[str, int](), dict[str, int]()
        self._unread, self._said = dict[str, int](), list[str]()

    def mended(self, kind: str, name: str) -> None:
        """A flipped bit of it was flipped back."""
        if self._count(self._mended, kind, name, 1):
            logger.warning("%s %s was damaged: a flipped bit was mended", kind, name)

    def lost(self, kind: str, name: str, count: int = 1) -> None:
        """It can't be read and is left out."""
        if self._count(self._lost, kind, name, count):
            logger.error("%s %s is damaged and left out", kind, name)

    def say(self, sentence: str) -> None:
        """Something that was found, in words; the caller logs it."""
        with self._lock:
            self._said.append(sentence)

    def unread(self, file: str, reason: str) -> None:
        """Parts of *file* can't be read at all; told once for each *reason*."""
        if self._count(self._unread, file, reason, 1):
            logger.error("%s is damaged: %s; `agnez doctor` says more", file, reason)

    def sentences(self) -> list[str]:
        """Both, in words."""
        with self._lock:
            parts = [(self._lost, "can't be read"), (self._mended, "had a flipped bit, mended")]
            unread = [f"parts of {file} can't be read" for file in self._unread]
            return (
                self._said
                + unread
                + [
                    f"{', '.join(_counted(kind, n) for kind, n in found.items())} {told}"
                    for found, told in parts
                    if found
                ]
            )

    def _count(self, counts: dict[str, int], kind: str, name: str, count: int) -> bool:
        with self._lock:
            if (kind, name) in self._known or len(self._known) >= _KEPT:
                return False
            self._known.add((kind, name))
            counts[kind] = counts.get(kind, 0) + count
            return True


def _counted(kind: str, n: int) -> str:
    plural = {"entry": "entries", "series": "series", "index": "indexes"}.get(kind, f"{kind}s")
    return f"{n:,} {plural if n > 1 else kind}"
