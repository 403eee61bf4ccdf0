"""How much lies in `/values`, and where, ahead by what is not committed yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

from agnez_server.errors import AgnezServerError
from agnez_server.store.base import Change
from agnez_server.values.index import Index, Record


class ValuesFull(AgnezServerError):
    """There is no room for more records."""

    status, code = 507, "full"


@dataclass(frozen=True, slots=True)
class Limits:
    """Most records, their size as JSON all together, and that of one, in bytes."""

    records: int = 100_000
    total_bytes: int = 1 << 30
    record_bytes: int = 32 << 20


class Shelf:
    """Index and size of the records in *rows* (by number as text), as changes move them."""

    def __init__(self, rows: Mapping[str, Record], limits: Limits) -> None:
        self.index, self.limits = Index(), limits
        self._sizes: dict[int, int] = {}
        self.bytes = 0
        """What all records take."""
        for number, record in rows.items():
            self._move(int(number), None, record, len(orjson.dumps(record)))

    def size_of(self, numbers: Iterable[int]) -> int:
        """Bytes of these records all together; one that goes just now has none."""
        return sum(self._sizes.get(number, 0) for number in numbers)

    def require_room(self, number: int | None, size: int) -> None:
        """
        Refuse what is too much: a record of *size* bytes in the place of *number*, or a new one.

        Raises:
            ValuesFull: If it would be one too many, or the bytes all together too many.
        """
        limits = self.limits
        if number is None and len(self._sizes) >= limits.records:
            raise ValuesFull(
                f"/values is full: it holds {limits.records} records",
                hint="remove some, or raise the setting max_values",
                limit=limits.records,
            )
        before = 0 if number is None else self._sizes[number]
        if size > before and self.bytes + size - before > limits.total_bytes:
            raise ValuesFull(
                f"/values is full: its records take {self.bytes} bytes, "
                f"at most {limits.total_bytes} are kept",
                hint="remove some, or raise the setting max_values_bytes",
                limit=limits.total_bytes,
            )

    def move(
        self, change: Change, number: int, before: Record | None, after: Record | None, size: int
    ) -> None:
        """*change* made *before*, under *number*, into *after*, which takes *size* bytes."""
        size_before = self._sizes.get(number, 0)
        self._move(number, before, after, size)
        change.on_undo(lambda: self._move(number, after, before, size_before))

    def _move(self, number: int, before: Record | None, after: Record | None, size: int) -> None:
        self.index.move(number, before, after)
        self.bytes -= self._sizes.pop(number, 0)
        if after is not None:
            self._sizes[number] = size
            self.bytes += size
