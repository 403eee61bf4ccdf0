"""
The job: the handle of training code on its run.

It keeps what defines the run (its own event, channels, charts, parameters, tags), so that a forked
child, whose spool is its own, can say it again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agnez_client.chart import Chart, check_channels
from agnez_client.errors import AgnezError, ChannelConflict, ChannelError, ChartError, RunClosed
from agnez_client.kinds import channel_class
from agnez_client.kinds.channel import Channel
from agnez_client.params import as_json
from agnez_client.protocol import MAX_CHANNELS_PER_SPOOL, MAX_NAME_LENGTH, encode_event, new_ulid
from agnez_client.sender import Sender
from agnez_client.settings import Settings, rank_of, read_address
from agnez_client.spool.budget import MEMORY_LIMIT, Budget
from agnez_client.spool.header import SpoolHeader
from agnez_client.spool.pen import Pen
from agnez_client.spool.place import Place, choose_place, host_name
from agnez_client.spool.spool import Spool

if TYPE_CHECKING:
    from agnez_client.transport import Transport

FINAL_STATES: Final = ("finished", "failed", "stopped")
DROPPED_EVERY_S: Final = 2.0

logger = logging.getLogger(__name__)


class Job:
    """
    Attributes:
        run: The id of the run, a ULID.
        joined: Whether the run belongs to another process (AGNEZ_RUN), which sets its state.
        url: The page of the run; None without a server.
        durable: Whether what `send()` took survives this process.
        spool_folder: Where the points of this process wait for the server; None in memory.
    """

    def __init__(self, settings: Settings, about: Mapping[str, Any]) -> None:
        """
        Register a run and begin to ship.

        Args:
            about: Fields of the run's event: project, experiment, name, tags.
        """
        self._settings = settings
        self.run = settings.run or new_ulid()
        self.joined = settings.run is not None
        self._rank = rank_of()
        self._lock = threading.RLock()
        self._channels: dict[str, Channel] = {}
        self._charts: list[Chart] = []
        self._definitions: list[dict[str, Any]] = []
        self._ended = False
        self._report_at = 0.0
        self._transport: Transport | None = None
        self._when_ended: Callable[[Job], None] = lambda job: None
        self._connect()
        self._place = choose_place(settings)
        self._pen = Pen(self._open_spool, self._wake)
        self._sender: Sender | None = None
        self._define("run", **self._about_run(about))
        spool = self._open_spool()
        if spool is None:
            raise AgnezError("there is no room for a spool, not even in memory")
        self._pen.write_to(spool)

    def _connect(self) -> Transport | None:
        """The server that was named, else the one of this user, which may come up later."""
        url = self._settings.url
        if url is None:
            found = read_address()
            url = found.url if found is not None else None
        if url is None:
            return None
        from agnez_client.transport import Transport  # requests takes a tenth of a second to load

        self._transport = Transport(url, self._settings.token)
        return self._transport

    def _about_run(self, about: Mapping[str, Any]) -> dict[str, Any]:
        known = {
            "id": self.run,
            "started": time.time_ns() // 1000,
            "host": host_name(),
            "pid": os.getpid(),
            "python": platform.python_version(),
        }
        return {**known, "joined": True} if self.joined else {**known, **about}

    # -- the spool ------------------------------------------------------------------------------

    def _open_spool(self) -> Spool | None:
        """A spool of this process with all definitions in it, and a sender for it."""
        url = None if self._transport is None else self._transport.url
        header = SpoolHeader.new(self.run, self._rank, url, host_name())
        spool = self._create_spool(header)
        if spool is None:
            return None
        with self._lock:
            for event in self._definitions:
                spool.events.append(event)
            spool.events.append(_event("durable", value=self._place.durable))
        self._sender = Sender(
            spool, self._pen, self._transport or self._connect, self._place.folder, self._tend
        )
        self._sender.start()
        return spool

    def _create_spool(self, header: SpoolHeader) -> Spool | None:
        try:
            return Spool.create(header, self._place.folder, self._budget(self._place))
        except OSError as error:
            if self._place.folder is None:
                return None
            logger.warning(
                "no spool can be made in %s (%s): points wait in memory and those that were not "
                "sent are lost with this process",
                self._place.folder,
                error,
            )
            self._place = Place(None, str(error))
            return self._create_spool(header)

    def _budget(self, place: Place) -> Budget:
        run_limit, user_limit = self._settings.spool_run_limit, self._settings.spool_user_limit
        if place.folder is None:
            run_limit, user_limit = min(run_limit, MEMORY_LIMIT), min(user_limit, MEMORY_LIMIT)
        return Budget(place.folder, self.run, run_limit=run_limit, user_limit=user_limit)

    def _wake(self) -> None:
        if self._sender is not None:
            self._sender.wake()

    def _tend(self) -> None:
        """At each turn of the sender: collect from devices, tell what was refused."""
        self._pen.copies.collect()
        if time.monotonic() >= self._report_at:
            self._report_at = time.monotonic() + DROPPED_EVERY_S
            self._report_refused()

    def _report_refused(self) -> None:
        for number, reason, count in self._pen.take_refused():
            self._record("dropped", n=number, count=count, reason=reason)

    # -- events ---------------------------------------------------------------------------------

    def _define(self, kind: str, **fields: Any) -> None:
        """Record an event that a forked child has to repeat."""
        with self._lock:
            event = _event(kind, **fields)
            encode_event(event)
            self._definitions.append(event)
            self._record_event(event)

    def _record(self, kind: str, **fields: Any) -> None:
        self._record_event(_event(kind, **fields))

    def _record_event(self, event: Mapping[str, Any]) -> None:
        spool = self._pen.spool
        if spool is not None:
            spool.events.append(event)

    # -- what training code calls -----------------------------------------------------------------

    @property
    def url(self) -> str | None:
        """The page of the run; None without a server."""
        return None if self._transport is None else f"{self._transport.url}/runs/{self.run}"

    @property
    def durable(self) -> bool:
        """Whether what `send()` took survives this process."""
        return self._place.durable

    @property
    def spool_folder(self) -> Path | None:
        """Where the points of this process wait for the server; None in memory."""
        spool = self._pen.spool
        return None if spool is None else spool.folder.path

    @property
    def dropped(self) -> int:
        """Points that `send()` could not take, for want of room or because they were none."""
        return sum(c.dropped + c.bad for c in self._channels.values()) + self._pen.copies.failed

    @property
    def channels(self) -> list[Channel]:
        """The channels made here, in this order."""
        return list(self._channels.values())

    @property
    def charts(self) -> list[Chart]:
        """The charts made here, in this order."""
        return list(self._charts)

    def create_channel(
        self, channel_name: str, channel_type: str = "NUMERIC", **options: Any
    ) -> Channel:
        """
        The channel *channel_name* of the run; made, or the one that was made before.

        Args:
            channel_name: At most 256 characters.
            channel_type: "NUMERIC".
            options: Travel with the channel's definition.

        Raises:
            UnknownChannelType: If there is no such type.
            ChannelConflict: If a channel of another type has this name.
            ChannelError: If the name is empty or too long, or there are too many channels.
            RunClosed: If the run has ended.
        """
        found = channel_class(channel_type)
        _check_name(channel_name, "a channel's name", ChannelError)
        with self._lock:
            existing = self._channels.get(channel_name)
            if existing is not None:
                if existing.type != found.type:
                    raise ChannelConflict(channel_name, found.type, existing.type)
                return existing
            self._check_open()
            number = len(self._channels)
            if number >= MAX_CHANNELS_PER_SPOOL:
                raise ChannelError(f"a run has at most {MAX_CHANNELS_PER_SPOOL} channels")
            more = {"options": as_json(options)} if options else {}
            self._define("channel", n=number, name=channel_name, type=found.type, **more)
            channel = found(channel_name, number, self.run, self._pen, strict=self._settings.strict)
            self._channels[channel_name] = channel
            return channel

    def create_chart(
        self,
        chart_channels: Sequence[Channel],
        chart_title: str,
        chart_x_axis: str = "x",
        chart_y_axis: str = "y",
    ) -> Chart:
        """
        Draw *chart_channels* together. A channel that stands in no chart gets one of its own.

        Raises:
            ChartError: If there is no channel, they are not of this run, or their types differ.
            RunClosed: If the run has ended.
        """
        check_channels(chart_channels, list(self._channels.values()))
        _check_name(chart_title, "a chart's title", ChartError)
        for axis in (chart_x_axis, chart_y_axis):
            _check_name(axis, "the name of an axis", ChartError)
        with self._lock:
            self._check_open()
            chart = Chart(
                new_ulid(), chart_title, tuple(chart_channels), chart_x_axis, chart_y_axis
            )
            self._define(
                "chart",
                id=chart.id,
                title=chart.title,
                type=chart.type,
                channels=[c.name for c in chart.channels],
                x=chart.x,
                y=chart.y,
            )
            self._charts.append(chart)
            return chart

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Add to the run's parameters; see `as_json` for what becomes of values."""
        self._check_open()
        self._define("params", params=as_json(params))

    def add_tags(self, *tags: str) -> None:
        """Add to the run's tags."""
        self._check_open()
        self._define("tags", tags=[str(tag) for tag in tags])

    def finish(
        self, state: str = "finished", *, reason: str | None = None, timeout_s: float | None = None
    ) -> None:
        """
        End the run (in a joined or forked process: only this process's part) and ship what is left.

        What the server has not taken within *timeout_s* (10 s by default) stays in the spool. A
        second call does nothing.

        Raises:
            ValueError: If *state* is not "finished", "failed" or "stopped".
        """
        if state not in FINAL_STATES:
            raise ValueError(f"the state is {state!r}, expected one of {', '.join(FINAL_STATES)}")
        with self._lock:
            if self._ended:
                return
            self._ended = True
        timeout = self._settings.flush_timeout if timeout_s is None else timeout_s
        started = time.monotonic()
        missing = self._pen.copies.drain(timeout)
        if missing:
            logger.warning("%d values of a device did not arrive and are lost", missing)
        self._report_refused()
        if not self.joined:
            more = {"reason": reason[:2000]} if reason else {}
            self._record("state", state=state, **more)
        self._leave(max(0.0, timeout - (time.monotonic() - started)))
        self._when_ended(self)

    def when_ended(self, call: Callable[[Job], None]) -> None:
        """Let *call* know when `finish` is through."""
        self._when_ended = call

    def _leave(self, timeout: float) -> None:
        spool, sender = self._pen.spool, self._sender
        self._pen.close()
        if sender is None or spool is None:
            return
        if not sender.finish(timeout):
            logger.warning("%s", _farewell(self.run, spool, self.url))

    def _check_open(self) -> None:
        if self._ended:
            raise RunClosed(self.run)

    # -- fork -----------------------------------------------------------------------------------

    def before_fork(self) -> None:
        """Let nothing of ours be half done while the process is copied."""
        if self._sender is not None:
            self._sender.lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        if self._sender is not None:
            self._sender.lock.release()

    def after_fork_in_child(self) -> None:
        """Leave the parent's spool alone; the first `send()` opens one of our own."""
        spool = self._pen.spool
        self._pen.forked()
        self._lock = threading.RLock()
        self._sender = None
        self.joined = True
        if self._transport is not None:
            self._transport = self._transport.renewed()
        if spool is not None:
            with contextlib.suppress(OSError):
                spool.abandon()


def _event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, "at": time.time_ns() // 1000, **fields}


def _check_name(name: object, what: str, error: type[AgnezError]) -> None:
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME_LENGTH:
        raise error(f"{what} is {name!r:.80}, expected 1 to {MAX_NAME_LENGTH} characters of text")


def _farewell(run: str, spool: Spool, url: str | None) -> str:
    where = spool.folder.path
    if where is None:
        return f"run {run}: what the server has not taken was in memory and is lost"
    why = "there is no server" if url is None else "the server has not taken all"
    return f"run {run}: {why}; the rest waits in {where}, `agnez sync` sends it"
