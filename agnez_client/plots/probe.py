"""A network of torch is looked into, and left as it was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agnez_client.kinds.arrays import as_array
from agnez_client.plots.kerasmodel import found_keras_layer, is_of_keras
from agnez_client.shown import shown


@contextmanager
def probed(model: nn.Module) -> Iterator[None]:
    """
    The model in evaluation (no dropout, no statistics of a batch learned), with gradients on and
    mixed precision off, whatever holds around. Afterwards each module is in the mode it was in, and
    the global random numbers are where they were. Parameters and their gradients are not touched.

    Raises:
        ValueError: If *model* is no module.
    """
    check_module(model)
    before = [(module, module.training) for module in model.modules()]
    device = place_of(model)[0]
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        stack.enter_context(torch.random.fork_rng([device] if device.type == "cuda" else []))
        for kind in {"cpu", device.type}:
            stack.enter_context(torch.autocast(kind, enabled=False))
        try:
            model.eval()
            yield
        finally:
            for module, training in before:
                module.training = training


def check_module(model: Any) -> None:
    """ValueError if *model* is no module of torch."""
    if isinstance(model, nn.Module):
        return
    more = " (one of Keras with KERAS_BACKEND=torch is one)" if is_of_keras(model) else ""
    what = f"the class {model.__name__}" if isinstance(model, type) else shown(model)
    raise ValueError(f"model is {what}, expected a module of torch{more}")


def place_of(model: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Where the model's first float parameter is, and its type; the CPU and float32 without one."""
    for tensor in [*model.parameters(), *model.buffers()]:
        if tensor.is_floating_point():
            return tensor.device, tensor.dtype
    return torch.device("cpu"), torch.float32


def as_input(model: nn.Module, x: Any, name: str = "x") -> Tensor:
    """
    *x*, an array or tensor ``(N, …)``, as a new leaf for *model*: on its device and of its type.

    Raises:
        ValueError: If *x* is no array of numbers, is empty, or has values that are not finite.
    """
    device, dtype = place_of(model)
    array = as_array(x, name)
    if array.ndim < 2:
        raise ValueError(f"{name} has the shape {array.shape}, expected (N, …): a batch")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} has values that are not finite")
    fresh = np.array(array, np.float64 if dtype == torch.float64 else np.float32)
    return torch.from_numpy(fresh).to(device, dtype)


def outputs_of(model: nn.Module, layer: nn.Module, x: Tensor) -> Tensor:
    """
    What *layer* gives when the model sees *x*; of several times the last.

    Raises:
        ValueError: If the model does not call it, or it gives no tensor.
    """
    with probed(model), kept_output(layer) as kept:
        model(x)
        return one_output(kept)


@contextmanager
def kept_output(layer: nn.Module) -> Iterator[list[Any]]:
    """A list that gets what *layer* gives, each time it is called."""
    kept: list[Any] = []

    def keep(_module: nn.Module, _given: Any, output: Any) -> Any:
        kept.append(output)
        # What follows may change its input in place (ReLU): it gets a copy.
        return output.clone() if isinstance(output, Tensor) else None

    handle = layer.register_forward_hook(keep)
    try:
        yield kept
    finally:
        handle.remove()


def one_output(kept: Sequence[Any]) -> Tensor:
    """The last of what `kept_output` got; ValueError if there is none, or it is no tensor."""
    if not kept:
        raise ValueError("the model does not call this layer")
    if not isinstance(kept[-1], Tensor):
        raise ValueError(f"the layer gives {shown(kept[-1])}, expected a tensor")
    return kept[-1]


def found_layer(model: nn.Module, layer: nn.Module | str | int) -> nn.Module:
    """
    A module of *model*: itself, by its dotted name, or by its number among the model's children.

    Raises:
        ValueError: If the model has no such module; names those it has.
    """
    check_module(model)
    if is_of_keras(model):
        return found_keras_layer(model, layer)  # type: ignore[no-any-return]
    named = dict(model.named_modules())
    if isinstance(layer, nn.Module):
        if any(module is layer for module in named.values()):
            return layer
        raise ValueError("layer is a module that is not part of the model")
    children = list(model.children())
    if isinstance(layer, int) and -len(children) <= layer < len(children):
        return children[layer]
    if isinstance(layer, str) and layer in named:
        return named[layer]
    names = ", ".join(filter(None, named))
    raise ValueError(f"the model has no layer {layer!r:.80}; it has {names:.300}")


def asked(model: nn.Module, x: Tensor) -> Any:
    """
    What *model* gives for *x*.

    Raises:
        ValueError: If it does not take an *x* of this shape.
    """
    try:
        return model(x)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        # What goes wrong in a module is of any kind; the shape is what people get wrong.
        raise ValueError(
            f"the model fails on x of the shape {tuple(x.shape)}, which has to be a batch as in "
            f"its training: {error}"
        ) from error


def chosen(scores: Tensor, target: Any) -> Tensor:
    """
    For each sample its score of one class, ``(N,)``.

    Args:
        scores: What the model gives: ``(N, classes)``, or ``(N,)`` for a single output.
        target: A class for all, one a sample, or None: that with the highest score.

    Raises:
        ValueError: If the scores have another shape, or a class is not among them.
    """
    if scores.ndim == 1 and target is None:
        return scores
    if scores.ndim != 2:
        raise ValueError(f"the model gives {tuple(scores.shape)}, expected (N, classes)")
    classes = classes_of(scores, target)
    return scores.gather(1, classes[:, None])[:, 0]


def classes_of(scores: Tensor, target: Any) -> Tensor:
    """The class of each sample, ``(N,)``; see `chosen`."""
    count, classes = scores.shape
    if target is None:
        return scores.detach().argmax(dim=1)
    expected = f"expected a class, or one for each of {count} samples, by number"
    try:
        wanted = as_array(target, "target")
    except ValueError:
        raise ValueError(f"target is {shown(target)}, {expected}") from None
    if wanted.dtype.kind not in "iu" or wanted.shape not in ((), (count,)):
        what = f"of the shape {wanted.shape}" if wanted.ndim else shown(target)
        raise ValueError(f"target is {what}, {expected}")
    wrong = wanted[(wanted < 0) | (wanted >= classes)]
    if wrong.size:
        raise ValueError(f"target has {wrong.flat[0]}, expected classes 0 to {classes - 1}")
    full = np.array(np.broadcast_to(wanted, (count,)), np.int64)
    return torch.from_numpy(full).to(scores.device)
