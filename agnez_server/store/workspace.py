"""What change functions work on: everything committed, and what is on its way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from agnez_server.errors import Gone, NotFound
from agnez_server.store.base import Change
from agnez_server.store.console import add_lines, size_of, sort_lines
from agnez_server.store.entries import Entries, checked_rows, figures_of
from agnez_server.store.marks import Marks
from agnez_server.store.names import names_of, sha_bytes
from agnez_server.store.points import Block, Points, XColumn, check_points, checked_points
from agnez_server.store.tally import add
from agnez_server.store.tinyrows import WorkingStorage
from agnez_server.store.tinytable import RowDB
from agnez_server.store.unit import Unit
from agnez_server.store.values import (
    BlobRef,
    FloatColumn,
    IntColumn,
    Line,
    Mark,
    Series,
    SeriesStats,
)

T = TypeVar("T")
SeriesKey = tuple[str, int, int, int]


class Workspace:
    """The working state. Used on the event loop only."""

    def __init__(self, rows: WorkingStorage, marks: Marks) -> None:
        self.rows, self.marks = rows, marks
        self.docs = RowDB(rows)
        self.by_key: dict[SeriesKey, Series] = {}
        self.by_id: dict[int, Series] = {}
        self.runs: dict[str, list[int]] = {}
        self.figures: dict[int, SeriesStats] = {}
        """Of series that hold entries, all of them."""
        self.pointed: set[int] = set()
        """Series that hold points."""
        self.deleted: set[str] = set()
        self.next_series = 1

    def fill(self, series: Iterable[Series], deleted: Iterable[str], next_series: int) -> None:
        """Take in what is on disk, when the store opens."""
        for one in series:
            self.add(one)
        self.deleted.update(deleted)
        self.next_series = next_series

    def add(self, series: Series) -> None:
        """A series that exists from now on."""
        self.by_key[series.run, series.channel, series.session, series.rank] = series
        self.by_id[series.id] = series
        self.runs.setdefault(series.run, []).append(series.id)

    def discard(self, series: Series) -> None:
        """The inverse of `add`."""
        del self.by_key[series.run, series.channel, series.session, series.rank]
        del self.by_id[series.id]
        ids = self.runs[series.run]
        if ids[-1] == series.id:  # what was added last is taken back first
            ids.pop()
        else:
            ids.remove(series.id)

    def run(self, work: Callable[[Change], T]) -> tuple[Unit, T]:
        """Call *work*; when it raises, nothing of what it did remains."""
        unit = self.rows.unit = Unit()
        try:
            result = work(UnitChange(self, unit))
        except BaseException:
            unit.take_back()
            raise
        finally:
            self.rows.unit = None
        unit.size += sum(len(write.raw or b"") + 32 for write in unit.docs.values())
        return unit, result


class UnitChange(Change):
    """The `Change` of one call: writes to the workspace at once, and to its unit."""

    def __init__(self, workspace: Workspace, unit: Unit) -> None:
        self._workspace, self._unit = workspace, unit
        self.docs = workspace.docs

    def open_series(self, run: str, channel: int, session: int, rank: int) -> Series:
        """See `Change`; raises Gone for a deleted run."""
        space = self._workspace
        self._refuse_deleted(run)
        known = space.by_key.get((run, channel, session, rank))
        if known is not None:
            return known
        series = Series(space.next_series, run, channel, session, rank)
        space.next_series += 1
        space.add(series)
        self._unit.series.append(series)
        self._unit.next_series = space.next_series
        self._unit.undo.append(lambda: self._close(series))
        self._unit.size += 64
        return series

    def append(self, series: int, x: XColumn, y: FloatColumn, wall: IntColumn) -> None:
        """See `Change`; raises NotFound for an id that is not of a living series."""
        points = checked_points(x, y, wall)
        self._add(Block([series], [len(points)], points))

    def append_block(
        self,
        series: Sequence[int],
        ends: Sequence[int],
        x: XColumn,
        y: FloatColumn,
        wall: IntColumn,
    ) -> None:
        """See `Change`; raises NotFound for an id that is not of a living series."""
        points = Points(x, y, wall)
        check_points(points)
        borders = [0, *ends]
        if len(series) != len(ends) or borders[-1] != len(y) or sorted(borders) != borders:
            raise ValueError(f"{len(series)} series do not end at {ends} of {len(y)} points")
        self._add(Block(list(series), list(ends), points))

    def _add(self, block: Block) -> None:
        space = self._workspace
        for series in block.series:
            if series not in space.by_id:
                raise NotFound("series", series)
        if not len(block):
            return
        if not space.pointed.issuperset(block.series):
            for series, start, end in block.spans():
                if start < end and series not in space.pointed:
                    self._begin_points(series)
        self._unit.blocks.append(block)
        self._unit.size += 24 * len(block)

    def append_entries(
        self,
        series: int,
        x: Sequence[int | float],
        wall: Sequence[int],
        bodies: Sequence[bytes],
        blobs: Iterable[BlobRef] = (),
    ) -> None:
        """See `Change`; raises NotFound for an id that is not of a living series."""
        space, unit = self._workspace, self._unit
        if series not in space.by_id:
            raise NotFound("series", series)
        if series in space.pointed:
            raise ValueError(f"series {series} holds points, not entries")
        rows = checked_rows(x, wall, bodies)
        if not rows:
            return
        before = space.figures.get(series)
        after = add(before or SeriesStats(), figures_of(rows))
        space.figures[series] = after
        unit.undo.append(lambda: self._put_figures(series, before))
        unit.entries.append((series, Entries(after.count - len(rows), rows, after)))
        unit.size += sum(len(row[2]) + 64 for row in rows)
        self.keep_blobs(space.by_id[series].run, blobs)

    def keep_blobs(self, run: str, blobs: Iterable[BlobRef]) -> None:
        """See `Change`; raises Gone for a deleted run."""
        self._refuse_deleted(run)
        names = names_of(run, blobs)
        self._unit.names.update(names)
        self._unit.size += 128 * len(names)

    def release_blobs(self, owner: str, sha256s: Iterable[str]) -> None:
        """See `Change`."""
        self._unit.names.update({(sha_bytes(sha256), owner): None for sha256 in sha256s})

    def put_lines(self, run: str, lines: Iterable[Line]) -> None:
        """See `Change`; raises Gone for a deleted run."""
        self._refuse_deleted(run)
        found = sort_lines(run, lines)
        add_lines(self._unit.lines, found)
        self._unit.size += size_of(found)

    def mark(self, spool: bytes) -> Mark:
        """See `Change`."""
        return self._workspace.marks.get(spool)

    def set_mark(self, spool: bytes, run: str, mark: Mark) -> None:
        """See `Change`."""
        self._workspace.marks.move(self._unit, spool, run, mark)
        self._unit.size += 128

    def delete_run(self, run: str) -> None:
        """See `Change`; a second time it does nothing."""
        space, unit = self._workspace, self._unit
        if run in space.deleted:
            return
        series = [space.by_id[i] for i in space.runs.get(run, ())]
        figures = {one.id: space.figures.pop(one.id) for one in series if one.id in space.figures}
        for one in series:
            space.discard(one)
        space.deleted.add(run)
        space.marks.delete_run(unit, run)
        unit.forget_run(run, [one.id for one in series])
        unit.undo.append(lambda: self._revive(run, series, figures))

    def on_undo(self, step: Callable[[], None]) -> None:
        """See `Change`."""
        self._unit.undo.append(step)

    def _refuse_deleted(self, run: str) -> None:
        if run in self._workspace.deleted:
            raise Gone(f"run {run} was deleted; its id is not used again", run=run)

    def _begin_points(self, series: int) -> None:
        if series in self._workspace.figures:
            raise ValueError(f"series {series} holds entries, not points")
        self._workspace.pointed.add(series)
        self._unit.undo.append(lambda: self._workspace.pointed.discard(series))

    def _put_figures(self, series: int, figures: SeriesStats | None) -> None:
        if figures is None:
            del self._workspace.figures[series]
        else:
            self._workspace.figures[series] = figures

    def _close(self, series: Series) -> None:
        self._workspace.discard(series)
        self._workspace.next_series = series.id

    def _revive(self, run: str, series: list[Series], figures: dict[int, SeriesStats]) -> None:
        self._workspace.deleted.discard(run)
        self._workspace.figures.update(figures)
        for one in series:
            self._workspace.add(one)
