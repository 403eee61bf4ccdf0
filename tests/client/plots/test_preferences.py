"""Preferences: which filters come in which order, worked out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from agnez_client.plots import DeepPref, grid2d, pref_grid

ABOVE = np.array([[3.0, -5.0, 1.0], [0.0, 1.0, -2.0]])
BELOW = np.array([[7.0], [-7.0], [0.0]])  # as images: white, black, gray


@pytest.mark.parametrize(
    ("abs_value", "first", "second"),
    [
        (True, [0, 0, 0, 255, 0], [0, 127, 0, 0, 0]),  # |−5|, 3; |−2|, 1
        (False, [0, 255, 0, 127, 0], [0, 0, 0, 255, 0]),  # 3, 1; 1, 0
    ],
)
def test_a_row_for_each_unit_the_most_preferred_first(
    abs_value: bool, first: list[int], second: list[int]
) -> None:
    """Two units, two of three filters each."""
    grid = pref_grid(ABOVE, BELOW, num_preferred=2, abs_value=abs_value, pad_row=1)

    line = [0, 0, 0, 0, 0]
    assert grid.tolist() == [line, first, line, second, line]


@pytest.mark.parametrize(("pad_row", "height"), [(5, 1 + 4 + 5 + 4 + 1), (1, 11), (0, 8)])
def test_the_frame_is_one_pixel(pad_row: int, height: int) -> None:
    """Wide lines between units, one pixel above the first and below the last; none without."""
    below = np.ones((3, 16))

    assert pref_grid(ABOVE, below, 3, pad_row=pad_row).shape == (height, 1 + 3 * 5)


def test_fewer_filters_than_asked_for() -> None:
    """All of them are shown, however many units there are."""
    assert pref_grid(np.ones((11, 3)), below=BELOW).shape == (11 * 6 - 5 + 2, 7)


def test_both_spellings() -> None:
    """`below` is `bellow`."""
    assert (pref_grid(ABOVE, below=BELOW) == pref_grid(ABOVE, bellow=BELOW)).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pref_grid(ABOVE), "two spellings of one argument"),
        (lambda: pref_grid(ABOVE, BELOW, below=BELOW), "two spellings of one argument"),
        (lambda: pref_grid(ABOVE, BELOW[:2]), r"\(2, 3\) and below \(2, 1\)"),
        (lambda: pref_grid(ABOVE, BELOW, 0), "num_preferred is 0, expected at least 1"),
        (lambda: pref_grid(ABOVE[:0], BELOW), "above is empty"),
    ],
)
def test_layers_that_do_not_fit(call: Any, words: str) -> None:
    """The error says what was wrong and what was expected."""
    with pytest.raises(ValueError, match=words):
        call()


FILTERS = np.array([[1.0, 0, 0, 0], [0, 2, 0, 0], [0, 0, 3, 0]])
# The filters as inputs give 1, 4, 9 each on its own unit, so the second layer gives for them:
RESPONSES = np.array([[1.0, -4.0, 4.5], [0.1, 0.8, 0.9]])


def network() -> nn.Sequential:
    """Dense, without bias, with the weights above."""
    net = nn.Sequential(
        nn.Linear(4, 3, bias=False), nn.ReLU(), nn.Dropout(), nn.Linear(3, 2, bias=False)
    )
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor(FILTERS))
        net[3].weight.copy_(torch.tensor([[1, -1, 0.5], [0.1, 0.2, 0.1]]))
    return net


@pytest.mark.parametrize("layer", [3, -1, "3"])
def test_filters_that_units_of_a_deep_layer_prefer(layer: Any) -> None:
    """Filters go through the network as inputs; its dropout is off."""
    pref = DeepPref(network(), layer, num_preferred=2, seed=1)

    assert sorted(pref.idx) == [0, 1]
    assert (pref.get_pref() == pref_grid(RESPONSES[pref.idx], FILTERS, 2)).all()


def test_preferences_summed_to_one_image_a_unit() -> None:
    """Shares of a softmax decide: filters 2 and 0 for the first unit, 1 and 0 for the second."""
    pref = DeepPref(network(), 3, num_preferred=2, sum_preferences=True, seed=0)

    means = np.array([[0.5, 0, 1.5, 0], [0.5, 1, 0, 0]])[pref.idx]
    assert (pref.get_pref() == grid2d(means, pad_row=5)[4:-4]).all()


def test_the_picture_follows_the_weights_and_leaves_them() -> None:
    """The units stay the same; modes and gradients of the model are not touched."""
    net = network()
    pref = DeepPref(net, 3, num_preferred=1, seed=4)
    before = pref.get_pref()
    with torch.no_grad():
        net[0].weight.mul_(torch.tensor([[1.0], [1.0], [-1.0]]))

    after = pref.get_pref()

    assert before.shape == after.shape
    assert net.training
    assert all(p.grad is None for p in net.parameters())


def test_the_lot_is_drawn_by_its_seed() -> None:
    """No unit twice; equal seeds, equal units."""
    net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 50))
    first, second = (DeepPref(net, 1, 20, seed=7).idx for _ in range(2))

    assert (first == second).all()
    assert len(set(first.tolist())) == 20


@pytest.mark.parametrize(
    ("model", "layer", "words"),
    [
        (nn.Sequential(nn.Conv2d(1, 2, 3)), 0, r"shape \(2, 1, 3, 3\), expected a matrix"),
        (nn.Sequential(nn.ReLU()), 0, "first weights of the model are none"),
        (network(), 9, "no layer 9; it has 0, 1, 2, 3"),
        (network(), "head", "no layer 'head'"),
        (network(), nn.ReLU(), "not part of the model"),
        (object(), 0, "model is an object, expected a module of torch or a model of Keras"),
    ],
)
def test_models_without_preferences(model: Any, layer: Any, words: str) -> None:
    """The error says what the model lacks."""
    with pytest.raises(ValueError, match=words):
        DeepPref(model, layer)
