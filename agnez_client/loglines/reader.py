"""The lines of a log, one after the other."""

from __future__ import annotations

from typing import Final

from agnez_client.loglines.dictionary import read_dictionary
from agnez_client.loglines.forms import clean
from agnez_client.loglines.message import Message
from agnez_client.loglines.reading import Reading

LONGEST_LINE: Final = 256 << 10
"""Characters; a longer line gives nothing."""


def read_line(line: str) -> list[Reading]:
    """What one line says by itself; none if it is ordinary text. See `LogReader` for a log."""
    return LogReader().read(line)


class LogReader:
    """Reads the lines of one log in their order: "Epoch 3/10" counts for the bars below it."""

    def __init__(self) -> None:
        self._epoch: int | float | None = None
        self._told: set[str] = set()

    def read(self, line: str) -> list[Reading]:
        """The readings of the next line, which may carry colours; none if it is ordinary text."""
        text = "" if len(line) > LONGEST_LINE else clean(line)
        if text.startswith("{"):
            return read_dictionary(text)
        message = Message(text)
        if message.epoch is not None and message.epoch != self._epoch:
            self._epoch, self._told = message.epoch, set()
        if message.bar is None:
            return message.readings(message.x)
        return self._of_bar(message, *message.bar)

    def _of_bar(self, message: Message, done: int, total: int) -> list[Reading]:
        """Within an epoch its last state, once for each name; else every state, at its count."""
        if self._epoch is None:
            return message.readings(done)
        if done < total:
            return []
        new = [r for r in message.readings(self._epoch) if r.channel not in self._told]
        self._told.update(r.channel for r in new)
        return new
