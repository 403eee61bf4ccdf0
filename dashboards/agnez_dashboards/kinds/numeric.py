"""
Lines over steps or time: the figure of NUMERIC channels.

The page fills the columns, sets the ranges and places the ticks, and finds what it needs by name:
``raw:<number>`` the points as sent, ``smooth:<number>`` the line on top, ``old:<number>`` what the
newest session went over again, ``older:<number>`` what those before it did, ``band:<number>`` and
``ranks:<number>`` what lies around the mean of many ranks, ``mark:<number>`` the newest point (or
all, when they are few), ``odd:<number>`` what a line can't show: NaN, infinities, values that a log
axis has no place for.
"""

from __future__ import annotations

from typing import Any

from bokeh.core.properties import value
from bokeh.models import (
    ColumnDataSource,
    FixedTicker,
    LinearScale,
    Range1d,
)
from bokeh.plotting import figure

from agnez_dashboards.spec import ChannelSpec, ChartSpec
from agnez_dashboards.theme import theme

_FONT = "Inter Variable"
_EDGE = "edge"
_LINES = (("older", 1.2, 0.26), ("old", 1.2, 0.48), ("raw", 1.0, 0.26), ("smooth", 1.75, 1.0))
"""Layers of lines from below: name, width, opacity."""


def build(spec: ChartSpec) -> figure:
    """The figure of *spec*; its ranges and ticks are placeholders until the page sets them."""
    plot = _plot(spec)
    _style_axes(plot, spec)
    _add_markers(plot)
    for channel in spec.channels:
        _add_channel(plot, channel)
    return plot


def _plot(spec: ChartSpec) -> figure:
    plot = figure(
        name="plot",
        sizing_mode="stretch_both",
        toolbar_location=None,
        tools="",
        x_range=Range1d(start=0, end=1, name="x_range"),
        y_range=Range1d(start=0, end=1, name="y_range"),
        min_border=0,
        min_border_top=6,
        min_border_right=14,
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
        tags=[{"channels": [_tag(channel) for channel in spec.channels]}],
    )
    # Odd values have no height: they are drawn on a range of their own, 0 the floor, 1 the ceiling.
    plot.extra_y_ranges = {_EDGE: Range1d(start=0, end=1)}
    plot.extra_y_scales = {_EDGE: LinearScale()}
    return plot


def _tag(channel: ChannelSpec) -> dict[str, Any]:
    return {"number": channel.number, "name": channel.name, "color": channel.color,
            "dash": list(channel.dash), "marker": channel.marker}  # fmt: skip


def _style_axes(plot: figure, spec: ChartSpec) -> None:
    tokens = theme().light
    # A y axis named like its chart would say the same thing twice, side by side.
    y = "" if spec.y == spec.title else spec.y
    for name, axis, label in (("x_axis", plot.xaxis[0], spec.x), ("y_axis", plot.yaxis[0], y)):
        axis.update(
            name=name,
            ticker=FixedTicker(ticks=[], minor_ticks=[]),
            axis_label=label or None,
            axis_label_text_font=_FONT,
            axis_label_text_font_size="11px",
            axis_label_text_font_style="normal",
            axis_label_text_color=tokens["mute"],
            axis_label_standoff=6,
            major_label_text_font=_FONT,
            major_label_text_font_size="11px",
            major_label_text_color=tokens["mute"],
            major_label_standoff=6,
            major_tick_line_color=None,
            minor_tick_line_color=None,
            axis_line_color=None,
        )
    plot.xgrid[0].grid_line_color = None
    plot.ygrid[0].update(name="y_grid", grid_line_color=tokens["grid"])
    plot.xaxis[0].axis_line_color = tokens["line"]


def _add_markers(plot: figure) -> None:
    """Lines from floor to ceiling, below all curves: what happened in the run."""
    plot.segment(
        "x", 0, "x", 1, source=ColumnDataSource({"x": [], "color": []}, name="markers"),
        name="marker-lines", y_range_name=_EDGE, line_color="color", line_alpha=0.6, line_width=1,
        line_dash=[3, 3],
    )  # fmt: skip


def _add_channel(plot: figure, channel: ChannelSpec) -> None:
    number, color = channel.number, channel.color
    dash = list(channel.dash)
    _add_ranks(plot, channel)
    for name, width, alpha in _LINES:
        plot.line(
            "x", "y", source=_source(name, number), name=f"{name}-line:{number}",
            line_color=color, line_width=width, line_alpha=alpha, line_join="round",
            line_dash=dash if name == "smooth" else [],
        )  # fmt: skip
    plot.scatter(
        "x", "y", source=_source("mark", number), name=f"mark-points:{number}", size=7,
        marker=value(channel.marker), fill_color=color, line_color=theme().light["card"],
        line_width=1.5,
    )  # fmt: skip
    odd = _source("odd", number, marker=[])
    plot.scatter(
        "x", "y", source=odd, name=f"odd-points:{number}", y_range_name=_EDGE, size=9,
        marker="marker", fill_color=color, line_color=color, line_width=1.75,
    )  # fmt: skip


def _add_ranks(plot: figure, channel: ChannelSpec) -> None:
    """Below the line: the band of a channel with many ranks, and the lines of single ranks."""
    number = channel.number
    band = ColumnDataSource({"x": [], "lo": [], "hi": []}, name=f"band:{number}")
    plot.varea(
        "x", "lo", "hi", source=band, name=f"band-area:{number}",
        fill_color=channel.color, fill_alpha=0.17,
    )  # fmt: skip
    columns: dict[str, list[Any]] = {"xs": [], "ys": [], "color": [], "width": [], "alpha": []}
    plot.multi_line(
        "xs", "ys", source=ColumnDataSource(columns, name=f"ranks:{number}"),
        name=f"rank-lines:{number}", line_color="color", line_width="width", line_alpha="alpha",
        line_join="round",
    )  # fmt: skip


def _source(name: str, number: int, **more: list[Any]) -> ColumnDataSource:
    return ColumnDataSource({"x": [], "y": [], **more}, name=f"{name}:{number}")
