"""Saliency: the same as captum's, its axioms, and a model that does not notice."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam, Saliency
from torch import Tensor, nn

from agnez_client.plots import grad_cam, integrated_gradients, saliency, smooth_grad
from tests.client.plots.networks import batch, convolutional, state_of

SEEDS = range(3)
FEW_NOISES = functools.partial(smooth_grad, samples=3)
FEW_STEPS = functools.partial(integrated_gradients, steps=5)
EVERY: list[Any] = [
    pytest.param(saliency, id="saliency"),
    pytest.param(FEW_NOISES, id="smooth_grad"),
    pytest.param(FEW_STEPS, id="integrated_gradients"),
    pytest.param(grad_cam, id="grad_cam"),
]


def oracle(seed: int) -> tuple[nn.Sequential, Tensor, Tensor]:
    """The network in evaluation, a batch that captum may differentiate, and a class a sample."""
    return convolutional(seed).eval(), batch(seed).requires_grad_(), torch.tensor([4, 0, seed])


@pytest.mark.parametrize("seed", SEEDS)
def test_saliency_is_captums(seed: int) -> None:
    """The magnitude of the gradient, of the strongest channel."""
    net, x, target = oracle(seed)

    theirs = Saliency(net).attribute(x, target).amax(dim=1)

    np.testing.assert_allclose(saliency(net, x, target), theirs, rtol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_integrated_gradients_are_captums(seed: int) -> None:
    """The same quadrature, from 0 and from another baseline."""
    net, x, target = oracle(seed)
    for baseline in (None, 0.3, batch(9)[0]):
        given = baseline[None].expand(3, -1, -1, -1) if isinstance(baseline, Tensor) else baseline
        theirs = IntegratedGradients(net).attribute(x, given, target).detach()

        ours = integrated_gradients(net, x, target, baseline=baseline)

        np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("layer", [0, 3])
def test_grad_cam_is_captums(seed: int, layer: int) -> None:
    """Of any convolution, as large as the layer or as the image."""
    net, x, target = oracle(seed)
    theirs = LayerGradCam(net, net[layer]).attribute(x, target, relu_attributions=True).detach()
    large = LayerAttribution.interpolate(theirs, (8, 8), "bilinear")

    small = grad_cam(net, x, target, layer=layer, upsample=False)

    np.testing.assert_allclose(small, theirs[:, 0], rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(
        grad_cam(net, x, target, layer=net[layer]), large[:, 0], rtol=1e-4, atol=1e-7
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_integrated_gradients_are_complete(seed: int) -> None:
    """They sum to the score, less that of the baseline."""
    net, x, target = oracle(seed)

    total = integrated_gradients(net, x, target, steps=100).sum(axis=(1, 2, 3))

    with torch.no_grad():
        rise = (net(x) - net(torch.zeros_like(x))).gather(1, target[:, None])[:, 0]
    np.testing.assert_allclose(total, rise, atol=2e-3)


def linear() -> nn.Module:
    """Scores of two classes for ``(N, 1, 1, 3)``: x0 - 2 x1 + 3 x2, and 0.5 x0."""
    net = nn.Sequential(nn.Flatten(), nn.Linear(3, 2, bias=False))
    with torch.no_grad():
        net[1].weight.copy_(torch.tensor([[1.0, -2, 3], [0.5, 0, 0]]))
    return net


def test_what_a_linear_network_shows() -> None:
    """The weights are the gradient, noise or not; each value adds itself times its weight."""
    x = np.array([[[[1.0, 2, 4]]], [[[2.0, 5, 0]]]])

    # The scores are 9 and 0.5 for the first sample, -8 and 1 for the second.
    weights = [[[1, 2, 3]], [[0.5, 0, 0]]]
    assert saliency(linear(), x).tolist() == weights
    np.testing.assert_allclose(smooth_grad(linear(), x, samples=3), weights, rtol=1e-6)
    np.testing.assert_allclose(
        integrated_gradients(linear(), x, steps=1), [[[[1, -4, 12]]], [[[1, 0, 0]]]]
    )


def test_smooth_grad_is_drawn_by_its_seed() -> None:
    """Equal seeds, equal maps; without noise it is the saliency."""
    net, x = convolutional(0), batch(0)

    assert (smooth_grad(net, x, seed=3) == smooth_grad(net, x, seed=3)).all()
    assert not (smooth_grad(net, x, seed=3) == smooth_grad(net, x, seed=4)).all()
    np.testing.assert_allclose(smooth_grad(net, x, noise=0), saliency(net, x), rtol=1e-5)


@pytest.mark.parametrize("explain", EVERY)
def test_without_a_target_the_highest_score_is_explained(explain: Callable[..., Any]) -> None:
    """As if it had been named; a class for all is one for each."""
    net, x = convolutional(1), batch(1)
    highest = convolutional(1).eval()(x).argmax(dim=1)

    np.testing.assert_array_equal(explain(net, x), explain(net, x, highest))
    np.testing.assert_array_equal(explain(net, x, 2), explain(net, x, np.array([2, 2, 2])))


@pytest.mark.parametrize("explain", EVERY)
def test_the_model_is_left_as_it_was(explain: Callable[..., Any]) -> None:
    """Half in training, some parameters frozen, one with a gradient; the batch too."""
    net, x = convolutional(2), batch(2)
    net[0].weight.requires_grad_(False)
    net[7].bias.grad = torch.ones(5)
    before = state_of(net)

    explain(net, x)

    assert state_of(net) == before
    assert not x.requires_grad


@pytest.mark.parametrize("explain", EVERY)
def test_after_an_error_too(explain: Callable[..., Any]) -> None:
    """A class that is not there is found in the middle of it."""
    net = convolutional(2)
    before = state_of(net)

    with pytest.raises(ValueError, match="target has 5, expected classes 0 to 4"):
        explain(net, batch(2), 5)

    assert state_of(net) == before


@pytest.mark.parametrize("explain", EVERY)
@pytest.mark.parametrize(
    "around",
    [torch.no_grad, torch.inference_mode, lambda: torch.autocast("cpu", torch.bfloat16)],
    ids=["no_grad", "inference", "autocast"],
)
def test_what_holds_around_changes_nothing(explain: Callable[..., Any], around: Any) -> None:
    """Gradients off, inference, mixed precision: the same map, of an array as of a tensor."""
    net, x = convolutional(0), batch(0)
    expected = explain(net, x)

    with around():
        found = explain(net, x.clone())

    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(explain(net, x.numpy()), expected)


@pytest.mark.parametrize("explain", EVERY)
def test_a_frozen_model_is_explained(explain: Callable[..., Any]) -> None:
    """No parameter needs a gradient for that of the input."""
    net, x = convolutional(0), batch(0)

    np.testing.assert_array_equal(
        explain(convolutional(0).requires_grad_(False), x), explain(net, x)
    )


@pytest.mark.parametrize("explain", EVERY)
def test_samples_do_not_touch_each_other(explain: Callable[..., Any]) -> None:
    """A batch is explained as its samples one by one."""
    net, x = convolutional(1), batch(1)

    one_by_one = np.concatenate([explain(net, one[None], 0) for one in x])

    if explain is not FEW_NOISES:  # whose noise depends on the shape
        np.testing.assert_allclose(explain(net, x, 0), one_by_one, rtol=1e-4, atol=1e-7)


def test_double_precision_stays() -> None:
    """The batch is of the model's type."""
    net = convolutional(0).double()

    np.testing.assert_allclose(saliency(net, batch(0)), saliency(convolutional(0), batch(0)), 1e-4)


def test_a_single_output_needs_no_target() -> None:
    """A model that gives (N,)."""
    net = nn.Sequential(nn.Flatten(0), nn.Unflatten(0, (1, -1)), nn.Linear(3, 1), nn.Flatten(0))

    assert saliency(net, np.ones((1, 1, 1, 3))).shape == (1, 1, 3)


class Shared(nn.Module):
    """Calls one convolution twice, another never."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.idle = nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.conv(x)).flatten(1)[:, :4]


def test_of_a_layer_that_is_called_twice_the_last_counts() -> None:
    """And one that is not called is named as such."""
    net, x = Shared(), batch(0, channels=1)

    assert grad_cam(net, x, 0, layer="conv").shape == (3, 8, 8)
    with pytest.raises(ValueError, match="does not call this layer"):
        grad_cam(net, x, 0, layer="idle")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda n, x: saliency(n, x, -1), "target has -1"),
        (lambda n, x: saliency(n, x, [0, 1]), "a class, or one for each of 3"),
        (lambda n, x: saliency(n, x, 0.5), "expected a class"),
        (lambda n, x: saliency(n, x[:0]), "x is empty"),
        (lambda n, x: saliency(n, x * float("nan")), "x has values that are not finite"),
        (lambda n, x: saliency(n[:5], x), r"gives \(3, 4, 4, 4\), expected \(N, classes\)"),
        (lambda n, x: integrated_gradients(n, x, baseline=np.ones(3)), r"baseline has the sh"),
        (lambda n, x: integrated_gradients(n, x, steps=0), "steps is 0"),
        (lambda n, x: smooth_grad(n, x, noise=-1), "noise is the number -1"),
        (lambda n, x: grad_cam(n, x, layer=6), r"layer gives \(3, 64\)"),
        (lambda n, x: grad_cam(n, x, layer="conv9"), "no layer 'conv9'; it has 0, 1, 2"),
        (lambda n, x: grad_cam(linear(), np.ones((1, 1, 1, 3))), "has no nn.Conv2d"),
    ],
)
def test_what_can_not_be_explained(call: Any, words: str) -> None:
    """The error says what was wrong and what was expected."""
    with pytest.raises(ValueError, match=words):
        call(convolutional(0), batch(0))


def test_a_score_that_does_not_depend_on_the_input() -> None:
    """A graph that is cut is told as such."""

    class Cut(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.flatten(1).detach()

    with contextlib.nullcontext(), pytest.raises(ValueError, match="the score has no gradient"):
        saliency(Cut(), batch(0))


@pytest.mark.parametrize("look", EVERY)
@pytest.mark.parametrize("model", [3, None, nn.Linear, len])
def test_what_is_no_model_is_said(look: Any, model: Any) -> None:
    """Before anything is asked of it."""
    with pytest.raises(ValueError, match=r"model is .*, expected a module of torch"):
        look(model, batch(0))


@pytest.mark.parametrize("look", EVERY)
@pytest.mark.parametrize(
    ("target", "said"),
    [("cat", "the text 'cat'"), ([0, 1], r"of the shape \(2,\)"), (1.5, "the number 1.5")],
)
def test_what_is_no_target_is_said(look: Any, target: Any, said: str) -> None:
    """With what is expected in its place."""
    with pytest.raises(ValueError, match=f"target is {said}.*expected a class, or one for each"):
        look(convolutional(0), batch(0), target)


@pytest.mark.parametrize("look", EVERY)
def test_a_batch_that_the_model_does_not_take_is_said(look: Any) -> None:
    """With its shape, and the word of torch."""
    with pytest.raises(ValueError, match=r"fails on x of the shape \(3, 1, 8, 8\).*channels"):
        look(convolutional(0), batch(0, channels=1))


class Together(nn.Module):
    """The mean of all samples, as one."""

    def forward(self, scores: Tensor) -> Tensor:
        """``(N, classes)`` to ``(1, classes)``."""
        return scores.mean(dim=0, keepdim=True)


def test_scores_are_one_for_each_sample() -> None:
    """A model that makes one of its samples has none."""
    with pytest.raises(ValueError, match=r"gives \(1, 5\), expected scores of 3"):
        saliency(nn.Sequential(convolutional(0), Together()), batch(0))
