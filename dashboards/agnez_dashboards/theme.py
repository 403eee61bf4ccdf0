"""
Colours of the pages and of the figures, in light and in dark.

`theme.json` is the one place where they stand: the style sheets are built from the same file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

Mode = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Stroke:
    """
    How one channel is told from its neighbours: a colour for each mode, a dash and a marker.

    The colours keep apart for the common kinds of colour blindness; dash and marker serve
    everyone else. ``dash`` holds lengths in pixels, empty for a solid line.
    """

    light: str
    dark: str
    dash: tuple[int, ...]
    marker: str


@dataclass(frozen=True, slots=True)
class Theme:
    """
    Tokens by name for each mode, the strokes in the order in which they are handed out, and a
    scale for amounts: ``#rrggbb`` from nothing to most, which the page makes finer.
    """

    light: dict[str, str]
    dark: dict[str, str]
    palette: tuple[Stroke, ...]
    scales: dict[str, tuple[str, ...]]

    def tokens(self, mode: Mode) -> dict[str, str]:
        """Colours by name, ``#rrggbb``."""
        return self.light if mode == "light" else self.dark

    def scale(self, mode: Mode) -> tuple[str, ...]:
        """From the colour of a card to that which stands out most from it."""
        return self.scales[mode]

    def stroke(self, index: int) -> Stroke:
        """The stroke of the *index*-th channel of a chart; begins anew after the last one."""
        return self.palette[index % len(self.palette)]


@lru_cache(maxsize=1)
def theme() -> Theme:
    """The theme of the pages."""
    raw = json.loads(Path(__file__).with_name("theme.json").read_text("utf-8"))
    palette = tuple(Stroke(s["light"], s["dark"], tuple(s["dash"]), s["marker"])
                    for s in raw["palette"])  # fmt: skip
    scales = {mode: tuple(colors) for mode, colors in raw["scale"].items()}
    return Theme(raw["light"], raw["dark"], palette, scales)
