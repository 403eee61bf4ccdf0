"""The job: the handle of training code on its run."""

from __future__ import annotations

import os
import platform
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from agnez_client.chart import Chart, check_channels, joined_charts, keyed_id
from agnez_client.errors import (
    AgnezError,
    ChannelConflict,
    ChannelError,
    ChartError,
    RunClosed,
)
from agnez_client.kinds import channel_class, check_options
from agnez_client.kinds.arrays import as_array
from agnez_client.kinds.channel import Channel
from agnez_client.kinds.number import is_on_device
from agnez_client.kinds.numeric import NumericChannel
from agnez_client.launchers import told_rank
from agnez_client.naming import as_name, as_text
from agnez_client.outlet import Outlet
from agnez_client.params import as_json
from agnez_client.protocol import MAX_CHANNELS_PER_SPOOL, new_ulid
from agnez_client.record.recorded import Recorded
from agnez_client.record.recorder import Recorder
from agnez_client.record.system import PREFIX
from agnez_client.settings import Settings
from agnez_client.spool.place import host_name

FINAL_STATES: Final = ("finished", "failed", "stopped")


class Job(Recorded):
    """
    Attributes:
        run: The id of the run, a ULID.
        joined: Whether the run belongs to another process (AGNEZ_RUN).
        leads: Whether this process tells the facts about the run and sets its state: the one that
            began it, or the one of rank 0 where all have joined. Never a forked child.
        url: The page of the run; None without a server.
        durable: Whether what `send()` took survives this process.
        spool_folder: Where the points of this process wait for the server; None in memory.
    """

    def __init__(self, settings: Settings, about: Mapping[str, Any]) -> None:
        """
        Register a run, or join one, and begin to ship.

        Args:
            about: Fields of the run's event: project, experiment, name.

        Raises:
            SpoolError: If there is no room for its points, not even in memory.
        """
        super().__init__()
        self._settings = settings
        self.run = settings.run or new_ulid()
        self.joined = settings.run is not None
        self._lock = threading.RLock()
        self._channels: dict[str, Channel] = {}
        self._next_number = 0
        self._charts: list[Chart] = []
        self._ended = False
        self._when_ended: Callable[[Job], None] = lambda job: None
        self.leads = not self.joined
        self._outlet = Outlet(settings, self.run)
        self._outlet.open(lambda rank: self._about_run(about, rank))
        self._recorder = Recorder(settings, self._outlet, self.run, self._send_figure)
        self._recorder.begin(leads=self.leads)

    def _about_run(self, about: Mapping[str, Any], rank: int) -> dict[str, Any]:
        """
        The fields of the run's event. Where a launcher made all processes join a run that is not
        there yet, the first of them begins it.
        """
        self.leads = not self.joined or rank == 0
        known = {
            "id": self.run,
            "started": time.time_ns() // 1000,
            "host": host_name(),
            "pid": os.getpid(),
            "python": platform.python_version(),
        }
        is_first = self.joined and rank == 0 and told_rank() is not None
        return {**known, **about} if is_first or not self.joined else {**known, "joined": True}

    # -- about the run ---------------------------------------------------------------------------

    @property
    def url(self) -> str | None:
        """The page of the run; None without a server."""
        server = self._outlet.transport
        return None if server is None else f"{server.url}/runs/{self.run}"

    @property
    def strict(self) -> bool:
        """Whether a bad point is an error, see AGNEZ_STRICT."""
        return self._settings.strict

    @property
    def durable(self) -> bool:
        """Whether what `send()` took survives this process."""
        return self._outlet.place.durable

    @property
    def spool_folder(self) -> Path | None:
        """Where the points of this process wait for the server; None in memory."""
        spool = self._outlet.pen.spool
        return None if spool is None else spool.folder.path

    @property
    def dropped(self) -> int:
        """Points that `send()` could not take, for want of room or because they were none."""
        lost = self._outlet.pen.copies.failed
        return lost + sum(c.dropped + c.bad for c in self._channels.values())

    @property
    def channels(self) -> list[Channel]:
        """The channels made here, in this order; without those of the machine's figures."""
        return [c for c in self._channels.values() if not c.name.startswith(PREFIX)]

    @property
    def rank(self) -> int | None:
        """
        The number of this process among the run's; None in a forked child that has sent nothing,
        and at the end.
        """
        spool = self._outlet.pen.spool
        return None if spool is None else spool.header.rank

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
            channel_name: One line of at most 256 characters.
            channel_type: "NUMERIC", "IMAGE" … see `docs/sdk.md`.
            options: What this type knows; they travel with the channel's definition.

        Raises:
            UnknownChannelType: If there is no such type.
            ChannelConflict: If a channel of another type has this name.
            ChannelError: If the name is empty, too long or not one line of text, an option is not
                known or wrong, or there are too many channels.
            RunClosed: If the run has ended.
        """
        found = channel_class(channel_type)
        check_options(found, options)
        channel_name = _named(channel_name, "a channel's name", ChannelError)
        return self._make_channel(channel_name, found, options, self._outlet.define)

    def _make_channel(
        self,
        channel_name: str,
        found: type[Channel],
        options: dict[str, Any],
        define: Callable[..., None],
    ) -> Channel:
        with self._lock:
            existing = self._channels.get(channel_name)
            if existing is not None:
                if existing.type != found.type:
                    raise ChannelConflict(channel_name, found.type, existing.type)
                return existing
            self._check_open()
            number = self._next_number
            if number >= MAX_CHANNELS_PER_SPOOL:
                raise ChannelError(f"a run has at most {MAX_CHANNELS_PER_SPOOL} channels")
            more = {"options": as_json(options)} if options else {}
            self._next_number += 1  # before a Ctrl-C can fall: a number never has two names
            define("channel", n=number, name=channel_name, type=found.type, **more)
            pen, strict = self._outlet.pen, self._settings.strict
            known = {**found.preset(self._settings), **options}
            channel = found(channel_name, number, self.run, pen, strict=strict, options=known)
            self._channels[channel_name] = channel
            return channel

    def _send_figure(self, name: str, x: float, y: float) -> None:
        """A figure of the machine; forked children have no such channel."""
        known = self._channels.get(name)
        channel = known or self._make_channel(name, NumericChannel, {}, self._outlet.record)
        channel.send(x=x, y=y)

    def create_chart(
        self,
        chart_channels: Sequence[Channel],
        chart_title: str,
        chart_x_axis: str = "x",
        chart_y_axis: str = "y",
        *,
        key: str | None = None,
    ) -> Chart:
        """
        Draw *chart_channels* together. A channel that stands in no chart gets one of its own.

        Args:
            key: What is drawn with the same key, by whichever process and session of the run, is
                one chart with the channels of all of them. Without it each call makes another.

        Raises:
            ChartError: If there is no channel, they are not of this run, or their types differ.
            RunClosed: If the run has ended.
        """
        check_channels(chart_channels, list(self._channels.values()))
        chart_title = _named(chart_title, "a chart's title", ChartError)
        x = _named(chart_x_axis, "the name of an axis", ChartError)
        y = _named(chart_y_axis, "the name of an axis", ChartError)
        with self._lock:
            self._check_open()
            id = new_ulid() if key is None else keyed_id(key)
            chart = Chart(id, chart_title, tuple(chart_channels), x, y)
            grows = {} if key is None else {"grows": True}
            self._outlet.define(
                "chart",
                id=chart.id,
                title=chart.title,
                type=chart.type,
                channels=[c.name for c in chart.channels],
                x=chart.x,
                y=chart.y,
                **grows,
            )
            self._charts = joined_charts(self._charts, chart)
            return chart

    def read_later(self, tensor: Any, take: Callable[[Any], None]) -> bool:
        """
        Call *take* with *tensor* as a numpy array, with the values of this moment; at once where it
        is on the host, else when its copy is here: in another thread, and nobody waits for it.

        Returns:
            False if too many are on their way already, see `DeviceCopies`.

        Raises:
            ValueError: If it is no array of numbers.
        """
        if is_on_device(tensor):
            return self._outlet.pen.copies.take_whole(tensor, lambda host: take(as_array(host)))
        take(as_array(tensor))
        return True

    def finish(
        self,
        state: str = "finished",
        *,
        reason: str | None = None,
        timeout_s: float | None = None,
        last_words: str = "",
    ) -> None:
        """
        End the run (where this process does not lead it: only its part) and ship what is left.

        What the server has not taken within *timeout_s* (10 s by default) stays in the spool. A
        second call does nothing.

        Args:
            last_words: Kept with the console output, as if written to standard error.

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
        deadline = time.monotonic() + timeout
        self._outlet.drain(timeout)
        self._await_hashes(timeout)
        self._recorder.end(timeout, last_words)
        if self.leads:
            more = {"reason": as_text(reason[:2000])} if reason else {}
            self._outlet.record("state", state=state, **more)
        self._outlet.close(max(0.0, deadline - time.monotonic()))
        self._when_ended(self)

    def when_ended(self, call: Callable[[Job], None]) -> None:
        """Let *call* know when `finish` is through."""
        self._when_ended = call

    def _check_open(self) -> None:
        if self._ended:
            raise RunClosed(self.run)

    # -- fork -----------------------------------------------------------------------------------

    def before_fork(self) -> None:
        """See `Outlet.before_fork`."""
        self._outlet.before_fork()

    def after_fork_in_parent(self) -> None:
        """See `Outlet.after_fork_in_parent`."""
        self._outlet.after_fork_in_parent()

    def after_fork_in_child(self) -> None:
        """The run stays the parent's; what is sent here leaves through a spool of our own."""
        self._lock = threading.RLock()
        self.joined, self.leads = True, False
        self._outlet.after_fork_in_child()
        self._recorder.forked()


def _named(name: object, what: str, error: type[AgnezError]) -> str:
    try:
        return as_name(name)
    except ValueError as wrong:
        raise error(f"{what} is {name!r:.80}, expected {wrong}") from None
