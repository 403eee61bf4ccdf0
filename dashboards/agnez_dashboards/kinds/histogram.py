"""
Histograms over steps: a heat map, and the same as a ridgeline of some of them.

The page fills the sources and shows one of the two: ``heat`` is one image (rows from the lowest
value up, columns are steps, 0 to 1 of each step's own maximum), ``ridges`` has a patch for each
slice, the oldest first.
"""

from __future__ import annotations

from bokeh.models import ColumnDataSource, Image, LinearColorMapper
from bokeh.plotting import figure

from agnez_dashboards.plot import bare_plot, name_axes
from agnez_dashboards.spec import ChartSpec
from agnez_dashboards.theme import theme


def build(spec: ChartSpec) -> figure:
    """The figure of *spec*, empty; ranges, ticks and colours are the page's to set."""
    plot = bare_plot((0, 1), (0, 1))
    name_axes(plot, spec.x, "")
    _add_heat(plot)
    _add_ridges(plot)
    return plot


def _add_heat(plot: figure) -> None:
    source = ColumnDataSource({"image": [], "x": [], "y": [], "dw": [], "dh": []}, name="heat")
    colors = LinearColorMapper(
        palette=list(theme().scale("light")), low=0, high=1, nan_color="#00000000", name="colors"
    )
    image = Image(image="image", x="x", y="y", dw="dw", dh="dh", color_mapper=colors)
    plot.add_glyph(source, image, name="heat-image", level="image")


def _add_ridges(plot: figure) -> None:
    source = ColumnDataSource({"xs": [], "ys": [], "fill": [], "line": []}, name="ridges")
    plot.patches(
        "xs", "ys", source=source, fill_color="fill", line_color="line", line_width=1.1,
        fill_alpha=0.9, name="ridge-patches", visible=False,
    )  # fmt: skip
