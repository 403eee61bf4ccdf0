"""What bodies that are being received take of memory, all together."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from agnez_server.errors import Busy

SMALL: Final = 16 << 10
"""A body of no more is not counted: connections are."""


class Bodies:
    """
    Receives bodies.

    Args:
        most: Bytes that may have come, of all those that are not whole yet. What is only announced
            does not count: nobody could keep others out by words.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    async def receive(self, request: web.Request, limit: int) -> bytes | None:
        """
        The whole body of *request*, None where it has more than *limit* bytes.

        Raises:
            Busy: If there is no room for what came.
            TooSlow, web.RequestPayloadError: As the connection says.
        """
        length = request.content_length
        if length is not None and length <= min(SMALL, limit):
            return await request.read()
        body = bytearray()
        try:
            while piece := await request.content.readany():
                if len(piece) == length and not body:
                    return piece  # all of it at once: no copy
                body += piece
                self.held += len(piece)
                if len(body) > limit:
                    return None
                if self.held > self._most:
                    raise Busy("too many bodies are being received", retry_after_s=1)
            return bytes(body)
        finally:
            self.held -= len(body)
