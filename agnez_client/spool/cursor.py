"""How far each store took a spool; kept beside the points, replaced whole at each change."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import Any, Final

from agnez_client.spool.files import Folder, read_file

CURSOR_NAME: Final = "cursor"

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
    """

    stores: dict[str, Marks] = field(default_factory=dict)
    voids: set[int] = field(default_factory=set)

    @classmethod
    def load(cls, folder: Folder) -> Cursor:
        """The cursor in *folder*; a fresh one if there is none that can be read."""
        cursor = cls()
        if folder.path is None:
            return cursor
        try:
            found: dict[str, Any] = json.loads(read_file(folder.path / CURSOR_NAME))
            for store, marks in found["stores"].items():
                cursor.stores[store] = Marks(int(marks["events"]), int(marks["points"]))
            cursor.voids = {int(ordinal) for ordinal in found["voids"]}
        except FileNotFoundError:
            return cursor
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            logger.warning("%s is not readable, servers are asked again: %s", folder.path, error)
            return cls()
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
        return True

    def save(self, folder: Folder) -> None:
        """Write the file; a disk that refuses costs nothing: the servers know their marks."""
        stores = {s: {"events": m.events, "points": m.points} for s, m in self.stores.items()}
        data = json.dumps({"version": 1, "stores": stores, "voids": sorted(self.voids)})
        try:
            folder.replace(CURSOR_NAME, data.encode())
        except OSError as error:
            logger.debug("the cursor was not written: %s", error)
