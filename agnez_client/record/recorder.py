"""
What a run records by itself, beside the training: facts about the place where it runs, the console,
figures of the machine.

One thread a run asks for facts, then reads the figures; the console is told by whoever writes to
it and by the sender. A forked child records its console alone, and only once it has sent
something; its parent's figures count it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from agnez_client.launchers import is_first_of_host
from agnez_client.outlet import Outlet, new_event
from agnez_client.protocol import ulid_time
from agnez_client.record.capture import CAPTURE
from agnez_client.record.console import ConsoleLines
from agnez_client.record.facts import collect
from agnez_client.record.system import PREFIX, Meter, is_counted_by_ancestor
from agnez_client.settings import Settings

PATIENCE_S: Final = 3.0
"""How long the end of a run waits for facts that are still being asked for."""
LAST_FIGURES_S: Final = 0.5
FIRST_SAMPLE_S: Final = 0.5
_LONGEST_RUN_S: Final = 10 * 366 * 86_400.0

logger = logging.getLogger(__name__)
Send = Callable[[str, float, float], None]


class Recorder:
    """
    Args:
        send: Takes a figure: name of its channel, x, y.
    """

    def __init__(self, settings: Settings, outlet: Outlet, run: str, send: Send) -> None:
        self._settings, self._outlet, self._send = settings, outlet, send
        self._run_id, self._begun = run, _beginning(run)
        self._console: ConsoleLines | None = None
        self._thread: threading.Thread | None = None
        self._facts_told = threading.Event()
        self._ending = threading.Event()

    def begin(self, *, leads: bool) -> None:
        """
        Record from now on.

        Args:
            leads: Whether this process tells the facts about its run.
        """
        if self._settings.console:
            self._console = ConsoleLines(self._tell_lines)
            self._outlet.tend = self._console.tend
            CAPTURE.add(self._console)
        if not leads or not self._settings.record:
            self._facts_told.set()
            leads = False
        if leads or self._settings.system_interval:
            self._thread = threading.Thread(
                target=self._run, args=(leads,), name="agnez-record", daemon=True
            )
            try:
                self._thread.start()
            except RuntimeError:  # no thread can be started
                self._facts_told.set()
                self._thread = None

    def end(self, timeout_s: float, last_words: str = "") -> None:
        """
        Tell what is left, and stop.

        Args:
            timeout_s: How long to wait for facts that are still being asked for, 3 s at most.
            last_words: Text that is about to be written to standard error, by whoever shows the
                error that has ended the run.
        """
        self._ending.set()
        if self._thread is not None:
            self._facts_told.wait(min(timeout_s, PATIENCE_S))
            self._thread.join(min(timeout_s, LAST_FIGURES_S))
        if self._console is not None:
            CAPTURE.remove(self._console)
            if last_words:
                self._console.feed("stderr", last_words)
            self._console.close()

    def forked(self) -> None:
        """In a forked child: the thread is the parent's, and lines are numbered from 0."""
        self._thread = None
        if self._console is not None:
            mine = ConsoleLines(self._tell_lines)
            CAPTURE.replace(self._console, mine)
            self._console = mine
            self._outlet.tend = mine.tend

    def _tell_lines(self, stream: str, first: int, lines: list[str], walls: list[int]) -> bool:
        spool = self._outlet.pen.spool
        return spool is not None and spool.record(
            new_event("console", stream=stream, first=first, lines=lines, walls=walls)
        )

    # -- the thread -----------------------------------------------------------------------------

    def _run(self, leads: bool) -> None:
        try:
            if leads:
                self._tell_facts()
        finally:
            self._facts_told.set()
        if self._settings.system_interval:
            try:
                self._read_figures()
            except Exception as error:  # noqa: BLE001 (no figure is worth an error in training)
                logger.debug("the figures of the machine end here: %s", error)

    def _tell_facts(self) -> None:
        for facts in collect(self._settings):
            try:
                self._outlet.tell_about(facts.about, facts.blobs)
            except Exception as error:  # noqa: BLE001
                logger.debug("facts about the run were not told: %s", error)

    def _read_figures(self) -> None:
        if is_counted_by_ancestor(self._outlet.place.folder, self._run_id):
            return
        meter = Meter(of_host=is_first_of_host())
        wait = min(FIRST_SAMPLE_S, self._settings.system_interval)
        began = time.time() - self._begun - time.monotonic()  # a clock that leaps moves no figure
        while not self._ending.wait(wait):
            wait = self._settings.system_interval
            x = round(began + time.monotonic(), 3)
            for name, value in meter.read().items():
                self._send(PREFIX + name, x, value)


def _beginning(run: str) -> float:
    """
    When the run began, s since 1970: its id says so, alike in all its processes and sessions. Now,
    if that can't be: somebody made the id up.
    """
    now = time.time()
    found = ulid_time(run)
    return found if 0 <= now - found < _LONGEST_RUN_S else now
