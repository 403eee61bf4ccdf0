"""
The run that a callback writes to: one that was given, or one of its own which it ends.

Nothing that goes wrong in here reaches the training: it is told once in the log, and raised only
with AGNEZ_STRICT. What a person has written down wrongly is an error at once, in the constructor.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
import os
import threading
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from agnez_client.callbacks.measures import measure_of
from agnez_client.context import Context
from agnez_client.errors import SpoolError
from agnez_client.job import Job
from agnez_client.kinds.channel import Channel
from agnez_client.lifecycle import ending_of
from agnez_client.params import read_params
from agnez_client.settings import load_settings
from agnez_client.shown import shown

MAX_LINES: Final = 100
"""Channels in one chart at most; further ones stand in none, so each has one of its own."""

logger = logging.getLogger("agnez_client")


class CallbackRun:
    """
    Attributes:
        owns: Whether the run is made here, and ended by `end`. What is sent after that joins it
            again.
        strict: Whether errors are raised.
    """

    def __init__(
        self,
        framework: str,
        given: Job | Context | None = None,
        *,
        axis: str = "step",
        **about: Any,
    ) -> None:
        """
        Args:
            framework: The experiment of a run that is made here, unless AGNEZ_EXPERIMENT or *about*
                names one.
            given: The run to write to; None makes one when it is first needed.
            axis: What x is, for people.
            about: Arguments of `Context`, for a run that is made here.

        Raises:
            TypeError: If *given* is neither, or *about* has a name that `Context` does not know.
            ValueError: If *given* is there and *about* as well.
            SettingsError: If a setting is wrong.
            ParamsError: If the parameters in *about* can't be read.
        """
        if given is not None and not isinstance(given, Job | Context):
            raise TypeError(f"job is {shown(given)}, expected a Job, a Context or None")
        if given is not None and about:
            raise ValueError(f"{min(about)} is for a new run, and job names one: leave one out")
        inspect.signature(Context).bind(**about)
        read_params(about.get("params"))
        settings = load_settings(
            project=about.get("project"), run=about.get("run"), url=about.get("url"),
            strict=about.get("strict"),
        )  # fmt: skip
        if not os.environ.get("AGNEZ_EXPERIMENT", "").strip():
            about.setdefault("experiment", framework)
        self._about, self._axis = about, axis
        self._job = given.job if isinstance(given, Context) else given
        self.owns = given is None
        self.strict = settings.strict if self._job is None else self._job.strict
        self._lock = threading.RLock()
        self._is_lost = False
        self._forget()

    def _forget(self) -> None:
        self._channels: dict[str, Channel] = {}
        self._lines: Counter[str] = Counter()
        self._said: set[str] = set()
        self._held: list[tuple[Channel, str]] | None = None

    @property
    def job(self) -> Job:
        """
        The job of the run, made if there is none.

        Raises:
            SpoolError: If there is no room for a run.
        """
        with self._lock:
            if self._job is None:
                self._job = self._begin()
            return self._job

    def _begin(self) -> Job:
        if self._is_lost:
            raise SpoolError("there is no room for a run")
        self._is_lost = True  # as long as it was not made: nobody waits for a second failure
        job = Context(**self._about).job
        self._is_lost = False
        return job

    @contextlib.contextmanager
    def quietly(self) -> Iterator[None]:
        """What goes wrong inside is told once in the log, and the training goes on."""
        try:
            yield
        except Exception as error:
            if self.strict:
                raise
            cause = type(error).__name__
            if cause not in self._said:
                self._said.add(cause)
                logger.warning("a callback could not tell its run all (once): %s: %s", cause, error)

    # -- numbers --------------------------------------------------------------------------------

    def send(self, name: str, x: float, y: Any, *, chart: str | None = None) -> None:
        """
        Send a number to the channel *name*, which is made when it is first needed.

        Args:
            chart: The title of the chart that it stands in; its measure if not given, so that
                training and validation are seen together, see `measure_of`.
        """
        with self.quietly():
            self.line(name, chart).send(x=x, y=y)

    def send_all(self, x: float, numbers: Mapping[str, Any]) -> None:
        """Send what is a number among *numbers*, by name; the rest is left out."""
        for name, y in numbers.items():
            if is_number(y):
                self.send(str(name), x, y)

    def line(self, name: str, chart: str | None = None) -> Channel:
        """The channel of numbers *name*, see `send`."""
        known = self._channels.get(name)
        if known is not None:
            return known
        with self._lock:
            channel = self.job.create_channel(name)
            title = chart or measure_of(name)
            self._lines[title] += 1
            if self._lines[title] <= MAX_LINES:
                if self._held is None:
                    self._draw(channel, title)
                else:
                    self._held.append((channel, title))
            self._channels[name] = channel
            return channel

    def _draw(self, channel: Channel, title: str) -> None:
        key = f"{title} by {self._axis}"
        self.job.create_chart([channel], title, self._axis, title, key=key)

    def hold_charts(self) -> None:
        """Make no charts before `release_charts`: their order is that in which they are made."""
        self._held = []

    def release_charts(self, *first: str) -> None:
        """Make the charts that wait, those of the channels *first* before the others."""
        with self._lock:
            held, self._held = self._held or [], None
            for channel, title in sorted(held, key=lambda one: one[0].name not in first):
                self._draw(channel, title)

    def channel(self, name: str, type: str, **options: Any) -> Channel:
        """The channel *name* of another type than numbers; see `Job.create_channel`."""
        return self.job.create_channel(name, type, **options)

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Add to the parameters of the run."""
        with self.quietly():
            self.job.set_params(params)

    # -- the end --------------------------------------------------------------------------------

    def end(
        self, error: BaseException | None = None, *, state: str | None = None, reason: str = ""
    ) -> None:
        """
        End the run, if it is ours: as *error* says, or in *state*.

        A run that was given ends with whoever made it, also where the training has failed.
        """
        job = self._job
        if job is None or not self.owns:
            return
        found, why = ending_of(error)
        told = "".join(traceback.format_exception(error)) if found == "failed" and error else ""
        with self.quietly():
            job.finish(state or found, reason=reason or why, last_words=told)
        self._about, self._job = self._joining(), None
        self._forget()

    def _joining(self) -> dict[str, Any]:
        """What a `Context` is told that joins the run, if there is one."""
        if self._job is None:
            return self._about
        kept = {k: v for k, v in self._about.items() if k in ("url", "token", "strict", "spool")}
        return {**kept, "run": self._job.run}

    # -- copies ---------------------------------------------------------------------------------

    def __deepcopy__(self, memo: object) -> CallbackRun:
        """Frameworks copy callbacks; the copies write to the same run."""
        return self

    def __getstate__(self) -> dict[str, Any]:
        """In another process it is the run that is joined there."""
        state = {**self.__dict__, "_about": self._joining(), "_job": None, "owns": True}
        return {k: v for k, v in state.items() if k not in ("_lock", "_channels", "_held")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """See `__getstate__`."""
        self.__dict__.update(state)
        self._lock = threading.RLock()
        self._forget()


def is_number(value: Any) -> bool:
    """Whether *value* is one number: Python's, NumPy's, or an array or tensor of one element."""
    if isinstance(value, bool | int | float):
        return True
    size = value.numel() if hasattr(value, "numel") else getattr(value, "size", 0)
    return size == 1 and hasattr(value, "item")
