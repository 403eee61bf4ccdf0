"""Precision over recall, above lines of equal F1."""

from __future__ import annotations

import numpy as np
from bokeh.plotting import figure

from agnez_dashboards.curves import Line, unit_plot
from agnez_dashboards.spec import ChartSpec

_F1 = (0.2, 0.4, 0.6, 0.8)


def build(spec: ChartSpec) -> figure:
    """The figure of *spec* without curves."""
    return unit_plot("Recall", "Precision", [iso_f1(f) for f in _F1], [f"F1 {f}" for f in _F1])


def iso_f1(f1: float) -> Line:
    """
    Recall and precision, ascending recall, for which the harmonic mean is *f1*, within [0, 1].

    From ``f1 = 2 p r / (p + r)`` follows ``p = f1 r / (2 r - f1)``, which is 1 at
    ``r = f1 / (2 - f1)``.
    """
    recall = np.linspace(f1 / (2 - f1), 1, 60)
    return recall.tolist(), (f1 * recall / (2 * recall - f1)).tolist()
