"""
Messages on a web socket, as a server writes and reads them: RFC 6455, section 5.2.

What is sent to a hundred viewers ten times a second is laid out once: in a frame of points only its
number differs among them. And the one message that comes as often, credit, is known by its bytes.
"""

from __future__ import annotations

import struct
from typing import Final

import engineio.packet

from agnez_client.columns import numbered
from agnez_server.live.packets import FRAME_EVENT, credited, frame_parts

_TEXT: Final = 0x81
_BINARY: Final = 0x82
_MASKED: Final = 0x80
_LONG: Final = 126
_HEAD_BYTES: Final = 6
"""Those of a short message that came: kind, length and mask."""
_NUMBER: Final = slice(4, 8)
"""Where the number of a frame lies in its body."""


class Frame:
    """A frame of points on its way to viewers; *body* is as `encode_columns` made it."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        announced = framed(FRAME_EVENT.encode())
        self._before = announced + _head(_BINARY, len(body)) + body[: _NUMBER.start]
        self._after = body[_NUMBER.stop :]

    def on_wire(self, number: int) -> bytes:
        """All bytes to be written to the web socket of a viewer, for whom it has this *number*."""
        return b"".join((self._before, number.to_bytes(4, "little"), self._after))

    def packets(self, number: int) -> tuple[engineio.packet.Packet, engineio.packet.Packet]:
        """The same as packets of Engine.IO, for a viewer who is behind, or polls."""
        return frame_parts(numbered(self.body, number))


def framed(message: str | bytes) -> bytes:
    """*message* as it is written."""
    body, kind = (message, _BINARY) if isinstance(message, bytes) else (message.encode(), _TEXT)
    return _head(kind, len(body)) + body


def _head(kind: int, size: int) -> bytes:
    if size < _LONG:
        return bytes((kind, size))
    return (
        struct.pack("!BBH", kind, 126, size)
        if size < 65536
        else (struct.pack("!BBQ", kind, 127, size))
    )


def credit_in(data: bytes) -> int | None:
    """
    The frame for which *data*, as it was received, gives credit; None if it is anything else.

    It has to be one whole short message. What is the middle of a longer one is not mistaken for it:
    its mask would have to turn it into the text of a credit.
    """
    size = len(data) - _HEAD_BYTES
    if not 0 < size < _LONG or data[0] != _TEXT or data[1] != _MASKED | size:
        return None
    masks = (data[2:_HEAD_BYTES] * (size // 4 + 1))[:size]
    plain = int.from_bytes(data[_HEAD_BYTES:], "big") ^ int.from_bytes(masks, "big")
    return credited(plain.to_bytes(size, "big"))
