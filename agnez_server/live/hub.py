"""
Viewers come and go and say what they watch; commits are told to those whom they concern.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import socketio
from aiohttp import web

from agnez_server import checks
from agnez_server.catalog.catalog import Catalog
from agnez_server.errors import (
    AgnezServerError,
    BadRequest,
    NotAuthenticated,
    NotFound,
    TooLarge,
)
from agnez_server.live import asking
from agnez_server.live.condition import Told, condition
from agnez_server.live.course import Key, Traveller
from agnez_server.live.courses import Courses
from agnez_server.live.door import MOST_UNREAD, NAMESPACE, Door
from agnez_server.live.framing import Frame
from agnez_server.live.packets import event_packet
from agnez_server.live.unread import Unread
from agnez_server.live.viewer import Viewer
from agnez_server.models import ARRANGEMENTS, LAYOUTS, RUNS
from agnez_server.settings import ServerSettings
from agnez_server.store.base import Committed, Series

logger = logging.getLogger(__name__)

Describe = Callable[[str], Mapping[str, Any]]
Authorize = Callable[[web.Request, object], bool]
_Work = Callable[[Viewer, Mapping[str, Any]], None]
_KNOWN: Final = "watch_runs, watch_cells, watch, unwatch and credit"


class SocketOutlet:
    """The way to one viewer through socket.io."""

    def __init__(self, unread: Unread, sent: Counter[str]) -> None:
        self._unread, self._sent = unread, sent

    def waiting(self) -> int:
        """Messages that are not on the wire yet."""
        return self._unread.qsize()

    def send_frame(self, frame: Frame, number: int) -> None:
        """Hand in a frame of points: it is in the queue of its connection when this returns."""
        self._sent["frame"] += 1
        self._unread.put_frame(frame, number)

    async def send(self, event: str, data: Any) -> None:
        """Hand in one message."""
        self._sent[event] += 1
        self._unread.put_all([event_packet(event, data)])


class Hub:
    """
    All viewers of one server.

    Args:
        catalog: Runs and their store.
        settings: Intervals and limits.
        describe: A run's document by id, as the API shows it; for a run that is gone
            ``{"id", "deleted": True}``.
        authorize: Whether a connection may read, by its request and what it sent as ``auth``.
    """

    def __init__(
        self, catalog: Catalog, settings: ServerSettings, describe: Describe, authorize: Authorize
    ) -> None:
        self._catalog, self._settings = catalog, settings
        self._describe, self._authorize = describe, authorize
        self.door = Door(settings.max_viewers, settings.max_message_bytes)
        self.sent: Counter[str] = Counter()
        """Messages that were sent to viewers, by event."""
        self._viewers: dict[str, Viewer] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._courses = Courses(catalog.store, settings.frame_interval_s, self._give_up)
        self._described: dict[str, Mapping[str, Any]] = {}
        self._listen()
        self.door.server.eio.credited = self._credited
        self._stop = catalog.store.listen(self._on_commit)

    def _listen(self) -> None:
        for event, handler in (
            ("connect", self._connect),
            ("disconnect", self._disconnect),
            ("watch_runs", self._answering(self._watch_runs)),
            ("watch_cells", self._answering(self._watch_cells)),
            ("watch", self._answering(self._watch)),
            ("unwatch", self._answering(self._unwatch)),
            ("credit", self._answering(self._credit)),
            ("*", self._unknown),
        ):
            self.door.server.on(event, handler, namespace=NAMESPACE)

    def is_watched(self, run: str) -> bool:
        """Whether somebody looks at channels of *run* now."""
        return self._courses.is_watched(run)

    def viewers(self) -> int:
        """How many viewers there are."""
        return len(self._viewers)

    async def close(self) -> None:
        """Say goodbye to all viewers, at once."""
        self._stop()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.door.close()

    # -- viewers -----------------------------------------------------------------------------

    async def _connect(self, sid: str, environ: Mapping[str, Any], auth: object = None) -> None:
        request = environ["aiohttp.request"]
        if not self._authorize(request, auth):
            error = NotAuthenticated("not authenticated", hint="send a token as auth, or log in")
            raise socketio.exceptions.ConnectionRefusedError(
                error.message, error.as_json()["error"]
            )
        unread = self.door.joined(sid, lambda: self._authorize(request, auth))
        outlet = SocketOutlet(unread, self.sent)
        viewer = Viewer(outlet, self._settings.frame_interval_s, self._described_run)
        if any((told := condition(self._catalog.store)).values()):
            viewer.note_store(told)
        self._viewers[sid] = viewer
        self._tasks[sid] = asyncio.create_task(self._tell(sid, viewer), name=f"viewer {sid}")

    async def _tell(self, sid: str, viewer: Viewer) -> None:
        try:
            await viewer.tell()
        except Exception:  # the edge of a task: one viewer's trouble is not the others'
            logger.exception("viewer %s failed and is closed", sid)
            await self.door.server.disconnect(sid, namespace=NAMESPACE)

    async def _disconnect(self, sid: str, reason: object = None) -> None:
        self.door.left(sid)
        viewer = self._viewers.pop(sid, None)
        task = self._tasks.pop(sid, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()
        if viewer is not None:
            self._courses.leave(viewer)

    def _give_up(self, traveller: Traveller) -> None:
        """Close a viewer to whom nothing can be sent: his task ends, and with it the rest."""
        for sid, viewer in self._viewers.items():
            if viewer is traveller:
                task = asyncio.create_task(
                    self.door.server.disconnect(sid, namespace=NAMESPACE), name=f"close {sid}"
                )
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)

    # -- what they ask for -------------------------------------------------------------------

    def _answering(self, work: _Work) -> Callable[..., Awaitable[dict[str, Any]]]:
        async def handler(sid: str, *given: object) -> dict[str, Any]:
            viewer = self._viewers.get(sid)
            if viewer is None or self.door.waiting(sid) > MOST_UNREAD:
                await self.door.server.disconnect(sid, namespace=NAMESPACE)
                return BadRequest("the connection was closed").as_json()
            try:
                work(viewer, _message(given))
            except AgnezServerError as error:
                return error.as_json()
            except Exception:
                logger.exception("a message of viewer %s failed", sid)
                return AgnezServerError("the server made a mistake; its log says more").as_json()
            return {"ok": True}

        return handler

    async def _unknown(self, event: str, sid: str, *given: object) -> dict[str, Any]:
        error = BadRequest(f"there is no message {checks.shown(event)}", hint=f"there are {_KNOWN}")
        return error.as_json()

    def _watch_runs(self, viewer: Viewer, given: Mapping[str, Any]) -> None:
        viewer.watches_runs = True

    def _watch_cells(self, viewer: Viewer, given: Mapping[str, Any]) -> None:
        viewer.watches_cells = True

    def _watch(self, viewer: Viewer, given: Mapping[str, Any]) -> None:
        run = self._catalog.run(asking.run_of(given))["id"]
        places = asking.places(given.get("channels"))
        for place in places:
            self._check_numeric(run, place.channel)
        self._check_limit(viewer, run, {place.channel for place in places})
        viewer.follows.add(run)
        if not places:
            return
        series, store = self._series_by_channel(run), self._catalog.store
        totals = {
            place.channel: sum(store.stats(s.id).count for s in series.get(place.channel, ()))
            for place in places
            if place.band is not None
        }
        with self._courses.changing(viewer) as course:
            viewer.watch(run, places, totals)
            for place in places:
                course.watch(run, place, series.get(place.channel, ()))

    def _check_numeric(self, run: str, channel: int) -> None:
        channels = self._catalog.layout(run)["channels"]
        if channel >= len(channels):
            raise NotFound("channel", f"{run}.{channel}")
        if (type := channels[channel]["type"]) != "NUMERIC":
            raise BadRequest(
                f"channel {channel} is {type}, only channels of type NUMERIC come in frames",
                hint="`news` messages tell of new entries; ask for them by REST",
                field="channels",
            )

    def _check_limit(self, viewer: Viewer, run: str, channels: set[int]) -> None:
        most = self._settings.max_watched_channels
        watched = {*viewer.places, *((run, channel) for channel in channels)}
        if len(watched) > most or len({*viewer.follows, run}) > most:
            raise TooLarge(f"a viewer watches at most {most} channels and runs", limit=most)

    def _series_by_channel(self, run: str) -> dict[int, list[Series]]:
        found: dict[int, list[Series]] = {}
        for series in self._catalog.store.series(run):
            found.setdefault(series.channel, []).append(series)
        return found

    def _unwatch(self, viewer: Viewer, given: Mapping[str, Any]) -> None:
        run, numbers = asking.run_of(given), asking.numbers(given.get("channels"))
        if numbers is None:
            viewer.unfollow(run)
        self._drop(
            viewer,
            [k for k in viewer.places if k[0] == run and (numbers is None or k[1] in numbers)],
        )

    def _drop(self, viewer: Viewer, keys: Sequence[Key]) -> None:
        if not keys:
            return
        with self._courses.changing(viewer) as course:
            for key in keys:
                viewer.unwatch(*key)
                course.unwatch(key)

    def _credited(self, connection: str, frame: int) -> None:
        """The same, as it comes from the wire; of a connection that did not join it is nothing."""
        sid = self.door.server.manager.sid_from_eio_sid(connection, NAMESPACE)
        viewer = self._viewers.get(sid)
        if viewer is not None:
            viewer.credit(frame)
            self._courses.wake(viewer)

    def _credit(self, viewer: Viewer, given: Mapping[str, Any]) -> None:
        viewer.credit(checks.integer(given.get("frame"), "frame", 0, 2**53))
        self._courses.wake(viewer)

    # -- what was committed ------------------------------------------------------------------

    def _described_run(self, run: str) -> Mapping[str, Any]:
        """The document of *run*, made once after each commit, however many are told."""
        if run not in self._described:
            self._described[run] = self._describe(run)
        return self._described[run]

    def _on_commit(self, event: Committed) -> None:
        self._described.clear()
        if not self._viewers:
            return
        runs = {appended.series.run for appended in (*event.points, *event.entries)}
        for appended in event.points:
            self._courses.note(appended.series)
        changed, layouts, deleted = set[str](), set[str](), set[str]()
        for doc in event.docs:
            body = doc.after or doc.before or {}
            if doc.table == RUNS:
                (deleted if doc.after is None else changed).add(body["id"])
            elif doc.table == LAYOUTS and doc.after is not None:
                layouts.add(body["run"])
        if runs or changed or layouts or deleted:
            self._tell_all(runs, changed | deleted | layouts, layouts)
        if event.entries or event.consoles:
            self._tell_news(event)
        for doc in event.docs:
            if doc.table == ARRANGEMENTS and doc.after is not None:
                self._tell_arranged(doc.after["place"])
        for run in deleted:
            self._forget_run(run)

    def _tell_all(self, runs: set[str], changed: set[str], layouts: set[str]) -> None:
        grown = runs - changed
        for viewer in self._viewers.values():
            viewer.note_runs(changed)
            for run in grown:
                if viewer.watches_runs or run in viewer.follows:
                    viewer.note_run_points(run)
            for run in layouts & viewer.follows:
                viewer.note_layout(run)

    def _tell_news(self, event: Committed) -> None:
        channels: dict[str, set[int]] = {run: set() for run in event.consoles}
        for appended in event.entries:
            channels.setdefault(appended.series.run, set()).add(appended.series.channel)
        for viewer in self._viewers.values():
            for run in channels.keys() & viewer.follows:
                viewer.note_news(run, channels[run], console=run in event.consoles)

    def _tell_arranged(self, place: str) -> None:
        for viewer in self._viewers.values():
            if viewer.watches_cells:
                viewer.note_arranged(place)

    def tell_store(self, told: Told) -> None:
        """What the store is like has changed."""
        for viewer in self._viewers.values():
            viewer.note_store(told)

    def tell_cell(self, event: str, record: Mapping[str, Any]) -> None:
        """
        What happened to a record of `/values`. A patch by which it stays as it is counts: what lies
        at the address that it holds may be another picture now.
        """
        run = record.get("run")  # a record may hold anything under any name
        for viewer in self._viewers.values():
            if viewer.watches_cells:
                viewer.note_cell(
                    record["_id"], run if isinstance(run, str) else None, removed=event == "removed"
                )

    def _forget_run(self, run: str) -> None:
        for viewer in self._viewers.values():
            self._drop(viewer, [key for key in viewer.places if key[0] == run])
            viewer.unfollow(run)


def _message(given: tuple[object, ...]) -> Mapping[str, Any]:
    """The one object that a message consists of; nothing is an empty one."""
    if len(given) > 1:
        raise BadRequest(f"a message is one object, found {len(given)} values")
    return checks.mapping(given[0] if given and given[0] is not None else {}, "the message")
