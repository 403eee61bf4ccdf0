"""One image: axes, rows of images, the guess of its layout."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from agnez_client.kinds.figure import encode_figure
from agnez_client.plots import image_figure, image_sequence, imshow, look, to_01c, to_c01

ROOT = Path(__file__).resolve().parents[3]
THEME = json.loads((ROOT / "dashboards" / "agnez_dashboards" / "theme.json").read_text())


@given(arrays.array_shapes(min_dims=3, max_dims=5, max_side=4))
def test_axes_there_and_back(shape: tuple[int, ...]) -> None:
    """Each is the other's inverse, for one image and for batches."""
    x = np.arange(np.prod(shape)).reshape(shape)

    assert (to_c01(to_01c(x)) == x).all()
    assert (to_01c(to_c01(x)) == x).all()
    assert to_01c(x).shape == (*shape[:-3], *shape[-2:], shape[-3])


def test_a_pixel_keeps_its_colours() -> None:
    """[channel, row, column] becomes [row, column, channel]."""
    x = np.arange(24).reshape(2, 3, 4)

    assert to_01c(x)[2, 1].tolist() == [x[0, 2, 1], x[1, 2, 1]]


def test_gray_images_side_by_side() -> None:
    """Row 0 of all images, then row 1."""
    x = [[1, 2, 3, 4], [5, 6, 7, 8]]

    assert image_sequence(x, (2, 2)).tolist() == [[1, 2, 5, 6], [3, 4, 7, 8]]


def test_images_of_colours_side_by_side() -> None:
    """Channels come first in what is given and last in what comes back."""
    x = [[1, 2, 10, 20], [3, 4, 30, 40]]

    assert image_sequence(x, (2, 1, 2)).tolist() == [[[1, 10], [2, 20], [3, 30], [4, 40]]]


@pytest.mark.parametrize(
    ("shape", "size", "mode"),
    [
        ((5, 7), (7, 5), "L"),
        ((3, 5, 7), (7, 5), "RGB"),
        ((5, 7, 3), (7, 5), "RGB"),
        ((3, 5, 3), (3, 5), "RGB"),
        ((1, 5, 7), (7, 5), "L"),
        ((5, 7, 1), (7, 5), "L"),
        ((4, 5, 7), (7, 5), "RGBA"),
        ((4, 7, 4), (7, 4), "RGBA"),
    ],
)
def test_layout_is_guessed(shape: tuple[int, ...], size: tuple[int, int], mode: str) -> None:
    """Two axes are gray; a first axis of 3 is the colours."""
    picture = imshow(np.zeros(shape, np.uint8))

    assert (picture.size, picture.mode) == (size, mode)


def test_values_become_brightness() -> None:
    """Bytes stay; floats are stretched; booleans are black and white."""
    assert np.asarray(imshow(np.array([[3, 9]], np.uint8))).tolist() == [[3, 9]]
    assert np.asarray(imshow([[-1.0, 0.0, 1.0]])).tolist() == [[0, 128, 255]]
    assert np.asarray(imshow([[True, False]])).tolist() == [[255, 0]]


@pytest.mark.parametrize("shape", [(2, 2, 2), (0, 4), (4,), (1, 3, 5, 5)])
def test_what_is_no_image_is_refused(shape: tuple[int, ...]) -> None:
    """The error names the shape."""
    with pytest.raises(ValueError, match=str(shape).replace("(", r"\(").replace(")", r"\)")):
        imshow(np.zeros(shape))


@pytest.mark.parametrize(
    ("x", "shape", "words"),
    [
        (np.zeros((2, 5)), (2, 2), "expected rows of 4 numbers"),
        (np.zeros((2, 4)), (4,), "expected .rows, cols."),
        (np.zeros((2, 0)), (1, 1), "x is empty"),
    ],
)
def test_rows_that_are_no_images(x: Any, shape: tuple[int, ...], words: str) -> None:
    """The error says how many numbers an image takes."""
    with pytest.raises(ValueError, match=words):
        image_sequence(x, shape)


def test_a_figure_holds_the_pixels_with_row_0_on_top() -> None:
    """Bokeh draws upward: the last row comes first; of 32 bits red is the lowest byte."""
    pixels = np.array([[[1, 2, 3]], [[4, 5, 6]]], np.uint8)

    plot = image_figure(pixels, "two pixels", mode="dark")

    (drawn,) = plot.renderers[0].data_source.data["image"]
    assert [hex(v) for v in drawn[:, 0]] == ["0xff060504", "0xff030201"]
    assert (plot.x_range.end, plot.y_range.end) == (1, 2)
    assert plot.styles == {"background": THEME["dark"]["card"]}


def test_pixels_of_a_figure_are_square() -> None:
    """The room inside the margins has the shape of the image, however long it is."""
    plot = image_figure(np.zeros((10, 100)), height=400)

    assert (plot.width, plot.height) == (960, 94 + 2 * look.MARGIN)


def test_a_figure_can_be_sent() -> None:
    """It is what a FIGURE channel takes, with its size."""
    body = encode_figure(image_figure(np.full((4, 8), 7, np.uint8), height=120)).body

    assert (body["format"], body["width"], body["height"]) == ("bokeh", 220, 120)


def test_an_unknown_mode_is_refused() -> None:
    """Only light and dark have colours."""
    with pytest.raises(ValueError, match="mode is 'blue', expected 'light' or 'dark'"):
        image_figure(np.zeros((2, 2)), mode="blue")  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_colours_are_those_of_the_pages(mode: Any) -> None:
    """The SDK holds a copy, because it can't load the pages' package."""
    tokens = look.tokens(mode)
    strokes = [look.stroke(i, mode) for i in range(len(THEME["palette"]))]

    assert {n: getattr(tokens, n) for n in tokens.__slots__} == {
        n: THEME[mode][n] for n in tokens.__slots__
    }
    assert strokes == [(s[mode], s["marker"]) for s in THEME["palette"]]


def test_no_two_of_64_groups_look_alike() -> None:
    """Colours begin anew after eight, with other markers."""
    assert len({look.stroke(i, "light") for i in range(64)}) == 64


def test_the_import_is_light() -> None:
    """`import agnez_client.plots` loads no torch, no bokeh, no Pillow, not even numpy."""
    code = "import sys, agnez_client.plots; print(*{m.partition('.')[0] for m in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert not {"torch", "bokeh", "PIL", "sklearn", "av"} & set(done.stdout.split())
