"""
One viewer: what he watches, how many frames he has painted, and the task that tells him the rest.

What is new is only noted, and told when it can be sent, so that whatever came meanwhile is merged.
Frames are built for all who are on one course, and sent to him with at most two on the way. A
viewer who does not read costs a few sets, and nobody else waits for him.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, Final, Protocol

from agnez_server.live.asking import Place
from agnez_server.live.cellnews import CellNews
from agnez_server.live.course import Key
from agnez_server.live.framing import Frame
from agnez_server.live.news import BAND_INTERVAL_S, News

logger = logging.getLogger(__name__)

MOST_UNPAINTED: Final = 2
MOST_WAITING: Final = 4
RUN_INTERVAL_S: Final = 1.0
RUNS_AT_ONCE: Final = 20
"""So many runs are told before others have their turn: ten thousand may change at once."""


class Outlet(Protocol):
    """The way to one viewer."""

    def waiting(self) -> int:
        """Messages that were handed in and are not on the wire yet."""

    async def send(self, event: str, data: Any) -> None:
        """Hand in one message."""

    def send_frame(self, frame: Frame, number: int) -> None:
        """Hand in a frame of points, which has this *number* for him."""


class Viewer:
    """See the module. ``describe`` gives a run's document for a `run` event."""

    def __init__(
        self,
        outlet: Outlet,
        interval_s: float,
        describe: Callable[[str], Mapping[str, Any]],
    ) -> None:
        self._outlet, self._describe = outlet, describe
        self._interval_s = interval_s
        self._places: dict[Key, Place] = {}
        self._widths: frozenset[tuple[Key, float | None]] = frozenset()
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
    def places(self) -> Mapping[Key, Place]:
        """The watched channels."""
        return self._places

    @property
    def widths(self) -> object:
        """Equal for viewers with the same widths of a pixel."""
        return self._widths

    def watch(self, run: str, places: Iterable[Place], totals: Mapping[int, int]) -> None:
        """
        These channels of *run* are watched from now on; their course is another's concern.

        *totals* are the points that there are, of each channel.
        """
        for place in places:
            self._places[run, place.channel] = place
            if place.band is not None and place.band != totals.get(place.channel, 0):
                self._bands.note(run, [place.channel])
        self._measure()
        self._wake.set()

    def unwatch(self, run: str, channel: int) -> None:
        """This channel is watched no more."""
        self._places.pop((run, channel), None)
        self._bands.forget_channel(run, channel)
        self._measure()

    def _measure(self) -> None:
        self._widths = frozenset((key, place.dx) for key, place in self._places.items())

    def unfollow(self, run: str) -> None:
        """Tell no more of *run*'s document, layout and news; its channels are another thing."""
        self.follows.discard(run)
        self._news.forget(run)

    # -- what is new -------------------------------------------------------------------------

    def note_band(self, key: Key) -> None:
        """The band of the channel *key* has changed."""
        self._bands.note(key[0], [key[1]])
        self._wake.set()

    def note_runs(self, runs: Set[str]) -> None:
        """The documents of *runs* changed: those that he is interested in are told."""
        told = runs if self.watches_runs else runs & self.follows
        if told:
            self._runs |= told
            self._wake.set()

    def note_run_points(self, run: str) -> None:
        """*run* got points: its count is told, once a second."""
        if not self._run_points:  # else it is known that there is something to tell
            self._wake.set()
        self._run_points.add(run)

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

    # -- frames ------------------------------------------------------------------------------

    def credit(self, frame: int) -> None:
        """Frame number *frame* was painted."""
        self._painted = max(self._painted, min(frame, self._sent))

    def is_ready(self) -> bool:
        """Whether a frame can be sent now."""
        unpainted = self._sent - self._painted
        return unpainted < MOST_UNPAINTED and self._outlet.waiting() <= MOST_WAITING

    def take_frame(self, frame: Frame) -> None:
        """Send a frame, as his next one."""
        self._sent += 1
        self._outlet.send_frame(frame, self._sent)

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
            for _ in range(min(len(runs), RUNS_AT_ONCE)):
                if self._outlet.waiting() > MOST_WAITING:
                    break
                await self._outlet.send(event, body(runs.pop()))
            if runs:
                self._wake_in(self._interval_s)

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
