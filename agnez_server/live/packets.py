"""Messages of viewers as they come from the wire: what is none of ours is refused there."""

from __future__ import annotations

from typing import Any, Final

from socketio import packet

_RESERVED: Final = {"connect", "disconnect", "__disconnect_final"}
"""Names of socketio's own events, whose handlers a viewer must not call by sending one."""


class ViewerPacket(packet.Packet):  # type: ignore[misc]  # socketio has no types
    """
    A socket.io packet; decoding raises ValueError for what no viewer has to send.

    Viewers send no binary data. Without this refusal one could announce a thousand million
    attachments, and each would be kept until the last one came.
    """

    def decode(self, encoded_packet: Any) -> int:
        """Read one packet; the number of attachments that have to follow is always 0."""
        attachments = super().decode(encoded_packet)
        if attachments or self.packet_type in (packet.BINARY_EVENT, packet.BINARY_ACK):
            raise ValueError("viewers send no binary data")
        if self.packet_type == packet.EVENT:
            _check_event(self.data)
        return 0


def _check_event(data: object) -> None:
    if not isinstance(data, list) or not data or not isinstance(data[0], str):
        raise ValueError("an event is a list that begins with its name")
    if data[0] in _RESERVED:
        raise ValueError(f"{data[0]} is not for viewers to send")
