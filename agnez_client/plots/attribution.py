"""
Where in its input a network of torch looked.

Every function takes a batch, leaves the model as it was found (modes, hooks, gradients, parameters,
statistics of batches) and takes nothing from the global random numbers. The model is asked in
evaluation, in the precision of its parameters, on its device; arrays and tensors of any device are
taken. A model of Keras on torch is one too, also with its channels last. A target is the class
whose score is explained: one for all samples, one a sample ``(N,)``, or None: that with the highest
score. Scores are ``(N, classes)``, or ``(N,)`` without a target; what is best explained are logits,
before a softmax.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agnez_client.plots.kerasmodel import has_channels_last, is_of_keras, layers_of
from agnez_client.plots.probe import (
    as_input,
    asked,
    check_module,
    chosen,
    classes_of,
    found_layer,
    kept_output,
    one_output,
    probed,
)
from agnez_client.plots.shapes import Floats, whole
from agnez_client.shown import shown


def saliency(model: nn.Module, x: Any, target: Any = None) -> Floats:
    """
    How much the score changes with each pixel: the magnitude of its gradient, of the channel where
    it is largest. Source: Simonyan, Vedaldi, Zisserman 2014, "Deep inside convolutional networks".

    Args:
        model: Gives scores.
        x: ``(N, C, H, W)``, finite, or as the model of Keras has it ``(N, H, W, C)``; or ``(N, …)``
            of any other shape.
        target: See the module.

    Returns:
        ``(N, H, W)`` float32, 0 or more; of another shape than images, as *x*.

    Raises:
        ValueError: If *x* is no finite batch that the model takes, the target is no class, or the
            score does not depend on *x*.
    """
    with probed(model):
        return _strongest(model, _gradient(model, as_input(model, x), target))


def smooth_grad(
    model: nn.Module,
    x: Any,
    target: Any = None,
    *,
    samples: int = 25,
    noise: float = 0.15,
    seed: int = 0,
) -> Floats:
    """
    The same of the mean gradient over noisy copies of *x*: much less grain. Source: Smilkov and
    others 2017, "SmoothGrad".

    Args:
        model, x, target: As for `saliency`; the class is that of *x* without noise.
        samples: Noisy copies of each sample, at least 1.
        noise: Standard deviation of the normal noise, as a share of each sample's range; 0 or more.
        seed: Of the noise.

    Returns:
        As `saliency`.

    Raises:
        ValueError: As `saliency`; and if there are no samples, or the noise is negative.
    """
    samples = whole(samples, "samples", 1)
    if not noise >= 0:
        raise ValueError(f"noise is {shown(noise)}, expected 0 or more")
    with probed(model):
        clean = as_input(model, x)
        target = _fixed(model, clean, target)
        flat = clean.flatten(1)
        spread = noise * (flat.amax(1) - flat.amin(1)).reshape(-1, *[1] * (clean.ndim - 1))
        random = torch.Generator().manual_seed(seed)
        total = torch.zeros_like(clean)
        for _ in range(samples):
            grain = torch.randn(clean.shape, generator=random, dtype=clean.dtype)
            total += _gradient(model, clean + spread * grain.to(clean.device), target)
        return _strongest(model, total / samples)


def integrated_gradients(
    model: nn.Module, x: Any, target: Any = None, *, baseline: Any = None, steps: int = 50
) -> Floats:
    """
    How much each value of *x* adds to the score, compared with a baseline: the gradients on the
    straight way from there, integrated. They sum to score(x) - score(baseline), up to the error of
    the integral. Source: Sundararajan, Taly, Yan 2017, "Axiomatic attribution for deep networks".

    Args:
        model, x, target: As for `saliency`; the class is that of *x*.
        baseline: What counts as nothing: a number, or an array that broadcasts to *x*; 0 if None.
        steps: Points of the Gauss-Legendre quadrature, at least 1; each is one pass of the batch.

    Returns:
        The shape of *x*, float32: positive values speak for the class, negative ones against it.

    Raises:
        ValueError: As `saliency`; and if the baseline does not fit.
    """
    points, weights = np.polynomial.legendre.leggauss(whole(steps, "steps", 1))
    with probed(model):
        end = as_input(model, x)
        start = _baseline(end, baseline)
        target = _fixed(model, end, target)
        total = torch.zeros_like(end)
        for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
            total += float(weight) * _gradient(model, start + float(point) * (end - start), target)
        return _floats((end - start) * total)


def grad_cam(
    model: nn.Module,
    x: Any,
    target: Any = None,
    *,
    layer: nn.Module | str | int | None = None,
    upsample: bool = True,
) -> Floats:
    """
    Which places of a convolution speak for the class: its channels, each weighted with the mean
    gradient of the score, summed; what speaks against it is 0. Source: Selvaraju and others 2017,
    "Grad-CAM".

    Args:
        model, x, target: As for `saliency`; *x* is images.
        layer: One that gives ``(N, K, h, w)``: the module, its dotted name, or its number among the
            model's children (layers, of Keras); the last convolution without it. Where it is called
            several times, the last one counts.
        upsample: True: enlarged to ``(H, W)``, bilinear. False: ``(h, w)`` of the layer.

    Returns:
        ``(N, H, W)`` or ``(N, h, w)``, float32, 0 or more, not scaled.

    Raises:
        ValueError: As `saliency`; and if there is no such layer, the model does not call it, or it
            gives another shape.
    """
    watched = _last_convolution(model) if layer is None else found_layer(model, layer)
    is_last = has_channels_last(model)
    with probed(model), kept_output(watched) as kept:
        given = as_input(model, x).requires_grad_()
        if given.ndim != 4:
            axes = "(N, H, W, C)" if is_last else "(N, C, H, W)"
            raise ValueError(f"x has the shape {tuple(given.shape)}, expected {axes}")
        score = chosen(_scores(model, given), target)
        maps = one_output(kept)
        if maps.ndim != 4:
            axes = "(N, h, w, K)" if is_last else "(N, K, h, w)"
            raise ValueError(f"the layer gives {tuple(maps.shape)}, expected {axes}")
        places, channels = ((1, 2), 3) if is_last else ((2, 3), 1)
        weights = _derivative(score, maps).mean(dim=places, keepdim=True)
        heat = torch.relu((weights * maps).sum(dim=channels))[:, None]
        if upsample:
            size = [given.shape[axis] for axis in places]
            heat = nn.functional.interpolate(heat, size=size, mode="bilinear")
        return _floats(heat[:, 0])


def _gradient(model: nn.Module, x: Tensor, target: Any) -> Tensor:
    """Of the chosen scores with respect to *x*; samples do not touch each other in evaluation."""
    leaf = x.detach().requires_grad_()
    return _derivative(chosen(_scores(model, leaf), target), leaf)


def _derivative(score: Tensor, by: Tensor) -> Tensor:
    try:
        (found,) = torch.autograd.grad(score.sum(), by)
    except RuntimeError as error:
        raise ValueError(f"the score has no gradient: {error}") from error
    return found


def _scores(model: nn.Module, x: Tensor) -> Tensor:
    scores = asked(model, x)
    if not isinstance(scores, Tensor):
        raise ValueError(f"the model gives {shown(scores)}, expected a tensor of scores")
    if scores.ndim and len(scores) != len(x):
        raise ValueError(f"the model gives {tuple(scores.shape)}, expected scores of {len(x)}")
    return scores


def _fixed(model: nn.Module, x: Tensor, target: Any) -> Any:
    """The target, told from *x* itself where it is None."""
    if target is not None:
        return target
    with torch.no_grad():
        scores = _scores(model, x)
    return classes_of(scores, None).cpu() if scores.ndim == 2 else None


def _baseline(end: Tensor, baseline: Any) -> Tensor:
    if baseline is None:
        return torch.zeros_like(end)
    array = np.asarray(baseline.detach().cpu() if hasattr(baseline, "detach") else baseline)
    try:
        full = np.array(np.broadcast_to(array.astype(np.float64), tuple(end.shape)))
    except (ValueError, TypeError):
        raise ValueError(
            f"baseline has the shape {array.shape}, expected {tuple(end.shape)}, or what broadcasts"
        ) from None
    return torch.from_numpy(full).to(end)


def _last_convolution(model: nn.Module) -> nn.Module:
    check_module(model)
    if is_of_keras(model):
        found = [one for one in layers_of(model) if "Conv2D" in type(one).__name__]
    else:
        found = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    if not found:
        raise ValueError("the model has no nn.Conv2d: name the layer that gives (N, K, h, w)")
    return found[-1]


def _strongest(model: nn.Module, gradient: Tensor) -> Floats:
    """Of images without their channels; they stand where the model has them."""
    magnitude = gradient.abs()
    if magnitude.ndim != 4:
        return _floats(magnitude)
    return _floats(magnitude.amax(dim=3 if has_channels_last(model) else 1))


def _floats(tensor: Tensor) -> Floats:
    array: Floats = tensor.detach().float().cpu().numpy()
    return array
