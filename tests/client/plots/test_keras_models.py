"""The real Keras: its variables are arrays, its models have preferences."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "torch"

from typing import Any

import keras
import numpy as np
import pytest

from agnez_client.plots import (
    DeepPref,
    activation_maximisation,
    grad_cam,
    grid2d,
    img_grid,
    integrated_gradients,
    pref_grid,
    saliency,
)


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


def convolutional(data_format: str) -> Any:
    """Images of 3 channels to two convolutions to five scores; the same weights in both formats."""
    keras.utils.set_random_seed(0)
    kept = {"data_format": data_format}
    return keras.Sequential(
        [
            keras.Input((8, 9, 3) if data_format == "channels_last" else (3, 8, 9)),
            keras.layers.Conv2D(4, 3, activation="relu", **kept),
            keras.layers.Conv2D(6, 3, name="second", **kept),
            keras.layers.GlobalAveragePooling2D(**kept),
            keras.layers.Dense(5),
        ]
    )


@pytest.mark.parametrize("layer", [None, 0, "second"])
def test_channels_last_are_looked_at_as_channels_first(layer: Any) -> None:
    """The same network on the same images, in Keras' other format, looks at the same places."""
    x = np.random.default_rng(0).random((2, 8, 9, 3), np.float32)
    first, last = convolutional("channels_first"), convolutional("channels_last")
    turned = x.transpose(0, 3, 1, 2)

    np.testing.assert_allclose(saliency(last, x), saliency(first, turned), atol=1e-6)
    theirs = integrated_gradients(first, turned, steps=3).transpose(0, 2, 3, 1)
    np.testing.assert_allclose(integrated_gradients(last, x, steps=3), theirs, atol=1e-6)
    ours = grad_cam(last, x, layer=layer)
    assert ours.shape == (2, 8, 9) and ours.any()
    np.testing.assert_allclose(ours, grad_cam(first, turned, layer=layer), atol=1e-6)


def test_what_models_with_channels_last_are_not_asked() -> None:
    """The error says what to do."""
    net = convolutional("channels_last")
    with pytest.raises(ValueError, match=r"channels last.*x.permute\(0, 2, 3, 1\)"):
        activation_maximisation(net, 0, (8, 9, 3), steps=1)
    with pytest.raises(ValueError, match=r"it has conv2d.*, second, "):
        grad_cam(net, np.zeros((1, 8, 9, 3)), layer="third")
    with pytest.raises(ValueError, match=r"fails on x of the shape \(1, 3, 8, 9\)"):
        saliency(net, np.zeros((1, 3, 8, 9)))
