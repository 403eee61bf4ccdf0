"""Who listens to the output of a program: its lines become points, its text the console."""

from __future__ import annotations

import codecs
import logging
import re
from typing import Final

from agnez_client.errors import ChannelError
from agnez_client.job import Job
from agnez_client.kinds.channel import Channel
from agnez_client.loglines import LogReader, Reading
from agnez_client.record.capture import CAPTURE

_LONGEST: Final = 256 << 10
"""Characters of a line without an end that are kept; a longer one is read in pieces."""
_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n")

logger = logging.getLogger("agnez_client")


class OutputListener:
    """One stream, "stdout" or "stderr", of the program behind *job*."""

    def __init__(self, job: Job, stream: str) -> None:
        self._job, self._stream = job, stream
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._log = LogReader()
        self._rest = ""
        self._is_deaf = False
        self._channels: dict[str, Channel | None] = {}

    def hear(self, data: bytes, *, end: bool = False) -> None:
        """The next bytes of the stream; *end* says that there are no more. Raises nothing."""
        if self._is_deaf:
            return
        try:
            self._read(data, end)
        except Exception:  # the program must run on, whatever is wrong with us
            self._is_deaf = True
            logger.exception("%s is not read any more, it only passes through", self._stream)

    def _read(self, data: bytes, end: bool) -> None:
        text = self._decoder.decode(data, end)
        if text:
            CAPTURE.hear(self._stream, text)
        *lines, rest = _LINE_ENDS.split(self._rest + text)
        if end or len(rest) > _LONGEST:
            lines, rest = [*lines, rest], ""
        self._rest = rest
        for line in lines:
            for reading in self._log.read(line):
                self._send(reading)

    def _send(self, reading: Reading) -> None:
        channel = self._channel(reading.channel)
        if channel is not None:
            channel.send(x=reading.x, y=reading.value)

    def _channel(self, name: str) -> Channel | None:
        """The channel *name*; None where the run can't have it, which is said once."""
        if name not in self._channels:
            try:
                self._channels[name] = self._job.create_channel(name)
            except ChannelError as error:
                self._channels[name] = None
                logger.warning("numbers called %r are not kept: %s", name, error)
        return self._channels[name]
