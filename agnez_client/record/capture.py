"""
Listens to what this process writes to `sys.stdout` and `sys.stderr`.

The streams stay the objects that they are, with their descriptors, encodings and whatever a
notebook or a test framework has put there: only their method `write` is wrapped, on the object.
What goes around it (C code, child processes, `sys.stdout.buffer`) is not heard.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from typing import Any, Final, Protocol

STREAMS: Final = ("stdout", "stderr")
Write = Callable[[str], Any]


class Listener(Protocol):
    """What wants to hear."""

    def feed(self, stream: str, text: str) -> None:
        """*text* was written to *stream*."""


class Capture:
    """The listeners of this process; streams are wrapped as long as there is one."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._wrapped: list[tuple[Any, Write, Write | None]] = []

    def add(self, listener: Listener) -> None:
        """Let *listener* hear from now on."""
        self._listeners = [*self._listeners, listener]
        for name in STREAMS:
            self._wrap(name, getattr(sys, name))

    def replace(self, listener: Listener, successor: Listener) -> None:
        """Let *successor* hear in place of *listener*."""
        self._listeners = [successor if x is listener else x for x in self._listeners]

    def remove(self, listener: Listener) -> None:
        """Let *listener* hear no more; with the last one the streams are as they were."""
        self._listeners = [x for x in self._listeners if x is not listener]
        if not self._listeners:
            for stream, write, before in self._wrapped:
                if vars(stream).get("write") is not write:
                    continue  # somebody has wrapped ours, which from now on only passes on
                if before is None:
                    del stream.write
                else:
                    stream.write = before
            self._wrapped = []

    def hear(self, name: str, text: str) -> None:
        """Tell the listeners of *text* that went to the stream *name* past `sys`."""
        for listener in self._listeners:
            with contextlib.suppress(Exception):
                listener.feed(name, text)

    def _wrap(self, name: str, stream: Any) -> None:
        if stream is None or any(stream is known for known, _, _ in self._wrapped):
            return
        original = getattr(stream, "write", None)
        if original is None or not hasattr(stream, "__dict__"):
            return
        before = vars(stream).get("write")  # of somebody who listens as we do

        def write(text: str) -> Any:
            result = original(text)
            self.hear(name, text)
            return result

        with contextlib.suppress(AttributeError, TypeError):
            stream.write = write
            self._wrapped.append((stream, write, before))


CAPTURE: Final = Capture()
"""The one of this process."""
