"""
How runs end when nobody says so: the process exits, fails, is told to stop; and what a fork means.

Handlers are set with the first run and chain to those that were there; the one for SIGTERM is set
in the main thread only.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any, Final

from agnez_client.job import Job

INTERRUPTED: Final = ("stopped", "KeyboardInterrupt")
SIGTERM_FLUSH_S: Final = 3.0
"""Who sends SIGTERM sends SIGKILL soon after."""


class Lifecycle:
    """The runs of this process that have not ended."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self._hooked = False
        self._end: tuple[str, str | None] = ("finished", None)
        self._previous_hook: Any = None
        self._previous_term: Any = None

    def watch(self, job: Job) -> None:
        """End *job* with the process, unless it ends before."""
        self.jobs.append(job)
        job.when_ended(self.forget)
        if not self._hooked:
            self._hooked = True
            atexit.register(self._exiting)
            self._previous_hook, sys.excepthook = sys.excepthook, self._failing
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(
                    before=self._before_fork,
                    after_in_parent=self._after_fork_in_parent,
                    after_in_child=self._after_fork_in_child,
                )
        self._watch_term()

    def forget(self, job: Job) -> None:
        """*job* has ended. With the last one the signal's handler goes too."""
        if job in self.jobs:
            self.jobs.remove(job)
        here = threading.current_thread() is threading.main_thread()
        if not self.jobs and here and signal.getsignal(signal.SIGTERM) == self._terminated:
            signal.signal(signal.SIGTERM, self._previous_term)

    # -- the end of the process -----------------------------------------------------------------

    def _exiting(self) -> None:
        state, reason = self._end
        for job in list(self.jobs):
            job.finish(state, reason=reason)
        if self._end == INTERRUPTED:
            _remember_interrupt()

    def _failing(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self._end = ending_of(error)
        self._previous_hook(kind, error, trace)

    def _watch_term(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        found = signal.getsignal(signal.SIGTERM)
        if found in (self._terminated, signal.SIG_IGN, None):
            return
        self._previous_term = found
        signal.signal(signal.SIGTERM, self._terminated)

    def _terminated(self, number: int, frame: FrameType | None) -> None:
        self._end = ("stopped", "SIGTERM")
        if callable(self._previous_term):
            self._previous_term(number, frame)
            return
        for job in list(self.jobs):
            job.finish("stopped", reason="SIGTERM", timeout_s=SIGTERM_FLUSH_S)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)

    # -- fork -----------------------------------------------------------------------------------

    def _before_fork(self) -> None:
        for job in self.jobs:
            job.before_fork()

    def _after_fork_in_parent(self) -> None:
        for job in self.jobs:
            job.after_fork_in_parent()

    def _after_fork_in_child(self) -> None:
        self._end = ("finished", None)
        for job in self.jobs:
            job.after_fork_in_child()


def ending_of(error: BaseException | None) -> tuple[str, str | None]:
    """The state of a run that *error* has ended, and the reason."""
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return "finished", None
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, SystemExit):
        return "failed", f"exit status {error.code}"
    return "failed", f"{type(error).__name__}: {error}"[:2000]


def _remember_interrupt() -> None:
    """
    Let the process die of SIGINT in the end, as shells expect of one that nobody has caught.

    The interpreter forgets that when a text is run as code afterwards, which happens when another
    thread imports a module (a named tuple is such a text), and is reminded in the same way.
    """
    try:
        exec("raise KeyboardInterrupt")
    except KeyboardInterrupt:
        return


PROCESS: Final = Lifecycle()
"""The one of this process; it does nothing before its first run."""
