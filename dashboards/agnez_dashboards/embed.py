"""Figures as JSON, ready for ``Bokeh.embed.embed_item`` in the page."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Protocol, cast

from agnez_dashboards import kinds
from agnez_dashboards.moulds import cast_figure
from agnez_dashboards.spec import ChartSpec, channel_spec

if TYPE_CHECKING:
    from bokeh.plotting import figure


class UnknownKindError(LookupError):
    """No figure is known for this type of channel; ``type`` is its name."""

    def __init__(self, type: str) -> None:
        known = ", ".join(sorted(known_kinds()))
        super().__init__(f"there is no figure for channels of type {type!r}, only for {known}")
        self.type = type


class Kind(Protocol):
    """A module of `agnez_dashboards.kinds`: its file name, in upper case, is the type."""

    def build(self, spec: ChartSpec) -> figure:
        """The figure of *spec*, with named sources which the page fills."""


@lru_cache(maxsize=1)
def known_kinds() -> frozenset[str]:
    """The channel types that can be drawn."""
    return frozenset(module.name.upper() for module in iter_modules(kinds.__path__))


@lru_cache(maxsize=1)
def load_figures() -> None:
    """
    Load Bokeh and draw a line, which the first `chart_figure` would wait for otherwise.

    It takes half a second and 40 MB: a server begins without. Any thread may call it, and it does
    nothing the second time.
    """
    channel = channel_spec(0, id="", number=0, name="any")
    chart_figure(ChartSpec(id="", title="any", y="any", channels=[channel]))


def chart_figure(spec: ChartSpec) -> dict[str, Any]:
    """
    The figure of a chart as ``json_item``. It holds no numbers of the run.

    Raises:
        UnknownKindError: If no module of `agnez_dashboards.kinds` draws ``spec.type``.
    """
    if spec.type not in known_kinds():
        raise UnknownKindError(spec.type)
    return cast_figure(spec, _built)


def _built(spec: ChartSpec) -> dict[str, Any]:
    from bokeh.embed import json_item

    kind = cast(Kind, import_module(f"{kinds.__name__}.{spec.type.lower()}"))
    return cast("dict[str, Any]", json_item(kind.build(spec)))
