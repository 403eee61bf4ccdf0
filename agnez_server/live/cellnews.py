"""What became of the cells, for one viewer who watches them: which, not what they are now."""

from __future__ import annotations

from typing import Any, Final

MOST_CELLS: Final = 10_000
"""Of more cells, while a viewer does not read, it is told that there are more, and not which."""


class CellNews:
    """
    Changes of cells and of their arrangements, gathered until it is time to tell.

    The last word on a cell counts: one that was changed and then removed is removed.
    """

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._told_at = float("-inf")
        self._changed: dict[str, str | None] = {}
        self._removed: dict[str, None] = {}
        self._arranged: dict[str, None] = {}
        self._too_many = False

    def note_changed(self, id: str, run: str | None) -> None:
        """The cell *id*, of *run*, was made or changed."""
        self._removed.pop(id, None)
        self._changed[id] = run
        self._bound()

    def note_removed(self, id: str) -> None:
        """The cell *id* is gone."""
        self._changed.pop(id, None)
        self._removed[id] = None
        self._bound()

    def note_arranged(self, place: str) -> None:
        """The cells of *place* were arranged anew."""
        self._arranged[place] = None

    def _bound(self) -> None:
        if self._too_many or len(self._changed) + len(self._removed) > MOST_CELLS:
            self._too_many = True
            self._changed.clear()
            self._removed.clear()

    def wait_s(self, now: float) -> float | None:
        """Seconds until something may be told, None when there is nothing to tell."""
        if self._changed or self._removed or self._arranged or self._too_many:
            return max(0.0, self._told_at + self._interval_s - now)
        return None

    def take(self, now: float) -> dict[str, Any]:
        """What is to be told *now*, as a message; nothing remains."""
        told: dict[str, Any] = {
            "changed": [{"id": id, "run": run} for id, run in self._changed.items()],
            "removed": list(self._removed),
            "arranged": list(self._arranged),
        }
        if self._too_many:
            told["all"] = True
        for noted in (self._changed, self._removed, self._arranged):
            noted.clear()
        self._too_many, self._told_at = False, now
        return told
