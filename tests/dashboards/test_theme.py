"""Colours that can be read, and told apart."""

from __future__ import annotations

from itertools import combinations
from math import dist
from typing import Literal

import pytest

from agnez_dashboards import theme

MODES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

# Machado, Oliveira, Fernandes 2009, severity 1.0, for linear RGB.
DEFICIENCIES = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}


def linear(color: str) -> tuple[float, float, float]:
    """Linear RGB of ``#rrggbb`` (IEC 61966-2-1)."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return r, g, b


def contrast(one: str, other: str) -> float:
    """Contrast ratio as WCAG 2 defines it."""
    a, b = (
        sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(color), strict=True))
        for color in (one, other)
    )
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)


def lab(rgb: tuple[float, ...]) -> tuple[float, float, float]:
    """Oklab of linear RGB (Ottosson 2020)."""
    r, g, b = (max(0.0, c) for c in rgb)
    x = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    y = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    z = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * x + 0.7936177850 * y - 0.0040720468 * z,
        1.9779984951 * x - 2.4285922050 * y + 0.4505937099 * z,
        0.0259040371 * x + 0.7827717662 * y - 0.8086757660 * z,
    )


def as_seen(rgb: tuple[float, ...], eyes: str) -> tuple[float, ...]:
    """Linear RGB as *eyes* see it."""
    return tuple(sum(m * c for m, c in zip(row, rgb, strict=True)) for row in DEFICIENCIES[eyes])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", ["ink", "body", "mute", "accent"])
@pytest.mark.parametrize("ground", ["card", "bg"])
def test_text_can_be_read(mode: Literal["light", "dark"], text: str, ground: str) -> None:
    """WCAG AA asks for 4.5 between text and its ground."""
    tokens = theme().tokens(mode)

    assert contrast(tokens[text], tokens[ground]) >= 4.5


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("state", ["running", "finished", "failed", "stopped", "lost"])
def test_states_can_be_read(mode: Literal["light", "dark"], state: str) -> None:
    """The word in a chip stands on the soft colour of its state."""
    tokens = theme().tokens(mode)

    assert contrast(tokens[state], tokens[f"{state}-soft"]) >= 4.5


@pytest.mark.parametrize("mode", MODES)
def test_lines_stand_out_from_the_card(mode: Literal["light", "dark"]) -> None:
    """WCAG asks for 3 between a graphic and its ground."""
    card = theme().tokens(mode)["card"]

    assert min(contrast(getattr(s, mode), card) for s in theme().palette) >= 3


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("eyes", sorted(DEFICIENCIES))
def test_lines_are_told_apart(mode: Literal["light", "dark"], eyes: str) -> None:
    """By colour alone, with the common kinds of colour blindness; 0.02 is one just seen step."""
    seen = [lab(as_seen(linear(getattr(s, mode)), eyes)) for s in theme().palette]

    assert min(dist(a, b) for a, b in combinations(seen[:4], 2)) >= 0.1
    assert min(dist(a, b) for a, b in combinations(seen, 2)) >= 0.08


def test_no_two_strokes_share_dash_or_marker() -> None:
    """Colour is never the only difference."""
    palette = theme().palette

    assert len({s.dash for s in palette}) == len({s.marker for s in palette}) == len(palette)


def test_strokes_begin_anew_after_the_last() -> None:
    """Any number of channels can be drawn."""
    assert theme().stroke(len(theme().palette)) == theme().stroke(0)


def test_both_modes_have_the_same_tokens() -> None:
    """A style sheet may use any token in either mode."""
    assert theme().light.keys() == theme().dark.keys()
