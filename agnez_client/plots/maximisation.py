"""
What a unit of a network of torch would like to see.

The model is left as it was found, see attribution.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from agnez_client.plots.kerasmodel import has_channels_last
from agnez_client.plots.probe import (
    asked,
    check_module,
    found_layer,
    kept_output,
    one_output,
    place_of,
    probed,
)
from agnez_client.plots.shapes import Floats, checked_bounds, whole

Progress = Callable[[int, float], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Maximised:
    """
    ``images`` ``(count, C, H, W)`` float32, in the range of the model's inputs; ``curve``
    ``(steps + 1,)`` float64: the mean activation of the unit before each step and after the last.
    """

    images: Floats
    curve: npt.NDArray[np.float64]


def activation_maximisation(
    model: nn.Module,
    unit: int,
    shape: Sequence[int],
    *,
    layer: nn.Module | str | int | None = None,
    steps: int = 128,
    rate: float = 0.05,
    decay: float = 0.3,
    variation: float = 0.3,
    jitter: int | None = None,
    bounds: tuple[float, float] | None = (0.0, 1.0),
    count: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
) -> Maximised:
    """
    Images that excite a unit: from noise, uphill along the gradient. Sources: Erhan and others
    2009, "Visualizing higher-layer features of a deep network"; Simonyan and others 2014 (decay);
    Mahendran and Vedaldi 2016 (variation, jitter).

    Args:
        model: Takes ``(N, *shape)``.
        unit: Number of the class or channel in the layer's output ``(N, units)`` or
            ``(N, units, h, w)``, of which the mean over places is taken.
        shape: Of one input, ``(C, H, W)``; ``(n,)`` for a dense network. Images of Keras
            with channels last are not taken.
        layer: The module, its dotted name, or its number among the model's children; the model
            itself without it. Logits serve better than what a softmax made of them.
        steps: Of Adam, at least 1.
        rate: Its learning rate, in the range of the inputs.
        decay: Pull of each value to the middle of *bounds* (or 0), as a share of the mean magnitude
            of the unit's gradient: the same number does as much in every network.
        variation: The same for the total variation, the sum of differences between neighbouring
            pixels; images only. Larger values make smoother images.
        jitter: The image is shifted by up to so many pixels, round its edges, before each step; a
            sixteenth of its shorter side without it; images only.
        bounds: Values that the inputs keep to; None: any.
        count: Images, which begin at different noise.
        seed: Of the noise and the shifts; equal seeds give equal images on one machine.
        progress: Called with the step and the mean activation after each step; what it raises ends
            the search.

    Raises:
        ValueError: If there is no such unit or layer, or an argument is out of its range.
    """
    steps, count = whole(steps, "steps", 1), whole(count, "count", 1)
    check_module(model)
    if len(shape) == 3 and has_channels_last(model):
        raise ValueError(
            "model takes (H, W, C), channels last, expected (C, H, W): wrap it in an nn.Module "
            "whose forward gives it x.permute(0, 2, 3, 1)"
        )
    watched = model if layer is None else found_layer(model, layer)
    middle = 0.0 if bounds is None else (checked_bounds(bounds)[0] + bounds[1]) / 2
    random = torch.Generator().manual_seed(seed)
    with probed(model):
        image = _noise(model, (count, *(whole(n, "shape", 1) for n in shape)), middle, random)
        room = _jitter(image, jitter)
        adam = torch.optim.Adam([image], lr=rate)
        curve = []
        for step in range(steps):
            activation = _activation(model, watched, _shifted(image, room, random), unit)
            curve.append(activation.mean().item())
            image.grad = _downhill(activation, image, middle, decay, variation)
            adam.step()
            if bounds is not None:
                image.data.clamp_(*bounds)
            if progress is not None:
                progress(step, curve[-1])
        curve.append(_activation(model, watched, image, unit).mean().item())
        return Maximised(image.detach().float().cpu().numpy(), np.array(curve))


def _noise(
    model: nn.Module, shape: tuple[int, ...], middle: float, random: torch.Generator
) -> Tensor:
    device, dtype = place_of(model)
    noise = torch.randn(shape, generator=random) * 0.05 + middle
    return noise.to(device, dtype).requires_grad_()


def _jitter(image: Tensor, jitter: int | None) -> int:
    if image.ndim != 4:
        return 0
    return min(image.shape[2:]) // 16 if jitter is None else whole(jitter, "jitter")


def _shifted(image: Tensor, jitter: int, random: torch.Generator) -> Tensor:
    if not jitter:
        return image
    down, right = torch.randint(-jitter, jitter + 1, (2,), generator=random).tolist()
    return image.roll((down, right), dims=(2, 3))


def _activation(model: nn.Module, layer: nn.Module, x: Tensor, unit: int) -> Tensor:
    """Of the unit for each image, ``(N,)``."""
    with kept_output(layer) as kept:
        asked(model, x)
    output = one_output(kept)
    if output.ndim < 2:
        raise ValueError(f"the layer gives {tuple(output.shape)}, expected (N, units, …)")
    if whole(unit, "unit") >= output.shape[1]:
        raise ValueError(f"unit is {unit}, the layer has units 0 to {output.shape[1] - 1}")
    return output[:, unit].flatten(1).mean(dim=1) if output.ndim > 2 else output[:, unit]


def _downhill(
    activation: Tensor, image: Tensor, middle: float, decay: float, variation: float
) -> Tensor:
    """The gradient of what is made small: against the activation, and for the regularisers."""
    (rise,) = torch.autograd.grad(activation.sum(), image)
    size = rise.abs().flatten(1).mean(1).clamp_min(torch.finfo(rise.dtype).tiny)
    cost = decay / 2 * (image - middle).square().sum()
    if image.ndim == 4:
        cost = cost + variation * (image.diff(dim=2).abs().sum() + image.diff(dim=3).abs().sum())
    (fall,) = torch.autograd.grad(cost, image)
    return fall - rise / size.reshape(-1, *[1] * (image.ndim - 1))
