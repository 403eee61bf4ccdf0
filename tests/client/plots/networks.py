"""Small networks for the tests, of fixed random weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def convolutional(seed: int, channels: int = 2, classes: int = 5) -> nn.Sequential:
    """
    Takes ``(N, channels, 8, 8)``: two convolutions, with what makes saliency hard: ReLU in place,
    statistics of batches, dropout. In training, with the statistics in evaluation.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = nn.Sequential(
            nn.Conv2d(channels, 6, 3), nn.ReLU(inplace=True), nn.BatchNorm2d(6),
            nn.Conv2d(6, 4, 3), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Flatten(),
            nn.Linear(4 * 16, classes),
        )  # fmt: skip
        norm = net[2]
        assert isinstance(norm, nn.BatchNorm2d) and norm.running_mean is not None
        norm.running_mean.uniform_(-0.5, 0.5)
    norm.eval()
    return net


def batch(seed: int, count: int = 3, channels: int = 2) -> Tensor:
    """Normal noise ``(count, channels, 8, 8)``."""
    return torch.randn(
        (count, channels, 8, 8), generator=torch.Generator().manual_seed(seed)
    )  # fmt: skip


def state_of(model: nn.Module) -> tuple[object, ...]:
    """All that a look must leave as it was: modes, hooks, values, gradients, random numbers."""
    return (
        [module.training for module in model.modules()],
        [len(module._forward_hooks) for module in model.modules()],
        [p.requires_grad for p in model.parameters()],
        [None if p.grad is None else p.grad.tolist() for p in model.parameters()],
        {name: value.tolist() for name, value in model.state_dict().items()},
        torch.get_rng_state().tolist(),
    )
