"""What a figure is built from: plain values, no numbers of the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agnez_dashboards.theme import theme


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """
    One channel of a chart.

    ``number`` is unique within the run: the page finds the columns of a channel by it. ``color``
    is ``#rrggbb`` as in the light mode, ``dash`` lengths in pixels (empty is solid), ``marker`` a
    Bokeh marker.
    """

    id: str
    number: int
    name: str
    color: str
    dash: tuple[int, ...] = ()
    marker: str = "circle"


@dataclass(frozen=True, slots=True)
class ChartSpec:
    """A chart: channels of one type, drawn together. ``x`` and ``y`` name the axes."""

    id: str
    title: str
    type: str = "NUMERIC"
    x: str = "step"
    y: str = ""
    channels: Sequence[ChannelSpec] = field(default_factory=tuple)


def channel_spec(index: int, *, id: str, number: int, name: str) -> ChannelSpec:
    """The *index*-th channel of a chart, with the stroke that the theme gives it."""
    stroke = theme().stroke(index)
    return ChannelSpec(id, number, name, stroke.light, stroke.dash, stroke.marker)
