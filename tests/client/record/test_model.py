"""The summary of a model, from whatever it is."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch

from agnez_client import Context, RecordError
from agnez_client.record.model import summarise
from tests.client.ingest_server import IngestServer
from tests.client.record.conftest import about_of


class Net(torch.nn.Module):
    """Two layers, 4*3 + 3 and 3*2 numbers, the second one frozen and used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Linear(4, 3)
        self.head = torch.nn.Sequential(torch.nn.Linear(3, 2, bias=False), torch.nn.ReLU())
        self.tied = self.head[0]
        self.head.requires_grad_(False)


def test_layers_of_torch_are_listed() -> None:
    """Numbers worked by hand; what is shared counts once."""
    found = summarise(Net())

    assert (found.name, found.parameters, found.trainable) == ("Net", 21, 15)
    rows = [line.split() for line in found.text.splitlines()]
    assert ["Net", "Net", "21"] in rows
    assert ["first", "Linear(in_features=4,", "out_features=3,", "bias=True)", "15"] in rows
    assert rows[-1] == ["21", "parameters,", "15", "of", "them", "trainable"]


def test_a_lazy_layer_has_no_numbers_yet() -> None:
    """Its shape is not known before its first batch."""
    with warnings.catch_warnings(action="ignore"):  # it says that it may change
        model = torch.nn.LazyLinear(3)

    assert summarise(model).parameters == 0


def test_models_of_keras_tell_their_own_summary() -> None:
    """By `summary(print_fn=…)` and `count_params()`."""

    class Sequential:
        def count_params(self) -> int:
            return 7

        def summary(self, print_fn: Callable[..., None]) -> None:
            print_fn("Layer  Params")
            print_fn("dense  7", line_break=True)

    assert summarise(Sequential()) == ("Sequential", "Layer  Params\ndense  7", 7, None)


def test_texts_and_others_are_taken_as_they_are() -> None:
    """Of a text the first line is the name."""
    assert summarise("LSTM\n2 x 128")[:2] == ("LSTM", "LSTM\n2 x 128")
    assert summarise(3 + 4j)[:2] == ("complex", "(3+4j)")


def test_the_summary_is_a_blob_of_the_run(
    server: IngestServer, begin: Callable[..., Context]
) -> None:
    """Counts stand beside it."""
    ctx = begin()
    ctx.job.set_model(Net(), name="small")
    ctx.finish()
    fact = about_of(server)["model"]

    assert (fact["name"], fact["parameters"], fact["trainable"]) == ("small", 21, 15)
    assert server.blobs[fact["blob"]["sha256"]] == ("text/plain", summarise(Net()).text.encode())


def test_a_model_that_fails_to_tell_is_named(begin: Callable[..., Context]) -> None:
    """As other wrong arguments."""

    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no weights")

    model: Any = Broken()
    with pytest.raises(RecordError, match="no weights"):
        begin().job.set_model(model)
