"""
How much a query may look at.

A record may hold a list of a million numbers, and a query a hundred conditions on it: one short
URL would keep the server busy for minutes.
"""

from __future__ import annotations

from typing import Final

from agnez_server.errors import BadRequest

MOST_LOOKS: Final = 20_000_000
"""Values that one query compares: in a thread, some seconds."""
LOOKS_AT_ONE: Final = 100_000
"""The same where one record is meant by its id: nobody else is answered meanwhile."""


class Effort:
    """
    What a query may look at still.

    Args:
        looks: Values that it may compare.
    """

    def __init__(self, looks: int = MOST_LOOKS) -> None:
        self._looks = self._left = looks

    def spend(self, looks: int) -> None:
        """So many values will be looked at. Raises BadRequest where they are too many."""
        self._left -= looks
        if self._left < 0:
            raise BadRequest(
                f"the query has to look at more than {self._looks} values",
                hint="name the records by _id or run, or use fewer conditions on long lists",
            )
