"""
A confusion matrix: rows are the truth from the top, columns the prediction.

The page fills ``cells`` (``x``, ``y``, ``size`` in units of a cell, ``color``) and ``figures``
(``x``, ``y``, ``text``, ``color``), whose places are centres: cell (0, 0) is at 0.5, 0.5. It sets
the ranges, 0 to the number of classes, and the labels.
"""

from __future__ import annotations

from bokeh.core.properties import value
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from agnez_dashboards.plot import FONT, bare_plot, name_axes
from agnez_dashboards.spec import ChartSpec


def build(spec: ChartSpec) -> figure:
    """The figure of *spec* without cells."""
    plot = bare_plot((0, 1), (1, 0))
    name_axes(plot, "predicted", "truth")
    plot.xaxis[0].axis_line_color = None
    plot.ygrid[0].grid_line_color = None
    cells = ColumnDataSource({"x": [], "y": [], "size": [], "color": []}, name="cells")
    plot.rect(
        "x", "y", "size", "size", source=cells, fill_color="color", line_color=None,
        name="cell-rects",
    )  # fmt: skip
    figures = ColumnDataSource({"x": [], "y": [], "text": [], "color": []}, name="figures")
    plot.text(
        "x", "y", "text", source=figures, text_color="color", text_font=value(FONT),
        text_font_size="11px", text_align="center", text_baseline="middle", name="figure-texts",
    )  # fmt: skip
    return plot
