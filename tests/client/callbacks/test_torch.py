"""`watch`: what a plain loop of torch tells by its optimizer's hooks."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from agnez_client import Context
from agnez_client.callbacks.torch import watch
from tests.client.callbacks.documented import run_example
from tests.client.callbacks.models import batches, small_model
from tests.client.callbacks.test_callback_run import charts_of
from tests.client.ingest_server import IngestServer, TakenSpool

Begin = Callable[..., Context]


def train(model: Any, optimizer: Any, steps: int, loss: Any = None, *, seed: int = 0) -> None:
    """A plain loop."""
    for x, y in batches(steps, seed):
        optimizer.zero_grad()
        (loss or nn.functional.cross_entropy)(model(x), y).backward()
        optimizer.step()


def markers(spool: TakenSpool) -> list[tuple[Any, str]]:
    """x and text of the markers."""
    return [(x, body["text"]) for x, body in spool.entries("markers")]


def test_norms_are_those_that_torch_computes(server: IngestServer) -> None:
    """At each step that of the gradient, at steps 1, 3 and 6 those of the weights."""
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    expected: dict[str, list[Any]] = {"gradient norm": [], "weight norm": [], "update ratio": []}

    with watch(model, optimizer, every=3, url=server.url):
        for step, (x, y) in enumerate(batches(6), start=1):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            total = nn.utils.clip_grad_norm_(model.parameters(), 1e9)
            expected["gradient norm"].append((step, total.item()))
            before = nn.utils.parameters_to_vector(model.parameters()).detach().clone()
            optimizer.step()
            after = nn.utils.parameters_to_vector(model.parameters()).detach()
            if step in (1, 3, 6):
                expected["weight norm"].append((step, after.norm().item()))
                ratio = (after - before).norm() / after.norm()
                expected["update ratio"].append((step, ratio.item()))

    for name, points in expected.items():
        found = server.only.channel(name)
        assert [x for x, _ in found] == [x for x, _ in points]
        assert [y for _, y in found] == pytest.approx([y for _, y in points], rel=1e-5)


def test_gradients_may_be_looked_at_rarely(server: IngestServer) -> None:
    """At multiples of `norms_every`, and where all is read."""
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    with watch(model, optimizer, every=4, norms_every=3, histograms=False, url=server.url):
        train(model, optimizer, 6)

    assert [x for x, _ in server.only.channel("gradient norm")] == [1, 3, 4, 6]
    assert [x for x, _ in server.only.channel("learning rate")] == [1, 2, 3, 4, 5, 6]
    assert [x for x, _ in server.only.channel("update ratio")] == [1, 4]


def test_loss_and_learning_rate_come_by_themselves(server: IngestServer) -> None:
    """The loss from the criterion; with accumulated gradients the mean of a step's passes."""
    model, criterion = small_model(), nn.CrossEntropyLoss()
    parts = [{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 0.01}]
    optimizer = torch.optim.AdamW(parts, lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
    losses = []

    with watch(model, optimizer, criterion=criterion, url=server.url):
        for index, (x, y) in enumerate(batches(6)):
            loss = criterion(model(x), y)
            (loss / 3).backward()
            losses.append(loss.item())
            if index % 3 == 2:
                optimizer.step()
                optimizer.zero_grad()
                schedule.step()
        with torch.no_grad():
            criterion(model(x), y)  # a validation is not training

    assert server.only.channel("loss") == [
        (1, pytest.approx(np.mean(losses[:3]))),
        (2, pytest.approx(np.mean(losses[3:]))),
    ]
    assert server.only.channel("learning rate/0") == [(1, 0.1), (2, 0.05)]
    assert server.only.channel("learning rate/1") == [(1, 0.01), (2, 0.005)]
    params = server.only.of_kind("params")[0]["params"]
    assert params["model"] == {"name": "Sequential", "parameters": 58, "trainable": 58}
    assert params["optimizer"]["name"] == "AdamW"
    assert [group["lr"] for group in params["optimizer"]["groups"]] == [0.1, 0.01]
    assert len(server.only.of_kind("model") or server.only.of_kind("about")) == 1


def titles(spool: TakenSpool) -> list[str]:
    """Of the charts, in the order in which they were made."""
    return list(charts_of(spool))


@pytest.mark.parametrize("by_hand", [True, False])
def test_the_loss_stands_first_and_what_is_told_with_it_after_it(
    server: IngestServer, by_hand: bool
) -> None:
    """Whoever tells it, though a step begins with its gradients."""
    model, criterion = small_model(), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    heard = None if by_hand else criterion

    with watch(model, optimizer, criterion=heard, prefix="g/", url=server.url) as seen:
        for x, y in batches(2):
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            seen.step(loss if by_hand else None, accuracy=0.5)

    assert titles(server.only)[:3] == ["g/loss", "g/accuracy", "g/learning rate"]
    assert titles(server.only).count("g/loss") == 1


def test_without_a_loss_there_is_no_chart_of_it(server: IngestServer) -> None:
    """The others are there, after one step as well."""
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, optimizer, url=server.url):
        train(model, optimizer, 1)

    found = titles(server.only)
    assert found[0] == "learning rate" and "gradient norm" in found
    assert "loss" not in found


def test_histograms_are_those_of_numpy(server: IngestServer) -> None:
    """Of each parameter, after the step; of its gradient, as the step gets it."""
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    with watch(model, optimizer, every=2, url=server.url):
        train(model, optimizer, 2)
        weights = model[0].weight.detach().numpy()
        gradient = model[0].weight.grad.numpy()

        for what, values in (("weights", weights), ("gradients", gradient)):
            (x, body) = _entries(server, f"{what}/0.weight", 2)[-1]
            counts, edges = np.histogram(values, 40)
            assert (x, body["counts"], body["edges"]) == (2, counts.tolist(), edges.tolist())


def _entries(server: IngestServer, channel: str, count: int) -> list[Any]:
    server.wait_for(lambda: len(server.only.entries(channel)) >= count)
    return server.only.entries(channel)


class Still(torch.optim.Optimizer):
    """Leaves the weights as they are."""

    def step(self, closure: Any = None) -> None:
        """Nothing."""


def test_gradients_that_are_no_numbers_are_marked(server: IngestServer) -> None:
    """At the step, with the layer's name; once as long as it lasts."""
    model = small_model()
    optimizer = Still(model.parameters(), {})

    with watch(model, optimizer, every=100, url=server.url):
        for step, (x, y) in enumerate(batches(6), start=1):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            if step in (2, 3, 6):
                model[2].bias.grad[0] = float("inf") if step == 6 else float("nan")
            optimizer.step()

    assert markers(server.only) == [
        (2, "NaN in the gradient of 2.bias"),
        (6, "infinity in the gradient of 2.bias"),
    ]
    assert np.isnan(server.only.channel("gradient norm")[1][1])


def test_without_an_optimizer_the_loop_counts(server: IngestServer) -> None:
    """`step` after each step; the ratio is that of one step as well."""
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    with watch(model, every=2, url=server.url) as seen:
        for x, y in batches(4):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            before = nn.utils.parameters_to_vector(model.parameters()).detach().clone()
            optimizer.step()
            seen.step(loss, accuracy=0.5)
        after = nn.utils.parameters_to_vector(model.parameters()).detach()

    assert server.only.channel("loss")[-1] == (4, pytest.approx(loss.item()))
    assert server.only.channel("accuracy") == [(step, 0.5) for step in (1, 2, 3, 4)]
    x, ratio = server.only.channel("update ratio")[-1]
    assert (x, ratio) == (4, pytest.approx(((after - before).norm() / after.norm()).item()))


def test_a_given_loss_is_that_of_the_step(server: IngestServer) -> None:
    """The mean of the passes whose gradients were accumulated; no graph is kept."""
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss = torch.tensor(0.0)

    with watch(model, optimizer, histograms=False, url=server.url) as seen:
        for index in range(4):
            loss = (model(torch.ones(1, 4)) * 0).sum() + index
            loss.backward()
            if index % 2:
                optimizer.step()
            seen.step(loss)

    assert server.only.channel("loss") == [(1, 0.5), (2, 2.5)]


def test_amp_scales_are_taken_out(server: IngestServer) -> None:
    """Gradients are told unscaled, a step that the scaler leaves out is none."""
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    norms = []

    with watch(model, optimizer, histograms=False, url=server.url) as seen:
        for index, (x, y) in enumerate(batches(3)):
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16):
                loss = nn.functional.cross_entropy(model(x), y)
            scaler.scale(loss * (float("inf") if index == 1 else 1.0)).backward()
            scaler.step(optimizer)
            norms.append(nn.utils.clip_grad_norm_(model.parameters(), 1e9).item())
            scaler.update()
        assert seen.steps == 2

    found = server.only.channel("gradient norm")
    assert found == [(1, pytest.approx(norms[0])), (2, pytest.approx(norms[2]))]
    assert markers(server.only) == []


class Tied(nn.Module):
    """A sparse embedding, shared with the output, and a frozen layer."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(7, 3, sparse=True)
        self.frozen = nn.Linear(3, 3).requires_grad_(False)
        self.again = self.tokens

    def forward(self, x: Any) -> Any:
        """The mean over tokens."""
        return self.frozen(self.again(x)).mean()


def test_shared_frozen_and_sparse_parameters(server: IngestServer) -> None:
    """Shared once, frozen not at all, sparse as what is stored."""
    model = Tied()
    optimizer = torch.optim.SparseAdam([model.tokens.weight])

    with watch(model, optimizer, every=1, per_layer=True, url=server.url):
        model(torch.tensor([1, 1, 4])).backward()
        expected = model.tokens.weight.grad.to_dense().norm().item()
        optimizer.step()

    names = {event["name"] for event in server.only.of_kind("channel")}
    assert {name for name in names if "frozen" in name or "again" in name} == set()
    assert server.only.channel("gradient norm") == [(1, pytest.approx(expected))]
    assert server.only.channel("gradient norm/tokens.weight") == [(1, pytest.approx(expected))]
    ((_, body),) = server.only.entries("gradients/tokens.weight")
    assert body["total"] == 6


def test_wrapped_models_have_the_names_of_their_own_code(server: IngestServer) -> None:
    """Compiled and parallel ones; a compiled one has no hooks inside."""
    inner = small_model()
    model = nn.DataParallel(torch.compile(inner, backend="eager"))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    with watch(model, optimizer, url=server.url):
        train(model, optimizer, 1)

    names = {event["name"] for event in server.only.of_kind("channel")}
    assert "weights/0.weight" in names
    assert not any("module" in name or "orig_mod" in name for name in names)
    assert not any(name.startswith("dead units") for name in names)


def test_a_module_that_is_compiled_later_compiles_whole(server: IngestServer) -> None:
    """The hooks that are in it by then break no graph."""
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    with watch(model, optimizer, every=1, url=server.url):
        train(torch.compile(model, backend="eager", fullgraph=True), optimizer, 2)

    assert len(server.only.channel("gradient norm")) == 2


def test_nothing_is_left_behind(begin: Begin) -> None:
    """No hook, no gradient's graph; the given run goes on. Copies of a watched model are bare."""
    ctx = begin()
    model, criterion = small_model(), nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with watch(model, optimizer, criterion=criterion, job=ctx.job):
        train(model, optimizer, 2, criterion)
        file = io.BytesIO()
        torch.save(model, file)
        copied = copy.deepcopy(model)
        copied(torch.ones(1, 4))

    left = [m._forward_hooks for m in (*model.modules(), criterion)]
    assert not any(left)
    assert not optimizer._optimizer_step_pre_hooks
    assert not optimizer._optimizer_step_post_hooks
    assert ctx.job.charts
    train(model, optimizer, 1, criterion)


def test_an_error_in_the_loop_fails_the_run(server: IngestServer) -> None:
    """Its own run; and the hooks go."""
    model = small_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    with pytest.raises(ZeroDivisionError), watch(model, optimizer, url=server.url):
        train(model, optimizer, 1)
        raise ZeroDivisionError("of the loop")

    state = server.only.of_kind("state")[0]
    assert (state["state"], state["reason"]) == ("failed", "ZeroDivisionError: of the loop")
    assert not optimizer._optimizer_step_pre_hooks


def test_wrong_arguments_are_named() -> None:
    """Before anything is hooked."""
    model = small_model()
    with pytest.raises(TypeError, match="model is a list, expected a module"):
        watch([])
    with pytest.raises(TypeError, match="optimizer is the text 'sgd'"):
        watch(model, "sgd")
    with pytest.raises(TypeError, match="criterion is a function"):
        watch(model, criterion=nn.functional.mse_loss)
    with pytest.raises(ValueError, match="every is the number 0"):
        watch(model, every=0)
    with pytest.raises(ValueError, match="no module 'relu1'; there are: 0, 1, 2"):
        watch(model, dead_units=["relu1"])


def test_names_may_have_a_prefix(server: IngestServer, begin: Begin) -> None:
    """So that two networks of one run are kept apart."""
    ctx = begin()
    models = {"generator/": small_model(), "critic/": small_model()}
    for prefix, model in models.items():
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with watch(model, optimizer, prefix=prefix, job=ctx):
            train(model, optimizer, 1)
    ctx.finish()

    params: dict[str, Any] = {}
    for event in server.only.of_kind("params"):
        params |= event["params"]
    assert params.keys() == {"generator", "critic"}
    assert len(server.only.channel("critic/gradient norm")) == 1


def test_the_documented_example_runs(
    server: IngestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/callbacks.md shows it."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    monkeypatch.chdir(tmp_path)

    run_example("torch")

    assert len(server.only.channel("accuracy")) == 3
    assert [x for x, _ in server.only.channel("loss")] == list(range(1, 88))
