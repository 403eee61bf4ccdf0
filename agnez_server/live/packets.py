"""Messages of viewers as they come from the wire: what is none of ours is refused there."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import engineio.packet
import orjson
from socketio import packet

MAX_OBJECTS: Final = 2_000_000
"""Lists and objects of one message; brackets in its texts count as well."""
_RESERVED: Final = {"connect", "disconnect", "__disconnect_final", "*"}
"""Names of socketio's own handlers, which a viewer must not call by sending one."""
_HEAD: Final = re.compile(r"[0-6](?:(?P<attachments>\d{1,9})-)?(?:(?P<namespace>/[^,]*),)?"
                          r"(?P<id>\d{1,15})?(?!\d)")  # fmt: skip


_CREDIT_HEAD: Final = b'42/live,["credit",{"frame":'
_CREDIT_TAIL: Final = b"}]"


class PacketRefused(ValueError):
    """
    A message that nobody here takes.

    ``namespace`` and ``id`` say where the sender waits for an answer; ``id`` is None where he does
    not, or where it can't be seen.
    """

    def __init__(self, why: str, text: object) -> None:
        super().__init__(why)
        head = _HEAD.match(text) if isinstance(text, str) else None
        self.namespace = (head and head["namespace"]) or "/"
        is_event = isinstance(text, str) and text[:1] in (str(packet.EVENT), _BINARY_EVENT)
        self.id = int(head["id"]) if is_event and head and head["id"] else None


_BINARY_EVENT: Final = str(packet.BINARY_EVENT)


class _Json:
    """JSON as packets are written and read: quickly, without NaN, and never too deep."""

    @staticmethod
    def dumps(value: object, **_: object) -> str:
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str) -> Any:
        try:
            return json.loads(text)
        except RecursionError:
            raise ValueError("the message is nested too deep") from None


class ViewerPacket(packet.Packet):  # type: ignore[misc]  # socketio has no types
    """
    A socket.io packet; decoding raises `PacketRefused` for what no viewer has to send.

    Viewers send no binary data. Without this refusal one could announce a thousand million
    attachments, and each would be kept until the last one came.
    """

    json = _Json

    def __init__(self, *given: Any, encoded_packet: Any = None, **named: Any) -> None:
        if isinstance(encoded_packet, (str, bytes)) and not encoded_packet:
            raise PacketRefused("the message is empty", encoded_packet)
        super().__init__(*given, encoded_packet=encoded_packet, **named)

    def decode(self, encoded_packet: Any) -> int:
        """Read one packet; the number of attachments that have to follow is always 0."""
        try:
            self._read(encoded_packet)
        except ValueError as error:
            raise PacketRefused(str(error), encoded_packet) from None
        return 0

    def _read(self, text: Any) -> None:
        if not isinstance(text, str) or text[:1] in (_BINARY_EVENT, str(packet.BINARY_ACK)):
            raise ValueError("binary data is not taken here: send text, or upload it")
        if text.count("[") + text.count("{") > MAX_OBJECTS:
            raise ValueError(f"the message holds more than {MAX_OBJECTS} lists and objects")
        if super().decode(text):
            raise ValueError("attachments are not taken here")
        if self.packet_type == packet.EVENT:
            _check_event(self.data)

    @classmethod
    def data_is_binary(cls, data: Any) -> bool:
        """Whether *data* holds bytes: ours do as a whole or as an argument, never further in."""
        parts = data if isinstance(data, list) else [data]
        return any(isinstance(part, bytes) for part in parts)


def credited(message: bytes) -> int | None:
    """
    The frame that a message gives credit for, None if it is another message.

    A viewer sends nothing else as often: this one is not unpacked.
    """
    if not message.startswith(_CREDIT_HEAD) or not message.endswith(_CREDIT_TAIL):
        return None
    digits = message[len(_CREDIT_HEAD) : -len(_CREDIT_TAIL)]
    return int(digits) if len(digits) < 16 and digits.isdigit() else None


def event_packet(event: str, data: object) -> engineio.packet.Packet:
    """An event of /live, as one packet of Engine.IO."""
    encoded = ViewerPacket(packet.EVENT, namespace="/live", data=[event, data]).encode()
    return engineio.packet.Packet(engineio.packet.MESSAGE, encoded)


def frame_parts(body: bytes) -> tuple[engineio.packet.Packet, engineio.packet.Packet]:
    """An event `frame` with *body*, as two packets of Engine.IO."""
    return FRAME_EVENT, engineio.packet.Packet(engineio.packet.MESSAGE, body)


def _check_event(data: object) -> None:
    if not isinstance(data, list) or not data or not isinstance(data[0], str):
        raise ValueError("an event is a list that begins with its name")
    if data[0] in _RESERVED:
        raise ValueError(f"{data[0]} is not for viewers to send")


FRAME_EVENT: Final = engineio.packet.Packet(
    engineio.packet.MESSAGE,
    ViewerPacket(packet.EVENT, namespace="/live", data=["frame", b""]).encode()[0],
)
"""What announces the body of a frame: the same for all."""
