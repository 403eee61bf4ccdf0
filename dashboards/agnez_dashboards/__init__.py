"""Figures and pages of Agnez: plain values in, figures out. A leaf: knows no server, no client."""

from agnez_dashboards.assets import (
    BOKEH_SCRIPTS,
    PagesNotBuiltError,
    bokeh_js,
    bokeh_js_gzip,
    page_html,
    pages,
    static_dir,
)
from agnez_dashboards.embed import UnknownKindError, chart_figure, known_kinds, load_figures
from agnez_dashboards.spec import ChannelSpec, ChartSpec, channel_spec
from agnez_dashboards.theme import Stroke, Theme, theme

__all__ = [
    "BOKEH_SCRIPTS",
    "ChannelSpec",
    "ChartSpec",
    "PagesNotBuiltError",
    "Stroke",
    "Theme",
    "UnknownKindError",
    "bokeh_js",
    "bokeh_js_gzip",
    "channel_spec",
    "chart_figure",
    "known_kinds",
    "load_figures",
    "page_html",
    "pages",
    "static_dir",
    "theme",
]
