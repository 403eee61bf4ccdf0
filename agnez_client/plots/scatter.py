"""Points of a plane as figures: embeddings by their labels, and paths of series."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from bokeh.models import ColumnDataSource, HoverTool
from bokeh.models.annotations import Legend, LegendItem
from bokeh.plotting import figure

from agnez_client.plots.embedding import Points, timeseries2d
from agnez_client.plots.look import FONT, Mode, Stroke, bare_figure, stroke, tokens
from agnez_client.plots.shapes import as_floats, labels_of, shaped

SIDE: Final = 520
LEGEND_ROWS: Final = 18
"""Of one column; more labels take more columns."""
MAX_LABELS: Final = 256


def embedding2dplot(
    data: Any,
    labels: Any = None,
    show_median: bool = True,
    show_legend: bool = True,
    *,
    title: str = "",
    size: int = SIDE,
    mode: Mode = "light",
) -> figure:
    """
    A scatter of points by label. Source: agnez, `embedding2dplot`.

    Every label has its colour and its marker; a click on it in the legend dims its points. Hover a
    point for its number and label.

    Args:
        data: ``(N, 2)``, as from `embedding2d`. Points that are not finite are left out.
        labels: ``(N,)`` whole numbers or texts, at most 256 different ones; None: all points alike.
        show_median: The label stands at the median of its points.
        show_legend: The labels beside the plot.
        title: Above the plot.
        size: Height of the plot in pixels; its room is square.
        mode: "light" or "dark".

    Raises:
        ValueError: If a shape does not fit, an array is empty, or there are too many labels.
    """
    points = _plane(data)
    groups = _groups(labels, len(points))
    plot = _scatter_figure(title, size, mode, bool(groups[0]) and show_legend)
    legend = []
    for i, (label, members) in enumerate(groups[1]):
        glyph = _add_points(plot, points[members], members, label, stroke(i, mode))
        legend.append(LegendItem(label=label, renderers=[glyph]))
    if groups[0] and show_median:
        _add_medians(plot, points, groups[1], mode)
    if groups[0] and show_legend:
        _add_legend(plot, legend, mode)
    return plot


def timeseries2dplot(
    data: Any,
    labels: Any = None,
    show_median: bool = True,
    show_legend: bool = True,
    *,
    title: str = "",
    size: int = SIDE,
    mode: Mode = "light",
) -> figure:
    """
    Series as paths in a plane: a line through the steps of each, points that grow stronger with
    time, a large one at the end. Source: agnez, `timeseries2dplot`.

    Args:
        data: ``(t, b, d)``: time, series, dimensions; embedded by `timeseries2d` unless *d* is 2.
        labels: ``(b,)``, one a series; otherwise as for `embedding2dplot`.
        show_median: The label stands at the median of where its series end.
        show_legend, title, size, mode: As for `embedding2dplot`.

    Raises:
        ValueError: If a shape does not fit, or an array is empty.
    """
    series = shaped(data, "t, b, d", "data")
    paths = as_floats(series) if series.shape[2] == 2 else timeseries2d(series)[0]
    groups = _groups(labels, paths.shape[1])
    plot = _scatter_figure(title, size, mode, bool(groups[0]) and show_legend)
    legend = []
    for i, (label, members) in enumerate(groups[1]):
        glyph = _add_paths(plot, paths[:, members], members, label, stroke(i, mode))
        legend.append(LegendItem(label=label, renderers=glyph))
    if groups[0] and show_median:
        _add_medians(plot, paths[-1], groups[1], mode)
    if groups[0] and show_legend:
        _add_legend(plot, legend, mode)
    return plot


Group = tuple[str, npt.NDArray[np.intp]]


def _groups(labels: Any, count: int) -> tuple[bool, list[Group]]:
    """Whether there are labels, and each with the numbers of its samples."""
    if labels is None:
        return False, [("", np.arange(count))]
    found = labels_of(labels, count)
    names = np.unique(found)
    if len(names) > MAX_LABELS:
        raise ValueError(f"there are {len(names)} different labels, at most {MAX_LABELS}")
    return True, [(str(name), np.flatnonzero(found == name)) for name in names]


def _plane(data: Any) -> Points:
    points = as_floats(shaped(data, "N, 2", "data"))
    if points.shape[1] != 2:
        raise ValueError(f"data has the shape {points.shape}, expected (N, 2): see embedding2d")
    return points


def _scatter_figure(title: str, size: int, mode: Mode, with_legend: bool) -> figure:
    return bare_figure(
        title, size, mode, width=size + (90 if with_legend else 0), match_aspect=True,
        tools="pan,wheel_zoom,box_zoom,reset", active_scroll="wheel_zoom",
    )  # fmt: skip


def _add_points(
    plot: figure, points: Points, members: Any, label: str, look: Stroke
) -> Any:  # fmt: skip
    source = ColumnDataSource(
        {"x": points[:, 0], "y": points[:, 1], "sample": members, "label": [label] * len(members)}
    )
    glyph = plot.scatter(
        "x", "y", source=source, marker=look.marker, size=_size(len(points)), alpha=0.75,
        color=look.colour, muted_alpha=0.05,
    )  # fmt: skip
    said = [("sample", "@sample")] + ([("label", "@label")] if label else [])
    plot.add_tools(HoverTool(renderers=[glyph], tooltips=said))
    return glyph


def _add_paths(plot: figure, paths: Points, members: Any, label: str, look: Stroke) -> list[Any]:
    steps, count, _ = paths.shape
    lines = plot.multi_line(
        [*paths[..., 0].T], [*paths[..., 1].T], color=look.colour, alpha=0.35, line_width=1.2,
        muted_alpha=0.05,
    )  # fmt: skip
    strength = np.repeat(np.linspace(0.15, 0.75, steps), count)
    source = ColumnDataSource(
        {
            "x": paths[..., 0].ravel(), "y": paths[..., 1].ravel(), "alpha": strength,
            "series": np.tile(members, steps), "step": np.repeat(np.arange(steps), count),
            "label": [label] * (steps * count),
        }
    )  # fmt: skip
    marks = plot.scatter(
        "x", "y", source=source, marker=look.marker, size=_size(steps * count), alpha="alpha",
        color=look.colour, muted_alpha=0.03,
    )  # fmt: skip
    said = [("series", "@series"), ("step", "@step")] + ([("label", "@label")] if label else [])
    plot.add_tools(HoverTool(renderers=[marks], tooltips=said))
    ends = plot.scatter(
        paths[-1, :, 0], paths[-1, :, 1], marker=look.marker, size=10, color=look.colour,
        muted_alpha=0.05,
    )  # fmt: skip
    return [lines, marks, ends]


def _size(count: int) -> int:
    """Pixels of a marker: smaller where many stand."""
    return 8 if count <= 100 else 6 if count <= 500 else 5


def _add_medians(plot: figure, points: Points, groups: list[Group], mode: Mode) -> None:
    look = tokens(mode)
    medians = [_median(points[members]) for _, members in groups]
    style: dict[str, Any] = {
        "x": [m[0] for m in medians], "y": [m[1] for m in medians],
        "text": [label for label, _ in groups],
        "text_color": look.ink, "text_font": {"value": FONT}, "text_font_size": "15px",
        "text_font_style": "bold", "text_align": "center", "text_baseline": "middle",
        "background_fill_color": look.card, "background_fill_alpha": 0.8, "border_radius": 5,
        "padding": 3,
    }  # fmt: skip
    plot.text(**style)


def _median(points: Points) -> Points:
    """Of the finite ones, per axis; NaN (not drawn) without any."""
    finite = points[np.isfinite(points).all(axis=1)]
    median: Points = np.median(finite, axis=0) if len(finite) else np.full(2, np.nan)
    return median


def _add_legend(plot: figure, items: list[LegendItem], mode: Mode) -> None:
    look = tokens(mode)
    legend = Legend(
        items=items, click_policy="mute", ncols=-(-len(items) // LEGEND_ROWS),
        background_fill_color=None, border_line_color=None, label_text_color=look.body,
        label_text_font=FONT, label_text_font_size="12px", spacing=1, margin=4,
        glyph_height=18, glyph_width=18, label_standoff=4,
    )  # fmt: skip
    plot.add_layout(legend, "right")
