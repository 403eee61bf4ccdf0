"""A program that runs under us: its streams pass through, and so do signals."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

from agnez_client.piping.passage import Passage, carry_all, fit_terminal, open_passage

OUTPUTS: Final = {"stdout": 1, "stderr": 2}
_PASSED_ON: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_FROM_THE_TERMINAL: Final = (signal.SIGINT, signal.SIGQUIT)
"""A terminal sends these to the program as well as to us."""
_ASKS_TO_END: Final = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT}

Hear = Callable[[bytes], None]


def run_program(
    command: Sequence[str], environment: Mapping[str, str], hear: Mapping[str, Hear]
) -> int:
    """
    Run *command* to its end; what it writes goes to our own streams, and to *hear*.

    Returns:
        Its exit status; minus the signal that has ended it.

    Raises:
        OSError: If it can't be started.
    """
    ways = {name: open_passage(fd) for name, fd in OUTPUTS.items()}
    reading = {name: way[0] for name, way in ways.items()}
    ours, theirs = list(reading.values()), [way[1] for way in ways.values()]
    try:
        with _signals(ours) as pass_on:
            process = subprocess.Popen(
                command, env=environment, stdout=ways["stdout"][1], stderr=ways["stderr"][1]
            )
            pass_on(process)
            _close(theirs)
            carry_all([Passage(reading[n], fd, hear[n]) for n, fd in OUTPUTS.items()])
            return process.wait()
    except OSError:
        _close([*ours, *theirs])
        raise


def ending_of_status(status: int) -> tuple[str, str | None]:
    """The state of a run whose program ended with *status* (minus the signal), and the reason."""
    if status == 0:
        return "finished", None
    number = -status if status < 0 else status - 128
    try:
        asked = signal.Signals(number)
    except ValueError:
        return "failed", f"exit status {status}"
    if asked in _ASKS_TO_END:
        return "stopped", asked.name
    return "failed", asked.name if status < 0 else f"exit status {status}"


def exit_status(status: int) -> int:
    """*status* as a shell says it: 128 and the number of the signal."""
    return 128 - status if status < 0 else status


@contextmanager
def _signals(ours: list[int]) -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """
    What we are sent goes to the program, from the moment on that we know it.

    Ctrl-C at a terminal reaches it without us.
    """
    program: list[subprocess.Popen[bytes]] = []
    early: list[int] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        if number in _FROM_THE_TERMINAL and _is_in_foreground():
            return
        if program:
            program[0].send_signal(number)
        else:
            early.append(number)

    def resized(number: int, frame: FrameType | None) -> None:
        for fd, terminal in zip(OUTPUTS.values(), ours, strict=True):
            fit_terminal(fd, terminal)

    def know(process: subprocess.Popen[bytes]) -> None:
        program.append(process)
        for number in early:
            process.send_signal(number)

    handlers = {**dict.fromkeys((*_PASSED_ON, *_FROM_THE_TERMINAL), pass_on)}
    handlers[signal.SIGWINCH] = resized
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield know
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_in_foreground() -> bool:
    """Whether a terminal's Ctrl-C is meant for our group of processes."""
    try:
        with open("/dev/tty", "rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


def _close(descriptors: list[int]) -> None:
    for fd in descriptors:
        with suppress(OSError):
            os.close(fd)
