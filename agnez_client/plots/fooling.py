"""
What deceives a network of torch.

The model is left as it was found, see attribution.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from agnez_client.plots.probe import as_input, asked, classes_of, probed
from agnez_client.plots.shapes import Floats, checked_bounds, whole
from agnez_client.shown import shown


@dataclass(frozen=True, slots=True, eq=False)
class Fooled:
    """
    ``images`` as *x*, float32; ``before`` and ``after`` ``(N,)`` int64, the classes of the model;
    ``noise`` = images - x.
    """

    images: Floats
    noise: Floats
    before: npt.NDArray[np.int64]
    after: npt.NDArray[np.int64]


def fool(
    model: nn.Module,
    x: Any,
    target: Any = None,
    *,
    epsilon: float = 0.1,
    steps: int = 10,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> Fooled:
    """
    Images that look the same and are taken for something else. Sources: Goodfellow, Shlens, Szegedy
    2015 (fast gradient sign, what ``steps=1`` is); Madry and others 2018 (projected steps).

    Args:
        model: Gives scores ``(N, classes)`` before the softmax.
        x: ``(N, …)``, finite, within *bounds*.
        target: The class that it shall take them for, one for all or one a sample ``(N,)``; None:
            any other than it does now.
        epsilon: Each value changes by at most so much, above 0.
        steps: At least 1; each goes ``epsilon / steps * 2`` far, one step all the way.
        bounds: Values that the images keep to; None: any.

    Returns:
        See `Fooled`. Nobody promises that ``after`` differs: raise *epsilon* or *steps*.

    Raises:
        ValueError: If *x* is no finite batch, the target is no class, or an argument is out of its
            range.
    """
    steps = whole(steps, "steps", 1)
    if not epsilon > 0:
        raise ValueError(f"epsilon is {shown(epsilon)}, expected more than 0")
    low, high = (-np.inf, np.inf) if bounds is None else checked_bounds(bounds)
    with probed(model):
        start = as_input(model, x)
        before = _classes(model, start)
        wanted = None if target is None else classes_of(_class_scores(model, start), target)
        stride = epsilon if steps == 1 else 2 * epsilon / steps
        image = start
        for _ in range(steps):
            leaf = image.detach().requires_grad_()
            loss = nn.functional.cross_entropy(
                _class_scores(model, leaf), before if wanted is None else wanted, reduction="sum"
            )
            (slope,) = torch.autograd.grad(loss, leaf)
            moved = leaf.detach() + (stride if wanted is None else -stride) * slope.sign()
            image = moved.clamp(start - epsilon, start + epsilon).clamp(low, high)
        after = _classes(model, image)
    images, noise = (t.float().cpu().numpy() for t in (image, image - start))
    return Fooled(images, noise, before.cpu().numpy(), after.cpu().numpy())


def _class_scores(model: nn.Module, x: Tensor) -> Tensor:
    scores = asked(model, x)
    if not isinstance(scores, Tensor) or scores.ndim != 2:
        found = tuple(scores.shape) if isinstance(scores, Tensor) else shown(scores)
        raise ValueError(f"the model gives {found}, expected scores (N, classes)")
    return scores


def _classes(model: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad():
        return _class_scores(model, x).argmax(dim=1)
