"""Which filters of a first layer the units above it prefer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from agnez_client.kinds.arrays import Array, as_array
from agnez_client.plots.grids import grid2d
from agnez_client.plots.shapes import as_floats, shaped, whole
from agnez_client.shown import shown

if TYPE_CHECKING:
    from torch import nn

Feed = Callable[[Array], Array]


def pref_grid(
    above: Any,
    bellow: Any = None,
    num_preferred: int = 9,
    abs_value: bool = True,
    pad_row: int = 5,
    *,
    below: Any = None,
) -> npt.NDArray[np.uint8]:
    """
    For each unit of a layer, the filters of the layer below that it weighs most. Source: agnez.

    Args:
        above: ``(units, filters)``: the weights of each unit.
        bellow, below: ``(filters, n)``: the filters, flattened images as `grid2d` takes them. The
            first is the original's spelling.
        num_preferred: Filters shown for a unit; all where there are fewer.
        abs_value: True: the largest magnitudes. False: the largest weights.
        pad_row: Pixels between the rows of units.

    Returns:
        ``uint8`` ``(H, W)`` as by `grid2d`: a row for each unit, the most preferred filter first
        (of equal ones that with the lower number; NaN last), with one pixel of frame.

    Raises:
        ValueError: If the shapes do not fit, or an array is empty.
    """
    if (bellow is None) == (below is None):
        raise ValueError("bellow and below are two spellings of one argument: give one of them")
    filters = shaped(below if bellow is None else bellow, "filters, n", "below")
    weights = shaped(above, "units, filters", "above")
    if weights.shape[1] != filters.shape[0]:
        raise ValueError(
            f"above has the shape {weights.shape} and below {filters.shape}, expected a column of "
            "above for each row of below"
        )
    order = _by_preference(as_floats(weights), num_preferred, abs_value)
    return _framed(_rows(filters, order), order.shape[1], pad_row)


class DeepPref:
    """
    The same through a whole network: each filter of the first layer goes through the network as an
    input, and of some units of a layer above are shown the filters to which they respond most.
    Source: agnez, `DeepPref`.

    Args:
        model: A `torch.nn.Module` or a model of Keras whose first weights are a matrix (a dense
            layer), and which takes inputs ``(N, n)``.
        layer: The observed layer: its number among the model's children (torch) or layers (Keras),
            negative ones from the end; for torch its name or the module itself too. Its output is
            ``(N, units)``.
        num_preferred: How many units are drawn by lot, and how many filters are shown of each; all
            where there are fewer.
        abs_value: True: the largest magnitudes. False: the largest responses.
        pad_row: Pixels between the rows of units.
        sum_preferences: One image a unit: the mean of its preferred filters, where responses are
            compared after a softmax over the layer.
        seed: Of the lot, a whole number; None: another one each time.

    Raises:
        ValueError: If there is no such layer, or the model has no such weights.
    """

    def __init__(
        self,
        model: Any,
        layer: Any,
        num_preferred: int = 10,
        abs_value: bool = True,
        pad_row: int = 5,
        sum_preferences: bool = False,
        *,
        seed: int | None = None,
    ) -> None:
        self.model, self.layer = model, layer
        self.num_preferred = whole(num_preferred, "num_preferred", 1)
        self.abs_value, self.pad_row, self.sum_preferences = abs_value, pad_row, sum_preferences
        _, responses = self._look()
        lot = np.random.default_rng(seed).permutation(responses.shape[1])
        self.idx = lot[: self.num_preferred]
        """The numbers of the units that are shown, in their order."""

    def get_pref(self) -> npt.NDArray[np.uint8]:
        """
        The picture for the weights of now, ``uint8`` ``(H, W)``: a row for each unit of ``idx``, or
        one image a unit where the preferences are summed.
        """
        filters, responses = self._look()
        if self.sum_preferences:
            responses = _softmax(responses)
        order = _by_preference(responses[:, self.idx].T, self.num_preferred, self.abs_value)
        if self.sum_preferences:
            return _framed(filters[order].mean(axis=1), False, self.pad_row)
        return _framed(_rows(filters, order), order.shape[1], self.pad_row)

    def _look(self) -> tuple[Array, Array]:
        """The first layer's filters ``(k, n)`` and the responses to them ``(k, units)``."""
        look = _torch if _is_torch(self.model) else _keras
        filters, feed = look(self.model, self.layer)
        responses = feed(filters)
        if responses.ndim != 2:
            raise ValueError(f"the layer gives {responses.shape}, expected (N, units)")
        return as_floats(filters), as_floats(responses)


def _by_preference(weights: Array, count: int, abs_value: bool) -> npt.NDArray[np.intp]:
    """Of each row the columns with the largest values, ``(rows, at most count)``."""
    ranked = np.where(np.isnan(weights), -np.inf, np.abs(weights) if abs_value else weights)
    return np.argsort(-ranked, axis=1, kind="stable")[:, : whole(count, "num_preferred", 1)]


def _rows(filters: Array, order: npt.NDArray[np.intp]) -> Array:
    return filters[order].reshape(-1, filters.shape[1])


def _framed(rows: Array, columns: int | bool, pad_row: int) -> npt.NDArray[np.uint8]:
    visual = grid2d(rows, display_cols=columns, pad_row=pad_row)
    cut = max(pad_row - 1, 0)
    return visual[cut : visual.shape[0] - cut]


def _softmax(responses: Array) -> Array:
    powers = np.exp(responses - responses.max(axis=1, keepdims=True))
    shares: Array = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _is_torch(model: Any) -> bool:
    return any(base.__module__.startswith("torch.nn") for base in type(model).__mro__) and not (
        hasattr(model, "get_layer")  # a model of Keras on torch is a module as well
    )


def _torch(model: nn.Module, layer: Any) -> tuple[Array, Feed]:
    from agnez_client.plots.probe import as_input, found_layer, outputs_of

    weight = next((p for p in model.parameters() if p.ndim >= 2), None)
    if weight is None or weight.ndim != 2:
        found = "none" if weight is None else f"those of the shape {tuple(weight.shape)}"
        raise ValueError(f"the first weights of the model are {found}, expected a matrix")
    observed = found_layer(model, layer)

    def feed(filters: Array) -> Array:
        output = outputs_of(model, observed, as_input(model, filters))
        array: Array = output.detach().float().cpu().numpy()
        return array

    return weight.detach().float().cpu().numpy().copy(), feed


def _keras(model: Any, layer: Any) -> tuple[Array, Feed]:
    if not hasattr(model, "layers") or not hasattr(model, "predict_on_batch"):
        raise ValueError(f"model is {shown(model)}, expected a module of torch or a model of Keras")
    import keras

    kernel = next((w for w in model.trainable_weights if len(w.shape) >= 2), None)
    if kernel is None or len(kernel.shape) != 2:
        found = "none" if kernel is None else f"those of the shape {tuple(kernel.shape)}"
        raise ValueError(f"the first weights of the model are {found}, expected a matrix")
    try:
        observed = model.layers[layer]
    except (IndexError, TypeError):
        raise ValueError(f"the model has {len(model.layers)} layers, none is {layer!r}") from None
    inputs = model.inputs[0] if len(model.inputs) == 1 else model.inputs
    part = keras.Model(inputs, observed.output)
    return as_array(kernel).T, lambda filters: as_array(part(filters, training=False))
