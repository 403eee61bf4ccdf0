"""
One viewer: what he watches, how far he has been told, and the task that tells him.

What is new is only noted; a frame is built when it can be sent: not more often than the interval,
with at most two frames on the way, and from the cursor, so that whatever came meanwhile is merged.
A viewer who does not read costs a set of numbers, and nobody else waits for him.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

from agnez_client.columns import Block, encode_columns
from agnez_server.live.asking import Place
from agnez_server.live.blocks import Watched, next_block
from agnez_server.live.cellnews import CellNews
from agnez_server.live.news import BAND_INTERVAL_S, News
from agnez_server.store.base import Series, Store

logger = logging.getLogger(__name__)

MOST_UNPAINTED: Final = 2
MOST_WAITING: Final = 4
FRAME_POINTS: Final = 100_000
"""A frame that has so many points is full; the other series wait for the next one."""
_BLOCK_COST: Final = 16
"""What a block without points counts as."""
RUN_INTERVAL_S: Final = 1.0


class Outlet(Protocol):
    """The way to one viewer."""

    def waiting(self) -> int:
        """Messages that were handed in and are not on the wire yet."""

    async def send(self, event: str, data: Any) -> None:
        """Hand in one message."""


class Viewer:
    """See the module. ``describe`` gives a run's document for a `run` event."""

    def __init__(
        self,
        store: Store,
        outlet: Outlet,
        interval_s: float,
        describe: Callable[[str], Mapping[str, Any]],
    ) -> None:
        self._store, self._outlet, self._describe = store, outlet, describe
        self._interval_s = interval_s
        self._watched: dict[int, Watched] = {}
        self._channels: dict[tuple[str, int], Place] = {}
        self._new: dict[int, None] = {}  # in the order in which they became new
        self._news = News()
        self._bands = News(BAND_INTERVAL_S)
        self._cells = CellNews(interval_s)
        self._runs: set[str] = set()
        self._run_points: set[str] = set()
        self._layouts: set[str] = set()
        self._store_told: Mapping[str, str | None] | None = None
        self._wake = asyncio.Event()
        self._sent = self._painted = 0
        self._runs_told_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self.watches_runs = self.watches_cells = False
        self.follows: set[str] = set()
        """Runs whose documents and layouts are told."""

    # -- what is watched ---------------------------------------------------------------------

    @property
    def channels(self) -> list[tuple[str, int]]:
        """The watched channels, each as run and number."""
        return list(self._channels)

    def watch(self, run: str, place: Place, series: Iterable[Series]) -> None:
        """
        Tell of a channel from now on, of its *series* from their cursors on.

        Series that have no cursor are told from their start, those that come later too.
        """
        self._channels[run, place.channel] = place
        total = 0
        for one in series:
            total += self._store.stats(one.id).count if place.band is not None else 0
            self._forget(one.id)
            if place.wants(one.rank):
                self._watched[one.id] = Watched(one, place.dx, place.cursors.get(one.id, 0))
                self._new[one.id] = None
        if place.band is not None and place.band != total:
            self._bands.note(run, [place.channel])
        self._wake.set()

    def unwatch(self, run: str, channel: int) -> None:
        """Tell no more of this channel."""
        self._channels.pop((run, channel), None)
        gone = [
            i
            for i, w in self._watched.items()
            if (w.series.run, w.series.channel) == (run, channel)
        ]
        for id in gone:
            self._forget(id)
        self._bands.forget_channel(run, channel)

    def _forget(self, series: int) -> None:
        self._watched.pop(series, None)
        self._new.pop(series, None)

    def unfollow(self, run: str) -> None:
        """Tell no more of *run*'s document, layout and news; its channels are another thing."""
        self.follows.discard(run)
        self._news.forget(run)

    # -- what is new -------------------------------------------------------------------------

    def note_points(self, series: Series) -> None:
        """Points of *series* were committed."""
        place = self._channels[series.run, series.channel]
        if place.band is not None:
            self._bands.note(series.run, [series.channel])
        if place.wants(series.rank):
            if series.id not in self._watched:
                self._watched[series.id] = Watched(series, place.dx, 0)
            self._new[series.id] = None
        self._wake.set()

    def note_run(self, run: str) -> None:
        """The document of *run* changed."""
        self._runs.add(run)
        self._wake.set()

    def note_run_points(self, run: str) -> None:
        """*run* got points: its count is told, once a second."""
        self._run_points.add(run)
        self._wake.set()

    def note_store(self, told: Mapping[str, str | None]) -> None:
        """What the store is like: the last word counts."""
        self._store_told = told
        self._wake.set()

    def note_layout(self, run: str) -> None:
        """A channel or chart of *run* was made."""
        self._layouts.add(run)
        self._wake.set()

    def note_news(self, run: str, channels: Iterable[int], *, console: bool) -> None:
        """*channels* of *run* have new entries, its console new output."""
        self._news.note(run, channels, console=console)
        self._wake.set()

    def note_cell(self, id: str, run: str | None, *, removed: bool) -> None:
        """The cell *id*, of *run*, was made, changed or removed."""
        if removed:
            self._cells.note_removed(id)
        else:
            self._cells.note_changed(id, run)
        self._wake.set()

    def note_arranged(self, place: str) -> None:
        """The cells of *place* were arranged anew."""
        self._cells.note_arranged(place)
        self._wake.set()

    def credit(self, frame: int) -> None:
        """Frame number *frame* was painted."""
        self._painted = max(self._painted, min(frame, self._sent))
        self._wake.set()

    # -- telling -----------------------------------------------------------------------------

    async def tell(self) -> None:
        """Tell what is new, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._outlet.waiting() > MOST_WAITING:
                await asyncio.sleep(0.1)
                self._wake.set()
                continue
            await self._tell_store()
            await self._tell_runs()
            await self._tell_news()
            await self._tell_cells()
            if self._new and self._sent - self._painted < MOST_UNPAINTED:
                await self._tell_points()
                await asyncio.sleep(self._interval_s)

    async def _tell_store(self) -> None:
        if self._store_told is not None:
            told, self._store_told = self._store_told, None
            await self._outlet.send("store", told)

    async def _tell_runs(self) -> None:
        self._take_run_points()
        for runs, event, body in (
            (self._runs, "run", self._describe),
            (self._layouts, "layout", lambda run: {"run": run}),
        ):
            while runs and self._outlet.waiting() <= MOST_WAITING:
                await self._outlet.send(event, body(runs.pop()))
            if runs:
                self._wake.set()

    def _take_run_points(self) -> None:
        """Once a second, runs that got points are told as runs that changed."""
        if not self._run_points:
            return
        now = asyncio.get_running_loop().time()
        wait = self._runs_told_at + RUN_INTERVAL_S - now
        if wait <= 0:
            self._runs |= self._run_points
            self._run_points.clear()
            self._runs_told_at = now
        else:
            self._wake_in(wait)

    async def _tell_news(self) -> None:
        for run, channels, console in self._due(self._news):
            told = {"run": run, "channels": channels, "console": console}
            await self._outlet.send("news", told)
        for run, channels, _ in self._due(self._bands):
            await self._outlet.send("band", {"run": run, "channels": channels})

    async def _tell_cells(self) -> None:
        if self._is_due(self._cells):
            told = self._cells.take(asyncio.get_running_loop().time())
            await self._outlet.send("cells", told)

    def _due(self, news: News) -> list[tuple[str, list[int], bool]]:
        return news.take(asyncio.get_running_loop().time()) if self._is_due(news) else []

    def _is_due(self, news: News | CellNews) -> bool:
        """Whether there is something to tell now; when it is too early, this task wakes up then."""
        wait = news.wait_s(asyncio.get_running_loop().time())
        if wait:
            self._wake_in(wait)
        return wait == 0

    def _wake_in(self, wait_s: float) -> None:
        """Wake up then, unless a timer does so earlier; another one is set at that time."""
        loop = asyncio.get_running_loop()
        if self._timer is not None and loop.time() < self._timer.when():
            if self._timer.when() <= loop.time() + wait_s:
                return
            self._timer.cancel()
        self._timer = loop.call_later(wait_s, self._wake.set)

    async def _tell_points(self) -> None:
        blocks, room = list[Block](), FRAME_POINTS
        while self._new and room > 0:
            id = next(iter(self._new))
            del self._new[id]
            block = next_block(self._store, self._watched[id])
            if block is not None:
                blocks.append(block)
                room -= max(len(block.x), _BLOCK_COST)
        if self._new:
            self._wake.set()
        if blocks:
            self._sent += 1
            await self._outlet.send("frame", encode_columns(blocks, number=self._sent))
