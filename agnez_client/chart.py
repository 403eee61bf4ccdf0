"""A chart: channels of one type drawn together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agnez_client.errors import ChartError
from agnez_client.kinds.channel import Channel
from agnez_client.protocol import RECORD_TYPES


@dataclass(frozen=True, slots=True)
class Chart:
    """``x`` and ``y`` name the axes."""

    id: str
    title: str
    channels: tuple[Channel, ...]
    x: str
    y: str

    @property
    def type(self) -> str:
        """The type of all its channels."""
        return self.channels[0].type


def check_channels(channels: Sequence[Channel] | Channel, known: Sequence[Channel]) -> None:
    """
    Make sure that *channels* can be drawn together.

    Args:
        known: The channels of the run.

    Raises:
        ChartError: If there is none, one is no channel of the run or stands in
            no chart, or their types differ.
    """
    if isinstance(channels, Channel | str) or not isinstance(channels, Sequence):
        raise ChartError(f"the channels of a chart are a list, found {channels!r}")
    if not channels:
        raise ChartError("a chart needs at least one channel")
    for channel in channels:
        if not any(channel is k for k in known):
            raise ChartError(f"{channel!r} is not a channel of this run: use create_channel first")
        if channel.type in RECORD_TYPES:
            raise ChartError(f"{channel.name!r} is {channel.type}, which stands in no chart")
    types = {channel.type for channel in channels}
    if len(types) > 1:
        found = ", ".join(f"{c.name!r} is {c.type}" for c in channels)
        raise ChartError(f"the channels of one chart have one type; {found}")


def keyed_id(key: str) -> str:
    """The id of the chart with *key*: the same in all processes of a run."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:26]


def joined_charts(charts: Sequence[Chart], new: Chart) -> list[Chart]:
    """*charts* with *new*, whose channels are added to the one that has its id."""
    found = next((c for c in charts if c.id == new.id), None)
    if found is None:
        return [*charts, new]
    both = replace(new, channels=tuple(dict.fromkeys((*found.channels, *new.channels))))
    return [both if c is found else c for c in charts]
