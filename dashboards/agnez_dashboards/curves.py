"""The plot of curves within the unit square: precision over recall, and ROC."""

from __future__ import annotations

from collections.abc import Sequence

from bokeh.core.properties import value
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from agnez_dashboards.plot import FONT, bare_plot, name_axes
from agnez_dashboards.theme import theme

Line = tuple[Sequence[float], Sequence[float]]

_TICKS = (0, 0.2, 0.4, 0.6, 0.8, 1)
_AIR = 0.02


def unit_plot(x: str, y: str, guides: Sequence[Line], labels: Sequence[str] = ()) -> figure:
    """
    A plot of [0, 1] x [0, 1] with faint *guides*, each with its label at its last point.

    The page fills ``curves`` (``xs``, ``ys``, ``color``, ``dash``: a row for each curve) and
    ``at`` (``x``, ``y``, ``color``), the points that the reader looks at.
    """
    plot = bare_plot((-_AIR, 1 + _AIR), (-_AIR, 1 + _AIR * 2))
    name_axes(plot, x, y, _TICKS)
    _add_guides(plot, guides, labels)
    curves = ColumnDataSource({"xs": [], "ys": [], "color": [], "dash": []}, name="curves")
    plot.multi_line(
        "xs", "ys", source=curves, line_color="color", line_dash="dash", line_width=1.9,
        line_join="round", name="curve-lines",
    )  # fmt: skip
    at = ColumnDataSource({"x": [], "y": [], "color": []}, name="at")
    plot.scatter(
        "x", "y", source=at, fill_color="color", line_color=theme().light["card"], line_width=1.5,
        size=9, name="at-points",
    )  # fmt: skip
    return plot


def _add_guides(plot: figure, guides: Sequence[Line], labels: Sequence[str]) -> None:
    tokens = theme().light
    lines = {"xs": [list(x) for x, _ in guides], "ys": [list(y) for _, y in guides]}
    plot.multi_line(
        "xs", "ys", source=ColumnDataSource(lines, name="guides"), name="guide-lines",
        line_color=tokens["line-strong"], line_dash=[3, 3], line_width=1,
    )  # fmt: skip
    ends = [(x[-1], y[-1], label) for (x, y), label in zip(guides, labels, strict=False)]
    texts = {
        "x": [x for x, _, _ in ends],
        "y": [y for _, y, _ in ends],
        "text": [t for *_, t in ends],
    }
    plot.text(
        "x", "y", "text", source=ColumnDataSource(texts, name="guide-texts"), name="guide-labels",
        text_font=value(FONT), text_font_size="10px", text_color=tokens["mute"],
        text_align="right", text_baseline="bottom", x_offset=-10, y_offset=-1,
    )  # fmt: skip
