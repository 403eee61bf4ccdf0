"""Images that excite, and images that deceive."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from agnez_client.plots import activation_maximisation, fool
from tests.client.plots.networks import batch, convolutional, state_of

SEEDS = range(4)
SHAPE = (2, 8, 8)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("layer", [None, "0", 3])
def test_the_activation_grows(seed: int, layer: Any) -> None:
    """Of a class and of channels; the curve ends with the activation of the images."""
    net = convolutional(seed)

    found = activation_maximisation(net, 1, SHAPE, layer=layer, steps=25, count=2, seed=seed)

    reached = net if layer is None else net[: int(layer) + 1]
    with torch.no_grad():
        last = reached.eval()(torch.tensor(found.images))[:, 1].mean()
    assert found.images.shape == (2, *SHAPE)
    assert found.curve.shape == (26,)
    assert found.curve[-1] > found.curve[0] + 0.01
    np.testing.assert_allclose(found.curve[-1], last, rtol=1e-4)


def test_a_linear_unit_likes_its_weights() -> None:
    """Without regularisers each value goes to the bound on the side of its weight."""
    net = nn.Linear(4, 2, bias=False)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[1.0, -2, 3, -0.1], [0, 0, 0, 0]]))

    found = activation_maximisation(net, 0, (4,), decay=0, bounds=(-1, 1), steps=60)

    np.testing.assert_allclose(found.images, [[1, -1, 1, -1]])
    np.testing.assert_allclose(found.curve[-1], 6.1, rtol=1e-6)


def roughness(images: Any) -> float:
    """The mean difference between neighbours."""
    return float(np.abs(np.diff(images, axis=2)).mean() + np.abs(np.diff(images, axis=3)).mean())


def test_regularisers_regularise() -> None:
    """More variation's weight, a smoother image; more decay, one nearer to the middle."""
    net = convolutional(0)
    first = activation_maximisation(net, 0, SHAPE, variation=0, decay=0, steps=40).images
    smooth = activation_maximisation(net, 0, SHAPE, variation=1, decay=0, steps=40).images
    faint = activation_maximisation(net, 0, SHAPE, variation=0, decay=30, steps=40).images

    assert roughness(smooth) < 0.8 * roughness(first)
    assert np.abs(faint - 0.5).mean() < 0.8 * np.abs(first - 0.5).mean()


def test_bounds_hold() -> None:
    """Values keep to them, or go where they like without."""
    net = convolutional(1)

    within = activation_maximisation(net, 0, SHAPE, bounds=(-0.2, 0.3)).images
    free = activation_maximisation(net, 0, SHAPE, bounds=None, rate=0.2).images

    assert within.min() >= -0.2 and within.max() <= np.float32(0.3)
    assert np.abs(free).max() > 1


def test_the_seed_decides() -> None:
    """Equal seeds, equal images; and the images of one search differ."""
    net = convolutional(1)
    first, again, other = (
        activation_maximisation(net, 0, SHAPE, seed=s, steps=5, count=2).images for s in (5, 5, 6)
    )

    assert (first == again).all()
    assert not (first == other).all()
    assert not (first[0] == first[1]).all()


def test_progress_is_told_and_may_end_it() -> None:
    """Step and activation after each step; what it raises comes through, the model as it was."""
    net, heard = convolutional(1), list[tuple[int, float]]()
    before = state_of(net)

    def listen(step: int, activation: float) -> None:
        heard.append((step, activation))
        if step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        activation_maximisation(net, 0, SHAPE, progress=listen)

    assert [step for step, _ in heard] == [0, 1, 2]
    assert state_of(net) == before


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("steps", [1, 10])
def test_images_that_deceive(seed: int, steps: int) -> None:
    """The class changes for most, no value by more than epsilon; the model does not notice."""
    net, x = convolutional(seed), batch(seed, 8).sigmoid()
    before = state_of(net)

    found = fool(net, x, epsilon=0.25, steps=steps)

    assert state_of(net) == before
    assert (found.before == net.eval()(x).argmax(1).numpy()).all()
    assert (found.after == net(torch.tensor(found.images)).argmax(1).numpy()).all()
    assert (found.before != found.after).mean() > 0.5
    assert np.abs(found.noise).max() <= 0.25 + 1e-6
    np.testing.assert_allclose(found.images - x.numpy(), found.noise, atol=1e-6)
    assert found.images.min() >= 0 and found.images.max() <= 1


def test_one_step_is_the_fast_gradient_sign() -> None:
    """x + epsilon * sign of the loss's gradient."""
    net, x = convolutional(3).eval(), batch(3).requires_grad_()
    loss = nn.functional.cross_entropy(net(x), net(x).argmax(1))
    (slope,) = torch.autograd.grad(loss, x)

    found = fool(net, x, epsilon=0.1, steps=1, bounds=None)

    np.testing.assert_allclose(found.noise, 0.1 * slope.sign(), atol=1e-6)


def test_images_taken_for_what_is_wanted() -> None:
    """A target of its own for each; with room enough all are reached."""
    wanted = np.array([3, 0, 1])

    found = fool(convolutional(0), batch(0), wanted, epsilon=2, steps=40, bounds=None)

    assert (found.after == wanted).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda n: activation_maximisation(n, 5, SHAPE), "unit is 5, the layer has units 0 to 4"),
        (lambda n: activation_maximisation(n, -1, SHAPE), "unit is -1, expected at least 0"),
        (lambda n: activation_maximisation(n, 0, SHAPE, steps=0), "steps is 0"),
        (lambda n: activation_maximisation(n, 0, SHAPE, layer=9), "no layer 9"),
        (lambda n: activation_maximisation(n, 0, SHAPE, bounds=(1, 0)), r"bounds are \(1, 0\)"),
        (lambda n: activation_maximisation(n, 0, (2, 0, 8)), "shape is 0"),
        (lambda n: fool(n, batch(0), epsilon=0), "epsilon is the number 0"),
        (lambda n: fool(n, batch(0), 7), "target has 7"),
        (lambda n: fool(n[:5], batch(0)), r"expected scores \(N, classes\)"),
    ],
)
def test_what_can_not_be_sought(call: Any, words: str) -> None:
    """The error says what was wrong and what was expected."""
    with pytest.raises(ValueError, match=words):
        call(convolutional(0))
