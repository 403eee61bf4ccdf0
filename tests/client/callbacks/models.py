"""Small models and data of torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn


def small_model() -> Any:
    """58 parameters: 4 -> 8 -> 2."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))


def batches(count: int, seed: int = 0) -> Iterator[tuple[Any, Any]]:
    """Inputs ``(16, 4)`` and classes ``(16,)``, 0 or 1."""
    random = torch.Generator().manual_seed(seed)
    for _ in range(count):
        x = torch.randn(16, 4, generator=random)
        yield x, (x.sum(1) > 0).long()
