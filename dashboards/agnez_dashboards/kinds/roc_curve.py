"""The receiver operating characteristic, above the diagonal of guesses."""

from __future__ import annotations

from bokeh.plotting import figure

from agnez_dashboards.curves import unit_plot
from agnez_dashboards.spec import ChartSpec


def build(spec: ChartSpec) -> figure:
    """The figure of *spec* without curves."""
    return unit_plot("False positive rate", "True positive rate", [((0, 1), (0, 1))])
