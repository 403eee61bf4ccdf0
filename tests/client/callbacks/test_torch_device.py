"""`watch` where tensors are on a device: nothing waits for it, and little is read from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch.utils._python_dispatch import TorchDispatchMode

import agnez_client.callbacks.torch
from agnez_client import device, job
from agnez_client.callbacks import gradients, weights
from agnez_client.callbacks.tensors import MAX_BINNED, binned, norms, sample
from agnez_client.callbacks.torch import watch
from agnez_client.callbacks.weights import unpacked
from agnez_client.kinds import entry, number, numeric
from tests.client.callbacks.models import batches, small_model
from tests.client.callbacks.silence import trained_in_silence
from tests.client.ingest_server import IngestServer


class Waits(TorchDispatchMode):
    """Counts what would make the host wait for a device: values that are read out of tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Every operation comes by here."""
        waiting = ("_local_scalar_dense", "nonzero", "masked_select", "bincount", "is_nonzero")
        self.count += any(name in str(func) for name in waiting)
        return func(*args, **(kwargs or {}))


class Queue:
    """The event that says that a copy is here; ``done`` for all of them."""

    done = False

    def record(self, stream: Any = None) -> None:
        """Nothing."""

    def query(self) -> bool:
        """Whether the device has come so far."""
        return Queue.done


@pytest.fixture
def on_device(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Tensors count as on a device, whose queue stands still until this is called."""
    for module in (job, gradients, weights, entry, number, numeric, agnez_client.callbacks.torch):
        monkeypatch.setattr(module, "is_on_device", lambda value: isinstance(value, torch.Tensor))
    monkeypatch.setattr(torch.cpu, "Event", Queue)
    copies: list[int] = []
    original = device.TorchCopy.__init__

    def count(self: Any, tensor: Any) -> None:
        copies.append(tensor.numel())
        original(self, tensor)

    monkeypatch.setattr(device.TorchCopy, "__init__", count)
    Queue.done = False

    def release() -> list[int]:
        Queue.done = True
        return copies

    return release  # type: ignore[return-value]


def test_steps_wait_for_nothing(server: IngestServer, on_device: Callable[[], list[int]]) -> None:
    """Ten steps with everything on: no value is read; two readings are one copy each."""
    model, criterion = small_model(), torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    waits = Waits()

    with watch(model, optimizer, criterion=criterion, every=10, per_layer=True, url=server.url):
        with waits:
            for x, y in batches(10):
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
        copies = on_device()

    assert waits.count == 0
    assert len([size for size in copies if size > 1]) == 2
    assert len([size for size in copies if size == 1]) == 10  # the loss of each step, live
    assert [x for x, _ in server.only.channel("gradient norm")] == list(range(1, 11))
    assert [x for x, _ in server.only.channel("weight norm")] == [1, 10]
    (x, body) = server.only.entries("weights/0.weight")[-1]
    counts, edges = np.histogram(model[0].weight.detach().numpy(), 40)
    assert (x, body["counts"]) == (10, counts.tolist())
    assert body["edges"] == pytest.approx(edges.tolist())


@given(
    arrays.arrays(
        np.float64,
        st.integers(1, 40),
        elements=st.floats(-1e3, 1e3).map(lambda v: round(v, 3))
        | st.sampled_from([np.nan, np.inf, -np.inf]),
    )
)
def test_bins_of_a_device_are_those_of_numpy(values: Any) -> None:
    """NaN and infinity beside them, whatever is left."""
    finite = values[np.isfinite(values)]
    counts, edges = np.histogram(finite, 8)

    found = unpacked(binned(torch.from_numpy(values), 8).numpy())

    assert (found.nan, found.inf) == (np.isnan(values).sum(), np.isinf(values).sum())
    assert found.counts.sum() == finite.size
    assert np.asarray(found.edges) == pytest.approx(edges)
    # A value beside an edge may fall to its other side by rounding.
    beside = np.isclose(finite[:, None], edges[None, :], rtol=1e-9, atol=1e-9).any(axis=1).sum()
    assert np.abs(found.counts - counts).sum() <= 2 * beside


def test_norms_of_many_kinds() -> None:
    """Half precision is summed in single; the order is that of the tensors."""
    tensors = [
        torch.full((10,), 300.0, dtype=torch.float16),
        torch.ones(4),
        torch.zeros(0),
        torch.ones(9, dtype=torch.float64),
    ]

    found = norms(tensors)

    assert found.tolist() == pytest.approx([300 * 10**0.5, 2, 0, 3])


def test_of_a_large_tensor_a_part_is_looked_at() -> None:
    """Evenly spread."""
    values = torch.arange(MAX_BINNED * 2 + 1)

    found = sample(values)

    assert len(found) <= MAX_BINNED
    assert found[:3].tolist() == [0, 3, 6]
    assert sample(values[:MAX_BINNED]).tolist() == values[:MAX_BINNED].tolist()


def test_a_silent_server_delays_no_training(server: IngestServer, begin: Any) -> None:
    """Losses, norms and histograms arrive when it answers again."""

    def train(job: Any) -> None:
        model = small_model()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with watch(model, optimizer, every=2, job=job) as seen:
            for x, y in batches(6):
                loss = torch.nn.functional.cross_entropy(model(x), y)
                loss.backward()
                optimizer.step()
                seen.step(loss)

    spool = trained_in_silence(server, begin, train)

    assert len(spool.channel("loss")) == len(spool.channel("gradient norm")) == 6
    assert len(spool.entries("weights/0.weight")) == 4
