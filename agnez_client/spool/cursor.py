"""How far each store took a spool; kept beside the points, replaced whole at each change."""

from __future__ import annotations

import json
import logging
import zlib
from dataclasses import dataclass, field
from typing import Any, Final

from agnez_client.spool.files import Folder, read_file

CURSOR_NAME: Final = "cursor"
MOST_STORES: Final = 16
"""Stores that are remembered, those heard last: they know their marks themselves."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, order=True)
class Marks:
    """The next event and the next point that a store wants."""

    events: int = 0
    points: int = 0


@dataclass(slots=True)
class Cursor:
    """
    ``stores``: marks by store id (32 hex digits), the store heard last stands last.
    ``voids``: ordinals that were given up and sent as void; a record may still appear there.
    ``holes``: once nobody writes any more, the slots that will never be filled; None before.
    """

    stores: dict[str, Marks] = field(default_factory=dict)
    voids: set[int] = field(default_factory=set)
    holes: frozenset[int] | None = None

    @classmethod
    def load(cls, folder: Folder) -> Cursor:
        """The cursor in *folder*; a fresh one if there is none that can be read."""
        if folder.path is None:
            return cls()
        try:
            return cls.parse(read_file(folder.path / CURSOR_NAME))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError) as error:
            logger.warning("%s is not readable, servers are asked again: %s", folder.path, error)
            return cls()

    @classmethod
    def parse(cls, data: bytes) -> Cursor:
        """The cursor in *data*; ValueError if it holds none, or not the one that was written."""
        cursor = cls()
        try:
            found: dict[str, Any] = json.loads(data)
            if found.pop("crc", None) != (_crc(found) if found.get("version", 1) != 1 else None):
                raise ValueError("its check sum does not fit")
            for store, marks in found["stores"].items():
                cursor.stores[store] = Marks(int(marks["events"]), int(marks["points"]))
            cursor.voids = {int(ordinal) for ordinal in found["voids"]}
            if found.get("holes") is not None:
                cursor.holes = frozenset(int(ordinal) for ordinal in found["holes"])
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"it is not a cursor: {error!r}") from error
        return cursor

    @property
    def latest(self) -> Marks:
        """The marks of the store that was heard last; zeros before the first."""
        return next(reversed(self.stores.values()), Marks())

    def move(self, store: str, marks: Marks) -> bool:
        """Note what *store* took; False if that was known."""
        if self.stores.get(store) == marks and next(reversed(self.stores)) == store:
            return False
        self.stores.pop(store, None)
        self.stores[store] = marks
        while len(self.stores) > MOST_STORES:
            del self.stores[next(iter(self.stores))]
        return True

    def save(self, folder: Folder) -> None:
        """Write the file; a disk that refuses costs nothing: the servers know their marks."""
        stores = {s: {"events": m.events, "points": m.points} for s, m in self.stores.items()}
        holes = None if self.holes is None else sorted(self.holes)
        found = {"version": 2, "stores": stores, "voids": sorted(self.voids), "holes": holes}
        try:
            folder.replace(CURSOR_NAME, json.dumps({**found, "crc": _crc(found)}).encode())
        except OSError as error:
            logger.debug("the cursor was not written: %s", error)


def _crc(found: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(found, sort_keys=True).encode())
