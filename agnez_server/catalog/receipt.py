"""The answer to a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agnez_server.catalog.arrivals import Ordinals

MAX_NAMED_REFUSALS: Final = 1000


@dataclass(slots=True)
class Receipt:
    """The answer to a batch: the marks after it, and what was refused alone."""

    events: int
    points: int
    refused: list[dict[str, Any]] = field(default_factory=list)
    refused_count: int = 0

    def refuse(self, kind: str, ordinals: Sequence[int] | Ordinals, reason: str) -> None:
        """Name refused events or points; beyond a thousand in all they are only counted."""
        room = MAX_NAMED_REFUSALS - len(self.refused)
        self.refused += [{kind: int(ordinal), "reason": reason} for ordinal in ordinals[:room]]
        self.refused_count += len(ordinals)
