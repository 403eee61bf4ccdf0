"""Bytes on their way from a program to where its output went: unchanged, at once."""

from __future__ import annotations

import fcntl
import os
import selectors
import struct
import termios
from collections.abc import Callable
from typing import Final

CHUNK: Final = 64 << 10
Hear = Callable[[bytes], None]


class Passage:
    """
    From the descriptor *source* to *target*; *hear* is told what has passed.

    Whoever reads our output may go away. Then *source* is closed, so that the program learns it
    as it would without us.
    """

    def __init__(self, source: int, target: int, hear: Hear) -> None:
        self.source, self._target, self._hear = source, target, hear

    def carry(self) -> bool:
        """Carry what is there, or wait for it; False at the end."""
        try:
            data = os.read(self.source, CHUNK)
        except OSError:  # EIO: nobody has the other side of the terminal open any more
            return False
        if not data:
            return False
        try:
            _write_all(self._target, data)
        except OSError:
            return False
        finally:
            self._hear(data)
        return True


def carry_all(passages: list[Passage]) -> None:
    """Until all of *passages* have ended; their sources are closed."""
    with selectors.DefaultSelector() as selector:
        for passage in passages:
            selector.register(passage.source, selectors.EVENT_READ, passage)
        while selector.get_map():
            for key, _ in selector.select():
                if not key.data.carry():
                    selector.unregister(key.fd)
                    os.close(key.fd)


def _write_all(target: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(target, view) :]
        except BlockingIOError:  # a terminal that somebody else has set to not block
            with selectors.DefaultSelector() as selector:
                selector.register(target, selectors.EVENT_WRITE)
                selector.select()


def open_passage(target: int) -> tuple[int, int]:
    """
    A way into which a program writes what is meant for *target*: its reading and its writing end.

    A terminal of its own where *target* is one, of the same size, which changes no byte; so
    progress bars and colours stay. Else a pipe.
    """
    if not os.isatty(target):
        return os.pipe()
    reading, writing = os.openpty()
    flags = termios.tcgetattr(writing)
    flags[1] &= ~termios.OPOST
    termios.tcsetattr(writing, termios.TCSANOW, flags)
    fit_terminal(target, reading)
    return reading, writing


def fit_terminal(model: int, other: int) -> None:
    """Give the terminal *other* the size of *model*; nothing where one of them is none."""
    try:
        size = fcntl.ioctl(model, termios.TIOCGWINSZ, struct.pack("4H", 0, 0, 0, 0))
        fcntl.ioctl(other, termios.TIOCSWINSZ, size)
    except OSError:
        pass
