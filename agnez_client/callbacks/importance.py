"""How much each feature counts, as a table and as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from agnez_client.callbacks.run import CallbackRun

MAX_BARS: Final = 30
"""Features in the figure; the table has all."""
TABLE: Final = "feature importance/table"
FIGURE: Final = "feature importance"


def show_importance(
    run: CallbackRun, x: float, features: Sequence[str], kinds: Mapping[str, Sequence[float]]
) -> None:
    """
    Send the importances of *features*, the largest first; nothing where there is no feature.

    Args:
        kinds: By kind ("gain", "split" …) a number a feature. The first one orders and is drawn.
    """
    if not features or not kinds:
        return
    columns = {kind: [float(value) for value in values] for kind, values in kinds.items()}
    first = next(iter(columns))
    order = sorted(range(len(features)), key=lambda i: -columns[first][i])
    rows = [{"feature": features[i], **{k: v[i] for k, v in columns.items()}} for i in order]
    run.channel(TABLE, "TABLE").send(x, rows)
    run.channel(FIGURE, "FIGURE").send(x, bars(rows[:MAX_BARS], first))


def bars(rows: Sequence[Mapping[str, Any]], kind: str) -> Any:
    """A figure of Bokeh: a bar a row of `feature` and *kind*, the first one on top."""
    from bokeh.models import FactorRange
    from bokeh.plotting import figure

    names = [str(row["feature"]) for row in rows]
    found = figure(
        y_range=FactorRange(factors=list(reversed(dict.fromkeys(names)))),
        height=80 + 22 * len(names),
        width=600,
        x_axis_label=kind,
        toolbar_location=None,
        tools="hover",
        tooltips=[("feature", "@y"), (kind, "@right")],
    )
    found.hbar(y=names, right=[row[kind] for row in rows], height=0.7)
    found.ygrid.grid_line_color = None
    return found
