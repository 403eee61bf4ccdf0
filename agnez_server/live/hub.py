"""
The socket.io side: viewers come and go, commits are told to those whom they concern.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import socketio
from aiohttp import web

from agnez_server import checks
from agnez_server.catalog.catalog import Catalog
from agnez_server.errors import AgnezServerError, BadRequest, NotFound, TooLarge
from agnez_server.live.viewer import Viewer
from agnez_server.models import LAYOUTS, RUNS
from agnez_server.settings import ServerSettings
from agnez_server.store.base import Committed

logger = logging.getLogger(__name__)

NAMESPACE: Final = "/live"
_MESSAGE_BYTES: Final = 1 << 20
Describe = Callable[[str], Mapping[str, Any]]
Authorize = Callable[[web.Request, object], bool]


class SocketOutlet:
    """The way to one viewer through socket.io."""

    def __init__(self, server: socketio.AsyncServer, sid: str) -> None:
        self._server, self._sid = server, sid
        self._socket = server.eio.sockets[server.manager.eio_sid_from_sid(sid, NAMESPACE)]

    def waiting(self) -> int:
        """Messages in the socket's queue: they stay there while the viewer does not read."""
        return int(self._socket.queue.qsize())

    async def send(self, event: str, data: Any) -> None:
        """Hand in one message."""
        await self._server.emit(event, data, to=self._sid, namespace=NAMESPACE)


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
        self.server = socketio.AsyncServer(
            async_mode="aiohttp",
            cors_allowed_origins=[],  # our own middleware has looked at the Origin before
            max_http_buffer_size=_MESSAGE_BYTES,
            logger=False,
            engineio_logger=False,
        )
        self._viewers: dict[str, Viewer] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._watchers: dict[tuple[str, int], set[Viewer]] = {}
        self._listen()
        self._stop = catalog.store.listen(self._on_commit)

    def _listen(self) -> None:
        for event, handler in (
            ("connect", self._connect),
            ("disconnect", self._disconnect),
            ("watch_runs", self._answering(self._watch_runs)),
            ("watch", self._answering(self._watch)),
            ("unwatch", self._answering(self._unwatch)),
            ("credit", self._answering(self._credit)),
        ):
            self.server.on(event, handler, namespace=NAMESPACE)

    def is_watched(self, run: str) -> bool:
        """Whether somebody looks at *run* now."""
        return any(key[0] == run for key in self._watchers)

    async def close(self) -> None:
        """Say goodbye to all viewers, at once: nobody waits for a page that does not answer."""
        self._stop()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        sockets = list(self.server.eio.sockets.values())
        await asyncio.gather(
            *(s.close(wait=False, abort=True) for s in sockets), return_exceptions=True
        )

    # -- viewers -----------------------------------------------------------------------------

    async def _connect(self, sid: str, environ: Mapping[str, Any], auth: object = None) -> None:
        if len(self._viewers) >= self._settings.max_viewers:
            raise socketio.exceptions.ConnectionRefusedError("too many viewers")
        if not self._authorize(environ["aiohttp.request"], auth):
            raise socketio.exceptions.ConnectionRefusedError("not authenticated")
        outlet = SocketOutlet(self.server, sid)
        viewer = Viewer(
            self._catalog.store, outlet, self._settings.frame_interval_s, self._describe
        )
        self._viewers[sid] = viewer
        self._tasks[sid] = asyncio.create_task(self._tell(sid, viewer), name=f"viewer {sid}")

    async def _tell(self, sid: str, viewer: Viewer) -> None:
        try:
            await viewer.tell()
        except Exception:  # the edge of a task: one viewer's trouble is not the others'
            logger.exception("viewer %s failed and is closed", sid)
            await self.server.disconnect(sid, namespace=NAMESPACE)

    async def _disconnect(self, sid: str, reason: object = None) -> None:
        viewer = self._viewers.pop(sid, None)
        task = self._tasks.pop(sid, None)
        if task is not None and task is not asyncio.current_task():
            task.cancel()
        if viewer is not None:
            for run, channel in viewer.channels:
                self._forget(viewer, run, channel)

    def _forget(self, viewer: Viewer, run: str, channel: int) -> None:
        watchers = self._watchers.get((run, channel), set())
        watchers.discard(viewer)
        if not watchers:
            self._watchers.pop((run, channel), None)

    # -- what they ask for -------------------------------------------------------------------

    def _answering(
        self, work: Callable[[Viewer, Mapping[str, Any]], None]
    ) -> Callable[..., Awaitable[dict[str, Any]]]:
        async def handler(sid: str, given: object = None) -> dict[str, Any]:
            viewer = self._viewers.get(sid)
            if viewer is None:
                return BadRequest("the connection was closed").as_json()
            try:
                work(viewer, checks.mapping({} if given is None else given, "the message"))
            except AgnezServerError as error:
                return error.as_json()
            return {"ok": True}

        return handler

    def _watch_runs(self, viewer: Viewer, given: Mapping[str, Any]) -> None:
        viewer.watches_runs = True

    def _watch(self, viewer: Viewer, given: Mapping[str, Any]) -> None:
        run = self._catalog.run(str(given.get("run")))["id"]
        count = len(self._catalog.layout(run)["channels"])
        wanted = checks.mapping(given.get("channels"), "channels")
        if len(viewer.channels) + len(wanted) > self._settings.max_watched_channels:
            raise TooLarge(
                f"a viewer watches at most {self._settings.max_watched_channels} channels"
            )
        parsed = [(_number(key), *_place(value)) for key, value in wanted.items()]
        for number, _, _ in parsed:
            if number >= count:
                raise NotFound("channel", f"{run}.{number}")
        viewer.follows.add(run)
        for number, dx, cursors in parsed:
            viewer.watch(run, number, dx, cursors)
            self._watchers.setdefault((run, number), set()).add(viewer)

    def _unwatch(self, viewer: Viewer, given: Mapping[str, Any]) -> None:
        run, numbers = str(given.get("run")), given.get("channels")
        if numbers is not None and not isinstance(numbers, list):
            raise BadRequest("channels must be a list of numbers", field="channels")
        if numbers is None:
            viewer.follows.discard(run)
        for key in viewer.channels:
            if key[0] == run and (numbers is None or key[1] in numbers):
                viewer.unwatch(*key)
                self._forget(viewer, *key)

    def _credit(self, viewer: Viewer, given: Mapping[str, Any]) -> None:
        viewer.credit(checks.integer(given.get("frame"), "frame", 0, 2**53))

    # -- what was committed ------------------------------------------------------------------

    def _on_commit(self, event: Committed) -> None:
        runs = {appended.series.run for appended in event.points}
        for appended in event.points:
            key = (appended.series.run, appended.series.channel)
            for viewer in self._watchers.get(key, ()):
                viewer.note_points(appended.series)
        changed, layouts = set[str](), set[str]()
        for doc in event.docs:
            body = doc.after or doc.before or {}
            if doc.table == RUNS:
                changed.add(body["id"])
            elif doc.table == LAYOUTS and doc.after is not None:
                layouts.add(body["run"])
        if runs or changed or layouts:
            self._tell_all(runs, changed, layouts)

    def _tell_all(self, runs: set[str], changed: set[str], layouts: set[str]) -> None:
        for viewer in self._viewers.values():
            for run in changed:
                if viewer.watches_runs or run in viewer.follows:
                    viewer.note_run(run)
            for run in runs - changed:
                if viewer.watches_runs or run in viewer.follows:
                    viewer.note_run_points(run)
            for run in layouts & viewer.follows:
                viewer.note_layout(run)


def _number(key: str) -> int:
    if not (key.isascii() and key.isdigit() and len(key) < 10):
        raise BadRequest(f"channels has the key {checks.shown(key)}, expected a channel's number")
    return int(key)


def _place(value: object) -> tuple[float | None, dict[int, int]]:
    """``dx`` and ``cursors`` of one watched channel."""
    given = checks.mapping(value, "a watched channel")
    dx = given.get("dx") or None
    number = isinstance(dx, (int, float)) and not isinstance(dx, bool)
    if dx is not None and not (number and math.isfinite(dx) and dx > 0):
        raise BadRequest(
            f"dx must be a number above 0, or 0 for every point, found {checks.shown(dx)}",
            field="dx",
        )
    cursors = checks.mapping(given.get("cursors") or {}, "cursors")
    return dx, {_number(k): checks.integer(v, "cursors", 0, 2**62) for k, v in cursors.items()}
