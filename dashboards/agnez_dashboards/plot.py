"""What the plots of entries have in common: no tools, named axes, colours of the theme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bokeh.models import Axis, FixedTicker, Range1d
from bokeh.plotting import figure

from agnez_dashboards.theme import theme

FONT = "Inter Variable"
"""The font of everything written in a figure; the pages bring it."""


def bare_plot(x: tuple[float, float], y: tuple[float, float], **more: Any) -> figure:
    """
    A figure without toolbar, frame and background whose ranges and ticks the page sets.

    *x* and *y* are start and end of the ranges until then; a start above its end turns an axis.
    """
    plot = figure(
        name="plot",
        sizing_mode="stretch_both",
        toolbar_location=None,
        tools="",
        x_range=Range1d(start=x[0], end=x[1], name="x_range"),
        y_range=Range1d(start=y[0], end=y[1], name="y_range"),
        min_border=0,
        min_border_top=6,
        min_border_right=14,
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
        **more,
    )
    tokens = theme().light
    plot.xgrid[0].update(name="x_grid", grid_line_color=None)
    plot.ygrid[0].update(name="y_grid", grid_line_color=tokens["grid"])
    return plot


def name_axes(plot: figure, x: str, y: str, ticks: Sequence[float] = ()) -> None:
    """Name both axes, and put *ticks* on both; without any the page places them."""
    tokens = theme().light
    for name, axis, label in (("x_axis", plot.xaxis[0], x), ("y_axis", plot.yaxis[0], y)):
        _style(axis, name, label, ticks)
    plot.xaxis[0].axis_line_color = tokens["line"]


def _style(axis: Axis, name: str, label: str, ticks: Sequence[float]) -> None:
    mute = theme().light["mute"]
    axis.update(
        name=name,
        ticker=FixedTicker(ticks=list(ticks), minor_ticks=[]),
        axis_label=label or None,
        axis_label_text_font=FONT,
        axis_label_text_font_size="11px",
        axis_label_text_font_style="normal",
        axis_label_text_color=mute,
        axis_label_standoff=6,
        major_label_text_font=FONT,
        major_label_text_font_size="11px",
        major_label_text_color=mute,
        major_label_standoff=6,
        major_tick_line_color=None,
        minor_tick_line_color=None,
        axis_line_color=None,
    )
