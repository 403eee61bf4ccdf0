"""Channel types: one file each, a class that knows how its points are taken and written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agnez_client.errors import ChannelError, UnknownChannelType
from agnez_client.kinds.artefact import ArtefactChannel
from agnez_client.kinds.audio import AudioChannel
from agnez_client.kinds.channel import Channel
from agnez_client.kinds.confusion import ConfusionMatrixChannel
from agnez_client.kinds.curve import PrCurveChannel, RocCurveChannel
from agnez_client.kinds.figure import FigureChannel
from agnez_client.kinds.histogram import HistogramChannel
from agnez_client.kinds.html import HtmlChannel
from agnez_client.kinds.image import ImageChannel
from agnez_client.kinds.marker import MarkerChannel
from agnez_client.kinds.numeric import NumericChannel
from agnez_client.kinds.table import TableChannel
from agnez_client.kinds.text import TextChannel
from agnez_client.kinds.video import VideoChannel

CHANNEL_CLASSES: dict[str, type[Channel]] = {
    found.type: found
    for found in (
        NumericChannel,
        HistogramChannel,
        ImageChannel,
        TextChannel,
        TableChannel,
        AudioChannel,
        VideoChannel,
        HtmlChannel,
        FigureChannel,
        PrCurveChannel,
        RocCurveChannel,
        ConfusionMatrixChannel,
        MarkerChannel,
        ArtefactChannel,
    )
}
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


def check_options(found: type[Channel], options: Mapping[str, Any]) -> None:
    """
    Make sure that a channel of the class *found* can be made with *options*.

    Raises:
        ChannelError: If one is not known to this type, or its value is not what it expects.
    """
    unknown = sorted(options.keys() - found.known_options)
    if unknown:
        known = ", ".join(sorted(found.known_options)) or "none"
        raise ChannelError(f"{found.type} knows no option {unknown[0]!r}; its options: {known}")
    try:
        found.check_options(dict(options))
    except ValueError as wrong:
        raise ChannelError(f"a {found.type} channel can't be made: {wrong}") from None
