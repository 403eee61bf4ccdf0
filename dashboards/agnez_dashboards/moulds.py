"""
Figures of one shape are built once.

To build a figure takes Bokeh a tenth of a second, and charts with as many channels differ only in
names and numbers: these are put into the text of the one that was built.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, cast

from agnez_dashboards.spec import ChartSpec

MOST_CHANNELS: Final = 12
"""Charts of more are rare, their figures large: those are not kept."""
_KEPT: Final = 64
_NUMBERS: Final = 7_310_000_000_000
_SLOT: Final = re.compile(r'"slot of (\w+)( \d+)?"|73100000(\d{5})')

Build = Callable[[ChartSpec], dict[str, Any]]


def cast_figure(spec: ChartSpec, build: Build) -> dict[str, Any]:
    """What *build* makes of *spec*; it is called once for each shape."""
    if len(spec.channels) > MOST_CHANNELS:
        return build(spec)

    def value(slot: re.Match[str]) -> str:
        if slot[3] is not None:
            return str(spec.channels[int(slot[3])].number)
        whole = spec if slot[2] is None else spec.channels[int(slot[2])]
        return json.dumps(getattr(whole, slot[1]))

    return cast("dict[str, Any]", json.loads(_SLOT.sub(value, _mould(_shape(spec), build))))


@lru_cache(maxsize=_KEPT)
def _mould(shape: ChartSpec, build: Build) -> str:
    return json.dumps(build(shape))


def _shape(spec: ChartSpec) -> ChartSpec:
    """*spec* with slots for whatever is said in words; what is alike, or empty, stays so."""
    title = _slot("title", spec.title)
    return replace(
        spec,
        id="",
        title=title,
        x=_slot("x", spec.x),
        y=title if spec.y == spec.title else _slot("y", spec.y),
        channels=tuple(
            replace(channel, id="", number=_NUMBERS + i, name=f"slot of name {i}")
            for i, channel in enumerate(spec.channels)
        ),
    )


def _slot(name: str, text: str) -> str:
    return text and f"slot of {name}"
