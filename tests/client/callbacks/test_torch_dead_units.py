"""`watch` of torch: units that have died."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from agnez_client.callbacks.torch import watch
from tests.client.callbacks.test_callback_run import charts_of
from tests.client.ingest_server import IngestServer


def test_dead_units_are_found(server: IngestServer) -> None:
    """Of four units one has a bias that no input overcomes, and one lives for one input only."""
    model = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU())
    with torch.no_grad():
        model[2].weight.fill_(1.0)
        model[2].bias.fill_(9.0)  # none of these four is ever dead
        model[0].weight.copy_(torch.tensor([[1.0, 0], [0, 1], [-1, 0], [1, 0]]))
        model[0].bias.copy_(torch.tensor([0.0, 0, -9, -2.5]))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)

    with watch(model, optimizer, every=3, url=server.url):
        for x in (1.0, 3.0, 1.0, 1.0, 1.0, 1.0):
            model(torch.full((5, 2), x)).sum().backward()
            optimizer.step()
            model.eval()
            model(torch.full((5, 2), 100.0))  # a validation wakes nobody
            model.train()

    assert server.only.channel("dead units/1") == [(1, 0.5), (3, 0.25), (6, 0.5)]
    assert server.only.channel("dead units/3") == [(1, 0), (3, 0), (6, 0)]
    assert server.only.channel("dead units") == [(1, 0.25), (3, 0.125), (6, 0.25)]


def test_dead_units_of_one_module_are_told_once(server: IngestServer) -> None:
    """What is the figure of the whole needs no line of its own."""
    model = nn.Sequential(nn.Linear(2, 4), nn.ReLU())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)

    with watch(model, optimizer, every=1, histograms=False, url=server.url):
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()

    assert charts_of(server.only)["dead units"] == ["dead units"]


@pytest.mark.parametrize(
    ("model", "shape", "units"),
    [
        (nn.Sequential(nn.Conv2d(1, 3, 2), nn.ReLU()), (2, 1, 5, 5), 3),
        (nn.Sequential(nn.Conv1d(1, 3, 2), nn.ReLU()), (2, 1, 5), 3),
        (nn.Sequential(nn.Linear(6, 5), nn.ReLU()), (2, 4, 6), 5),
        (nn.Sequential(nn.Linear(6, 5), nn.ReLU()), (6,), 5),
    ],
    ids=["pictures", "series", "tokens", "one"],
)
def test_a_unit_is_a_channel_or_a_feature(
    server: IngestServer, model: Any, shape: tuple[int, ...], units: int
) -> None:
    """One unit of N is dead: 1 / N."""
    with torch.no_grad():
        model[0].bias.fill_(99.0)
        model[0].bias[0] = -99.0
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)

    with watch(model, optimizer, every=1, histograms=False, url=server.url):
        model(torch.ones(shape)).sum().backward()
        optimizer.step()

    assert server.only.channel("dead units") == [(1, pytest.approx(1 / units))]
