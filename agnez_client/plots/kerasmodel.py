"""
Models of Keras on torch: modules as others are, but their layers are none of their `modules()`, and
their images may have the channels last.
"""

from __future__ import annotations

from typing import Any

from agnez_client.shown import shown


def is_of_keras(model: Any) -> bool:
    """Whether *model* is one of Keras."""
    return hasattr(model, "get_layer") and hasattr(model, "layers")


def layers_of(model: Any) -> list[Any]:
    """The layers of a model of Keras in their order, those of models within it in their place."""
    found = []
    for layer in model.layers:
        found += layers_of(layer) if is_of_keras(layer) else [layer]
    return found


def has_channels_last(model: Any) -> bool:
    """Whether the images that *model* takes are ``(N, H, W, C)``: its first layer that knows."""
    if not is_of_keras(model):
        return False
    told = [one.data_format for one in layers_of(model) if hasattr(one, "data_format")]
    return bool(told) and told[0] == "channels_last"


def found_keras_layer(model: Any, layer: Any) -> Any:
    """
    A layer of a model of Keras: itself, by its name, or by its number among the model's layers.

    Raises:
        ValueError: If the model has no such layer; names those it has.
    """
    every = layers_of(model)
    if isinstance(layer, int) and -len(model.layers) <= layer < len(model.layers):
        return model.layers[layer]
    for one in every:
        if one is layer or (isinstance(layer, str) and one.name == layer):
            return one
    names = ", ".join(one.name for one in every)
    what = repr(layer)[:80] if isinstance(layer, str | int) else shown(layer)
    raise ValueError(f"the model has no layer {what}; it has {names:.300}")
