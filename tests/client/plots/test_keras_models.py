"""The real Keras: its variables are arrays, its models have preferences."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "torch"

from typing import Any

import keras
import numpy as np
import pytest

from agnez_client.plots import DeepPref, grid2d, img_grid, pref_grid


@pytest.fixture(scope="module")
def dense() -> Any:
    """A network ``(N, 16)`` to nine units to five."""
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((16,)),
            keras.layers.Dense(9, activation="relu"),
            keras.layers.Dense(5),
        ]
    )


def test_variables_are_read_as_arrays(dense: Any) -> None:
    """The kernel itself, as it is trained."""
    kernel = dense.layers[0].kernel

    expected = kernel.value.detach().numpy()
    assert (grid2d(kernel) == grid2d(expected)).all()
    assert (img_grid(keras.ops.reshape(kernel, (9, 1, 4, 4))) > 0).any()


@pytest.mark.parametrize("layer", [1, -1])
def test_filters_that_units_prefer(dense: Any, layer: int) -> None:
    """As `pref_grid` of the responses to its own filters, worked out with numpy."""
    pref = DeepPref(dense, layer, num_preferred=3, seed=0)

    first, second = (layer.kernel.value.detach().numpy() for layer in dense.layers)
    responses = np.maximum(first.T @ first, 0) @ second  # the biases are zeros
    assert (pref.get_pref() == pref_grid(responses.T[pref.idx], first.T, 3)).all()


def test_models_without_preferences(dense: Any) -> None:
    """The error says what the model lacks."""
    with pytest.raises(ValueError, match="the model has 2 layers, none is 7"):
        DeepPref(dense, 7)
    convolution = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3)])
    with pytest.raises(ValueError, match="expected a matrix"):
        DeepPref(convolution, 0)
