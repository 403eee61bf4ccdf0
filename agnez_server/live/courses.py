"""All courses of one server: who is on which, and when a frame is due."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from agnez_server.live.course import Course, Key, Traveller
from agnez_server.live.framing import Frame
from agnez_server.store.base import Series, Store

logger = logging.getLogger(__name__)

LOOK_AGAIN_S: Final = 0.1
"""After so long it is looked whether those who were not ready are now."""

_K = TypeVar("_K")
_Kind = tuple[frozenset[tuple[Key, frozenset[int] | None]], frozenset[Key]]


class Courses:
    """
    See the module.

    Args:
        store: Where the points are.
        interval_s: Least time between two frames of a course.
        failed: Told of a viewer to whom nothing could be sent.
    """

    def __init__(
        self, store: Store, interval_s: float, failed: Callable[[Traveller], None]
    ) -> None:
        self._store, self._interval_s, self._failed = store, interval_s, failed
        self._of: dict[Traveller, Course] = {}
        self._by_channel: dict[str, dict[int, dict[Course, None]]] = {}
        self._by_kind: dict[_Kind, dict[Course, None]] = {}
        self._kinds: dict[Course, _Kind] = {}
        self._timers: dict[Course, asyncio.TimerHandle] = {}

    def is_watched(self, run: str) -> bool:
        """Whether channels of *run* are on a course."""
        return run in self._by_channel

    def __len__(self) -> int:
        return len(self._kinds)

    # -- who watches what --------------------------------------------------------------------

    @contextmanager
    def changing(self, traveller: Traveller) -> Iterator[Course]:
        """A course for *traveller* alone, to be changed within the block."""
        course = self._of.get(traveller)
        if course is None:
            course = Course(travellers={traveller: None})
        elif len(course.travellers) > 1:
            course = course.branch([traveller])
        else:
            self._take_out(course)
        try:
            yield course
        finally:
            self._put_in(course)

    def leave(self, traveller: Traveller) -> None:
        """*traveller* is gone."""
        course = self._of.pop(traveller, None)
        if course is not None:
            del course.travellers[traveller]
            if not course.travellers:
                self._take_out(course)

    def _put_in(self, course: Course) -> None:
        for traveller in course.travellers:
            self._of[traveller] = course
        if not course.ranks:
            return
        self._kinds[course] = kind = frozenset(course.ranks.items()), course.banded
        self._by_kind.setdefault(kind, {})[course] = None
        for run, channel in course.ranks:
            self._by_channel.setdefault(run, {}).setdefault(channel, {})[course] = None
        self._arm(course)

    def _take_out(self, course: Course) -> None:
        if (timer := self._timers.pop(course, None)) is not None:
            timer.cancel()
        kind = self._kinds.pop(course, None)
        if kind is None:
            return
        _drop(self._by_kind, kind, course)
        for run, channel in course.ranks:
            channels = self._by_channel[run]
            _drop(channels, channel, course)
            if not channels:
                del self._by_channel[run]

    # -- what is new -------------------------------------------------------------------------

    def note(self, series: Series) -> None:
        """Points of *series* were committed."""
        key = series.run, series.channel
        for course in self._by_channel.get(series.run, {}).get(series.channel, ()):
            if key in course.banded:
                for traveller in course.travellers:
                    traveller.note_band(key)
            course.note(series, key)
            if course not in self._timers:
                self._arm(course)

    def wake(self, traveller: Traveller) -> None:
        """*traveller* may be ready now."""
        course = self._of.get(traveller)
        if course is not None and course.new:
            self._arm(course)

    def _arm(self, course: Course, wait_s: float = 0.0) -> None:
        """A frame is due as soon as the interval is over, and not before *wait_s*."""
        if not course.new or course not in self._kinds:
            return
        loop = asyncio.get_running_loop()
        when = max(loop.time() + wait_s, course.told_at + self._interval_s)
        timer = self._timers.get(course)
        if timer is not None:
            if timer.when() <= when:
                return
            timer.cancel()
        self._timers[course] = loop.call_at(when, self._due, course)

    def _due(self, course: Course) -> None:
        self._timers.pop(course, None)
        try:
            self._tell(course)
        except Exception:  # the edge of a callback: one course's trouble is not the others'
            logger.exception("a frame could not be made: its viewers are closed")
            for traveller in list(course.travellers):
                self._failed(traveller)

    def _tell(self, course: Course) -> None:
        late = [traveller for traveller in course.travellers if not traveller.is_ready()]
        if late and len(late) == len(course.travellers):
            self._arm(course, LOOK_AGAIN_S)
            return
        if late:
            self._put_in(course.branch(late))
        if course.asks_for_widths(self._store):
            self._part(course)
        frame = course.next_frame(self._store)
        if frame is not None:
            course.told_at = asyncio.get_running_loop().time()
            for traveller in list(course.travellers):
                self._send(traveller, frame)
        self._arm(course)
        self._join(course)

    def _part(self, course: Course) -> None:
        """Those with other widths of a pixel get courses of their own."""
        first = next(iter(course.travellers)).widths
        groups: dict[object, list[Traveller]] = {}
        for traveller in course.travellers:
            if traveller.widths != first:
                groups.setdefault(traveller.widths, []).append(traveller)
        for group in groups.values():
            self._put_in(course.branch(group))

    def _send(self, traveller: Traveller, frame: Frame) -> None:
        try:
            traveller.take_frame(frame)
        except Exception:  # one viewer's trouble is not the others'
            logger.exception("a viewer to whom nothing can be sent is closed")
            self._failed(traveller)

    def _join(self, course: Course) -> None:
        """Who has been told the same as others goes on with them."""
        if course.new or course not in self._kinds:
            return
        for other in self._by_kind[self._kinds[course]]:
            if other is not course and other.is_like(course):
                self._take_out(course)
                other.told_at = max(other.told_at, course.told_at)
                other.travellers |= course.travellers
                for traveller in course.travellers:
                    self._of[traveller] = other
                return


def _drop(groups: dict[_K, dict[Course, None]], key: _K, course: Course) -> None:
    courses = groups[key]
    del courses[course]
    if not courses:
        del groups[key]
