"""The figures that the page embeds."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from bokeh.core.json_encoder import serialize_json
from bokeh.embed import json_item

from agnez_dashboards import (
    ChartSpec,
    UnknownKindError,
    channel_spec,
    chart_figure,
    known_kinds,
)
from agnez_dashboards.kinds import numeric

CHART = ChartSpec(
    id="c1",
    title="Loss",
    x="step",
    y="cross-entropy",
    channels=[
        channel_spec(0, id="run.3", number=3, name="train"),
        channel_spec(1, id="run.8", number=8, name="val <script>"),
    ],
)


def named(item: Any, found: dict[str, dict[str, Any]] | None = None) -> dict[str, dict[str, Any]]:
    """Every object of *item* which has a name, by name."""
    found = {} if found is None else found
    if isinstance(item, dict):
        name = item.get("attributes", {}).get("name")
        if name:
            found[name] = item
        for value in item.values():
            named(value, found)
    elif isinstance(item, list):
        for value in item:
            named(value, found)
    return found


def test_every_channel_has_its_sources_by_number() -> None:
    """The page finds the columns of a channel by its number, whatever its name."""
    sources = {n for n, o in named(chart_figure(CHART)).items() if o["name"] == "ColumnDataSource"}

    roles = ("raw", "smooth", "old", "older", "mark", "odd", "band", "ranks")
    assert sources == {"markers", *(f"{role}:{number}" for role in roles for number in (3, 8))}


def test_a_figure_holds_no_numbers() -> None:
    """Figures travel once and may be kept: the points come by another way."""
    for name, source in named(chart_figure(CHART)).items():
        if source["name"] == "ColumnDataSource":
            columns = dict(source["attributes"]["data"]["entries"])
            assert all(column == [] for column in columns.values()), name


def test_the_axes_are_named() -> None:
    """As the chart names them; what the title says already is not said again."""
    objects = named(chart_figure(CHART))
    same = named(chart_figure(ChartSpec(id="c", title="loss", y="loss", channels=CHART.channels)))

    assert objects["x_axis"]["attributes"]["axis_label"] == "step"
    assert objects["y_axis"]["attributes"]["axis_label"] == "cross-entropy"
    assert same["y_axis"]["attributes"].get("axis_label") is None


def test_ranges_are_set_by_the_page() -> None:
    """Fixed ranges: automatic ones would cost a second layout for every paint."""
    objects = named(chart_figure(CHART))

    assert objects["x_range"]["name"] == objects["y_range"]["name"] == "Range1d"


def test_no_figure_needs_code_to_be_evaluated() -> None:
    """Callbacks in a figure would force the page to allow `unsafe-eval`."""
    assert "CustomJS" not in json.dumps(chart_figure(CHART))


def test_a_figure_is_plain_json() -> None:
    """Any JSON writer can send it."""
    assert json.loads(serialize_json(chart_figure(CHART)))["root_id"]


def test_figures_of_one_shape_differ_in_what_they_say() -> None:
    """Each has its own names and numbers, as if it had been built alone."""
    odd = ChartSpec(
        id="c2", title='"slot of x"', x='a "b" \\ é', y="7310000000000",
        channels=[
            channel_spec(0, id="run.0", number=0, name="slot of name 1"),
            channel_spec(1, id="run.4", number=4294967295, name='<"7310000000001">'),
        ],
    )  # fmt: skip
    for spec in (CHART, odd, replace(odd, y=odd.title), replace(odd, x="")):
        assert plain(chart_figure(spec)) == plain(json_item(numeric.build(spec)))


def plain(item: Any) -> Any:
    """*item* without the ids of its models."""
    return json.loads(re.sub(r'"p\d+"|"[0-9a-f-]{36}"', '""', json.dumps(item)))


def test_an_unknown_type_is_refused_by_name() -> None:
    """The error says which types can be drawn."""
    with pytest.raises(UnknownKindError, match=r"'HOLOGRAM', only for .*NUMERIC"):
        chart_figure(ChartSpec(id="c", title="c", type="HOLOGRAM"))


def test_a_kind_is_known_by_its_module() -> None:
    """A further kind is one more file."""
    assert "NUMERIC" in known_kinds()
