"""
What lies between a connection and its protocol, and takes out the credit that viewers give.

Ten times a second, from each of a hundred viewers: through parser, queue, timer and task it cost
the server more than what it gives credit for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from agnez_server.live.framing import credit_in


class Tap(asyncio.Protocol):
    """
    Everything goes on to *protocol*, but for whole messages that give credit: those to *credited*.
    """

    def __init__(self, protocol: asyncio.Protocol, credited: Callable[[int], None]) -> None:
        self._credited = credited
        self._pass = protocol.data_received
        self.connection_lost = protocol.connection_lost  # type: ignore[method-assign]
        self.eof_received = protocol.eof_received  # type: ignore[method-assign]
        self.pause_writing = protocol.pause_writing  # type: ignore[method-assign]
        self.resume_writing = protocol.resume_writing  # type: ignore[method-assign]

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        number = credit_in(data)
        if number is None:
            self._pass(data)
        else:
            self._credited(number)
