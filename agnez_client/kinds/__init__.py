"""Channel types: one file each, a class that knows how its points are taken and written."""

from __future__ import annotations

from agnez_client.errors import UnknownChannelType
from agnez_client.kinds.channel import Channel
from agnez_client.kinds.numeric import NumericChannel

CHANNEL_CLASSES: dict[str, type[Channel]] = {NumericChannel.type: NumericChannel}
"""Type to class. A further type is a file here and a line in this table."""


def channel_class(type: object) -> type[Channel]:
    """
    The class of channels of *type*, as "NUMERIC".

    Raises:
        UnknownChannelType: If there is none; names the types there are.
    """
    found = CHANNEL_CLASSES.get(type) if isinstance(type, str) else None
    if found is None:
        raise UnknownChannelType(type, CHANNEL_CLASSES)
    return found
