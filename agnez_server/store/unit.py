"""
What changes did, on its way to the disk.

A *unit* is what one `Store.change` did; a *group* is the units that share a commit, as their net
effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agnez_server.store.console import Lines, add_lines
from agnez_server.store.entries import Entries
from agnez_server.store.names import Names
from agnez_server.store.points import Block
from agnez_server.store.values import Mark, Series

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DocWrite:
    """What a document became: its bytes for the disk, its value for memory; None is removed."""

    raw: bytes | None
    value: Body | None


@dataclass(slots=True)
class Unit:
    """What one change did, how to take it back, and who waits for it."""

    docs: dict[tuple[str, int], DocWrite] = field(default_factory=dict)
    next_ids: dict[str, int] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    next_series: int = 0
    """The next id of a series, when this unit took one; kept when the series is deleted again."""
    blocks: list[Block] = field(default_factory=list)
    entries: list[tuple[int, Entries]] = field(default_factory=list)
    lines: Lines = field(default_factory=dict)
    names: Names = field(default_factory=dict)
    marks: dict[bytes, tuple[str, Mark]] = field(default_factory=dict)
    deleted: dict[str, list[int]] = field(default_factory=dict)
    """Deleted runs, each with its series."""
    undo: list[Callable[[], None]] = field(default_factory=list)
    size: int = 0
    """About how many bytes it will take on disk."""
    future: asyncio.Future[Any] | None = None

    def take_back(self) -> None:
        """Undo all of it in memory, newest first."""
        for step in reversed(self.undo):
            step()

    def forget_run(self, run: str, series: list[int]) -> None:
        """Note that *run* is deleted, and drop what was to be written of it."""
        self.deleted[run] = series
        self.series = [one for one in self.series if one.run != run]
        self.blocks = _without(self.blocks, series)
        self.entries = [(one, entries) for one, entries in self.entries if one not in series]
        self.marks = {s: (r, mark) for s, (r, mark) in self.marks.items() if r != run}
        _forget_extras(self.lines, self.names, run)

    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (
            self.docs
            or self.next_ids
            or self.series
            or self.blocks
            or self.entries
            or self.lines
            or self.names
            or self.marks
            or self.deleted
        )


@dataclass(slots=True)
class Group:
    """The net effect of the units of one commit."""

    units: list[Unit]
    docs: dict[tuple[str, int], DocWrite] = field(default_factory=dict)
    next_ids: dict[str, int] = field(default_factory=dict)
    series: dict[int, Series] = field(default_factory=dict)
    next_series: int = 0
    blocks: list[Block] = field(default_factory=list)
    entries: dict[int, Entries] = field(default_factory=dict)
    lines: Lines = field(default_factory=dict)
    names: Names = field(default_factory=dict)
    marks: dict[bytes, tuple[str, Mark]] = field(default_factory=dict)
    deleted: dict[str, list[int]] = field(default_factory=dict)
    log_id: int = 0
    log_bytes: int = 0
    """Size of its log row; 0 when it has no points."""
    series_grown: dict[int, int] = field(default_factory=dict)
    """About how many bytes the entries of a series took."""
    runs_grown: dict[str, int] = field(default_factory=dict)
    """By how many bytes the lines and blobs of a run grew."""

    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return all(unit.is_empty() for unit in self.units)


def gather(units: list[Unit]) -> Group:
    """*units*, oldest first, as one group."""
    group = Group(units)
    for unit in units:
        group.docs.update(unit.docs)
        group.next_ids.update(unit.next_ids)
        group.next_series = max(group.next_series, unit.next_series)
        group.series.update((series.id, series) for series in unit.series)
        group.blocks += unit.blocks
        for series, entries in unit.entries:
            older = group.entries.get(series)
            group.entries[series] = entries if older is None else older.followed_by(entries)
        add_lines(group.lines, unit.lines)
        group.names.update(unit.names)
        group.marks.update(unit.marks)
        for run, ids in unit.deleted.items():
            _forget(group, run, ids)
    return group


def _forget(group: Group, run: str, ids: list[int]) -> None:
    group.deleted[run] = ids
    for series in ids:
        group.series.pop(series, None)
        group.entries.pop(series, None)
    group.blocks = _without(group.blocks, ids)
    _forget_extras(group.lines, group.names, run)
    for spool in [spool for spool, (owner, _) in group.marks.items() if owner == run]:
        del group.marks[spool]


def _without(blocks: list[Block], series: list[int]) -> list[Block]:
    gone = set(series)
    rest = (block.without(gone) for block in blocks)
    return [block for block in rest if len(block)]


def _forget_extras(lines: Lines, names: Names, run: str) -> None:
    for writer in [writer for writer in lines if writer[0] == run]:
        del lines[writer]
    for name in [name for name in names if name[1] == run]:
        del names[name]
