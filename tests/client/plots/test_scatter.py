"""Scatters: what stands where in the figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bokeh.models import GlyphRenderer
from bokeh.models.annotations import Legend
from bokeh.models.glyphs import MultiLine, Scatter, Text
from bokeh.plotting import figure

from agnez_client.kinds.figure import encode_figure
from agnez_client.plots import embedding2dplot, timeseries2d, timeseries2dplot

POINTS = np.array([[0.0, 0.0], [1, 1], [8, 2], [5, 5], [6, 6], [7, 7]])
LABELS = np.array([4, 4, 4, 9, 9, 9])


def glyphs(plot: figure, kind: type[Any]) -> list[GlyphRenderer]:
    """The renderers of one kind of glyph, in order."""
    return [r for r in plot.renderers if isinstance(r.glyph, kind)]


def legend_of(plot: figure) -> list[str]:
    """The words of the legend, none without one."""
    legends = [one for one in plot.right if isinstance(one, Legend)]
    return [item.label.value for legend in legends for item in legend.items]


def test_each_label_has_its_colour_and_marker() -> None:
    """One glyph a label, with the numbers of its samples."""
    first, second = glyphs(embedding2dplot(POINTS, LABELS), Scatter)

    assert first.data_source.data["sample"].tolist() == [0, 1, 2]
    assert second.data_source.data["x"].tolist() == [5, 6, 7]
    assert {first.glyph.marker, second.glyph.marker} == {"circle", "square"}
    assert first.glyph.fill_color != second.glyph.fill_color


def test_labels_stand_at_the_medians() -> None:
    """Of each axis; a point that is not finite does not count."""
    points = np.vstack([POINTS, [[np.nan, 3.0]]])

    (text,) = glyphs(embedding2dplot(points, [*LABELS, 9]), Text)

    data = text.data_source.data
    assert (list(data["x"]), list(data["y"])) == ([1, 6], [1, 6])
    assert list(data["text"]) == ["4", "9"]


@pytest.mark.parametrize("show_median", [True, False])
@pytest.mark.parametrize("show_legend", [True, False])
def test_medians_and_legend_can_be_left_out(show_median: bool, show_legend: bool) -> None:
    """Both are there unless told."""
    plot = embedding2dplot(POINTS, LABELS, show_median, show_legend)

    assert len(glyphs(plot, Text)) == show_median
    assert legend_of(plot) == (["4", "9"] if show_legend else [])


def test_labels_may_be_texts_and_may_be_missing() -> None:
    """Texts in the order of the alphabet; without labels there is no legend."""
    assert legend_of(embedding2dplot(POINTS, list("bbaacc"))) == ["a", "b", "c"]
    assert legend_of(embedding2dplot(POINTS, LABELS.astype(float))) == ["4", "9"]
    assert legend_of(embedding2dplot(POINTS)) == []


def test_many_labels_take_more_columns() -> None:
    """The legend stays within the height of the plot."""
    plot = embedding2dplot(np.random.default_rng(0).normal(size=(40, 2)), np.arange(40))

    assert plot.right[0].ncols == 3


def test_paths_of_series() -> None:
    """A line for each series, a large marker at its end, points that grow stronger."""
    data = np.array([[[0.0, 0], [5, 0]], [[1, 1], [5, 1]], [[2, 4], [5, 2]]])

    plot = timeseries2dplot(data, ["up", "right"])

    lines = [np.array(r.data_source.data["xs"]).tolist() for r in glyphs(plot, MultiLine)]
    assert lines == [[[5, 5, 5]], [[0, 1, 2]]]
    steps, ends = glyphs(plot, Scatter)[2:]
    assert steps.data_source.data["step"].tolist() == [0, 1, 2]
    assert (np.diff(steps.data_source.data["alpha"]) > 0).all()
    assert (ends.data_source.data["x"], ends.data_source.data["y"]) == ([2], [4])


def test_series_of_more_dimensions_are_embedded() -> None:
    """The paths are those of `timeseries2d`."""
    data = np.random.default_rng(1).normal(size=(4, 2, 7))
    points, _ = timeseries2d(data)

    plot = timeseries2dplot(data)

    (lines,) = glyphs(plot, MultiLine)
    np.testing.assert_allclose(lines.data_source.data["xs"], points[..., 0].T)


@pytest.mark.parametrize("plot", [embedding2dplot(POINTS, LABELS), timeseries2dplot(POINTS[None])])
def test_a_figure_channel_takes_them(plot: figure) -> None:
    """With their size, so that the page keeps room."""
    body = encode_figure(plot).body

    assert (body["format"], body["height"]) == ("bokeh", 520)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: embedding2dplot(POINTS, LABELS[:3]),
            r"shape \(3,\), expected \(6,\)",
        ),
        (lambda: embedding2dplot(np.ones((4, 3))), r"shape \(4, 3\), expected \(N, 2\)"),
        (lambda: embedding2dplot(POINTS, POINTS[:, 0] / 3), "expected whole numbers or texts"),
        (lambda: embedding2dplot(np.ones((300, 2)), np.arange(300)), "300 different labels"),
        (lambda: embedding2dplot(POINTS, mode="red"), "mode is 'red'"),  # type: ignore[arg-type]
        (lambda: timeseries2dplot(POINTS), "expected .t, b, d"),
    ],
)
def test_what_can_not_be_drawn(call: Any, words: str) -> None:
    """The error says what was wrong and what was expected."""
    with pytest.raises(ValueError, match=words):
        call()
