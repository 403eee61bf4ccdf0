"""Heat over images: colours and shares worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from agnez_client.plots import heat_colours, overlay

FIRST, LAST = (12, 7, 134), (239, 248, 33)  # the ends of the scale "plasma"
GRAY = np.array([[100, 200]], np.uint8)


def test_heat_covers_the_image_where_it_is_strong() -> None:
    """No heat leaves the gray; the strongest is its colour, as far as it is opaque."""
    assert overlay(GRAY, [[0.0, 4.0]], opacity=1, cut=100).tolist() == [[[100] * 3, list(LAST)]]
    half = [(v + 200) / 2 for v in LAST]
    np.testing.assert_allclose(overlay(GRAY, [[0.0, 4.0]], 0.5, 100)[0, 1], half, atol=0.51)


def test_heat_of_both_signs_is_orange_and_blue() -> None:
    """For and against, as strong as their magnitudes."""
    mixed = overlay(np.zeros((1, 3), np.uint8), [[-2.0, 0.0, 1.0]], opacity=1, cut=100)

    assert mixed.tolist() == [[[58, 110, 255], [0, 0, 0], [128, 70, 13]]]


def test_channels_of_heat_are_summed() -> None:
    """As integrated gradients have them; of an image in colours its brightness is left."""
    image = np.zeros((3, 1, 2), np.uint8)
    image[1] = 100

    mixed = overlay(image, torch.tensor([[[0.0, 1.0]], [[0.0, 1.0]]]), opacity=1, cut=100)

    assert mixed.tolist() == [[[59, 59, 59], list(LAST)]]  # 0.587 * 100


def test_heat_is_resized_to_the_image() -> None:
    """A map of a layer lies over the whole image."""
    mixed = overlay(np.zeros((8, 8)), np.ones((2, 2)), opacity=1)

    assert mixed.shape == (8, 8, 3)
    assert (mixed == LAST).all()


def test_a_batch_is_a_batch_of_images() -> None:
    """Each has its own strongest heat."""
    images = np.zeros((2, 1, 5, 5))
    heat = np.stack([np.eye(5), 100 * np.eye(5)])

    mixed = overlay(images, heat)

    assert mixed.shape == (2, 5, 5, 3)
    assert (mixed[0] == mixed[1]).all()


def test_the_cut_keeps_one_pixel_from_darkening_all() -> None:
    """What is above the percentile is as strong as what is at it."""
    heat = np.ones((10, 10))
    heat[0, 0] = 1000

    assert heat_colours(heat, 99)[1].min() == 1
    assert heat_colours(heat, 100)[1][1, 1] == pytest.approx(0.001)


def test_what_has_no_heat() -> None:
    """Zeros, and NaN, are at the beginning of the scale without strength."""
    colours, strength = heat_colours([[0.0, np.nan, np.inf]])

    assert colours.tolist() == [[list(FIRST)] * 3]
    assert strength.tolist() == [[0, 0, 0]]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: overlay(GRAY, [1.0]), r"heat has the shape \(1,\), expected \(h, w\)"),
        (lambda: overlay(np.zeros((2, 1, 4, 4)), np.ones((3, 4, 4))), "2 images and 3 heats"),
        (lambda: overlay(GRAY, GRAY, opacity=2), "opacity is 2, expected 0 to 1"),
        (lambda: overlay(GRAY, GRAY, cut=0), "cut is 0"),
        (lambda: overlay(GRAY, []), "heat is empty"),
    ],
)
def test_what_can_not_be_laid_over(call: Any, words: str) -> None:
    """The error says what was wrong and what was expected."""
    with pytest.raises(ValueError, match=words):
        call()
