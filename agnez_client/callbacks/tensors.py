"""Parameters and gradients: what there is of them, and their norms and bins, where they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import torch
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.nn.parameter import UninitializedParameter

MAX_BINNED: Final = 1 << 20
"""Elements of a tensor that a histogram looks at: of a larger one every second, third, …"""
_COMPILED: Final = "_orig_mod"


def bare(model: Any) -> Any:
    """*model* without what wraps it: torch.compile, DataParallel, DistributedDataParallel."""
    while True:
        if _COMPILED in getattr(model, "_modules", {}):
            model = model._modules[_COMPILED]
        elif isinstance(model, DataParallel | DistributedDataParallel):
            model = model.module
        else:
            return model


def is_compiled(model: Any) -> bool:
    """Whether *model* or a part of it was compiled: hooks on its modules are not called then."""
    return any(
        _COMPILED in module._modules or getattr(module, "_compiled_call_impl", None) is not None
        for module in model.modules()
    )


def trained(model: Any) -> Iterator[tuple[str, Any]]:
    """
    Name and parameter of what *model* learns, as its own code calls it; a shared one once, under
    its first name. Frozen ones and those whose shape is not known yet are left out.
    """
    for name, parameter in bare(model).named_parameters():
        if parameter.requires_grad and not isinstance(parameter, UninitializedParameter):
            yield name.replace(f"{_COMPILED}.", ""), parameter


def local(tensor: Any) -> Any:
    """
    What this process has of *tensor*, dense and without its graph: the stored values of a sparse
    one, the shard of a distributed one, real and imaginary parts of a complex one.
    """
    tensor = tensor.detach()
    if type(tensor) is not torch.Tensor and hasattr(tensor, "to_local"):
        tensor = tensor.to_local()
    if tensor.is_sparse:
        tensor = tensor.coalesce().values()
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def norms(tensors: Sequence[Any]) -> Any:
    """
    The Euclidean norms ``(N,)`` of N >= 1 dense tensors, on a device that has one of them; of half
    precision in single, in which their squares have room.
    """
    kinds: dict[tuple[Any, Any], list[int]] = {}
    for place, tensor in enumerate(tensors):
        short = tensor.dtype in (torch.float16, torch.bfloat16)
        kinds.setdefault((tensor.device, torch.float32 if short else None), []).append(place)
    found: list[Any] = [None] * len(tensors)
    for (_, kind), places in kinds.items():
        of_kind = torch._foreach_norm([tensors[i] for i in places], 2, kind)
        for place, norm in zip(places, of_kind, strict=True):
            found[place] = norm
    if len(kinds) == 1 and found[0].dtype is torch.float32:
        return torch.stack(found)
    wide = torch.float64 if any(n.dtype is torch.float64 for n in found) else torch.float32
    target = next((device for device, _ in kinds if device.type != "cpu"), tensors[0].device)
    return torch.stack([norm.to(target, wide, non_blocking=True) for norm in found])


def sample(tensor: Any) -> Any:
    """*tensor* with one axis, at most `MAX_BINNED` of its elements, evenly spread."""
    flat = tensor.reshape(-1)
    return flat[:: -(-flat.numel() // MAX_BINNED)] if flat.numel() > MAX_BINNED else flat


def binned(tensor: Any, bins: int) -> Any:
    """
    A histogram of *tensor*, computed where it is: counts ``(bins,)``, then the lowest and highest
    finite value, how many are NaN and how many infinite, as one float vector ``(bins + 4,)``.

    As `numpy.histogram` has it; without a finite value, or where all are equal, the edges are for
    `edges_of` to say.
    """
    flat = sample(tensor)
    flat = flat if flat.dtype is torch.float64 else flat.float()
    is_finite = torch.isfinite(flat)
    low = torch.where(is_finite, flat, torch.inf).amin()
    high = torch.where(is_finite, flat, -torch.inf).amax()
    steps = torch.arange(bins + 1, device=flat.device, dtype=flat.dtype)
    edges = low + (high - low) * (steps / bins)
    at = (torch.bucketize(flat, edges, right=True) - 1).clamp(0, bins - 1)
    counts = torch.zeros(bins, device=flat.device, dtype=flat.dtype)
    counts.scatter_add_(0, at, is_finite.to(flat.dtype))
    nan = torch.isnan(flat).sum()
    return torch.cat([counts, torch.stack([low, high, nan, (~is_finite).sum() - nan])])
