"""The figures of histograms, curves and confusion matrices."""

from __future__ import annotations

import json
from statistics import harmonic_mean

import pytest

from agnez_dashboards import ChartSpec, channel_spec, chart_figure, theme
from agnez_dashboards.kinds.pr_curve import iso_f1
from tests.dashboards.test_figures import named
from tests.dashboards.test_theme import linear

SOURCES = {
    "HISTOGRAM": {"heat", "ridges"},
    "PR_CURVE": {"curves", "at", "guides", "guide-texts"},
    "ROC_CURVE": {"curves", "at", "guides", "guide-texts"},
    "CONFUSION_MATRIX": {"cells", "figures"},
}
CHANNEL = channel_spec(0, id="run.0", number=0, name="</script><b>")


def spec(type: str) -> ChartSpec:
    """A chart of one channel."""
    return ChartSpec(id="c", title="c", type=type, channels=[CHANNEL])


@pytest.mark.parametrize("type", sorted(SOURCES))
def test_the_page_finds_its_sources_by_name(type: str) -> None:
    """Columns go in by name; what the run calls things is not in the figure."""
    item = chart_figure(spec(type))
    sources = {n for n, o in named(item).items() if o["name"] == "ColumnDataSource"}

    assert sources == SOURCES[type]
    assert {"x_axis", "y_axis", "x_range", "y_range", "y_grid"} <= named(item).keys()
    assert "</script>" not in json.dumps(item)


@pytest.mark.parametrize("type", sorted(SOURCES))
def test_no_figure_of_entries_needs_code(type: str) -> None:
    """The content policy allows no `eval`, and ranges are the page's."""
    text = json.dumps(chart_figure(spec(type)))

    assert "CustomJS" not in text
    assert "DataRange1d" not in text


@pytest.mark.parametrize("f1", [0.2, 0.5, 0.8])
def test_lines_of_equal_f1(f1: float) -> None:
    """The harmonic mean of precision and recall is the same all along, within the square."""
    recall, precision = iso_f1(f1)

    assert [harmonic_mean(pair) for pair in zip(recall, precision, strict=True)] == pytest.approx(
        [f1] * len(recall)
    )
    assert min(recall) >= 0 and max(recall) <= 1
    assert min(precision) >= 0 and max(precision) <= 1 + 1e-12


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_scale_goes_from_the_card_to_its_opposite(mode: str) -> None:
    """Lightness only rises, or only falls: more never looks like less."""
    scale = theme().scale(mode)  # type: ignore[arg-type]
    light = [sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(color), strict=True))
             for color in scale]  # fmt: skip

    assert scale[0] == theme().tokens(mode)["card"]  # type: ignore[arg-type]
    assert light == sorted(light, reverse=mode == "light")
    assert abs(light[0] - light[-1]) > 0.8
