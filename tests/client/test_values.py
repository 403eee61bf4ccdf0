"""What counts as x and as y, and what happens to what does not."""

from __future__ import annotations

import decimal
import fractions
import gc
import logging
import math
import sys
import weakref
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agnez_client import BadPoint, Channel, Context, RunClosed
from agnez_client.kinds.number import as_x, as_y
from tests.client.ingest_server import IngestServer

Begin = Callable[..., Context]


@pytest.fixture
def loss(begin: Begin) -> Channel:
    """A channel of a run."""
    return begin().job.create_channel("loss", "NUMERIC")


GOOD = {
    "int": (3, 3.0),
    "bool": (True, 1.0),
    "float": (0.1, 0.1),
    "huge int": (10**30, 1e30),
    "Decimal": (decimal.Decimal("0.5"), 0.5),
    "Fraction": (fractions.Fraction(1, 4), 0.25),
    "float64": (np.float64(0.1), 0.1),
    "float32": (np.float32(0.5), 0.5),
    "float16": (np.float16(0.5), 0.5),
    "int8": (np.int8(-3), -3.0),
    "uint64": (np.uint64(2**63), 2.0**63),
    "numpy bool": (np.bool_(True), 1.0),
    "0-d array": (np.array(0.5), 0.5),
    "array of one": (np.array([[0.5]]), 0.5),
    "tensor": (torch.tensor(0.5), 0.5),
    "tensor of one": (torch.tensor([0.5]), 0.5),
    "half tensor": (torch.tensor(0.5, dtype=torch.bfloat16), 0.5),
    "int tensor": (torch.tensor(7), 7.0),
    "tensor with a graph": (torch.tensor(0.25, requires_grad=True) * 2, 0.5),
}


@pytest.mark.parametrize("way", GOOD)
def test_numbers_of_all_kinds_are_taken(server: IngestServer, loss: Channel, way: str) -> None:
    """Python numbers, NumPy scalars, tensors of one element."""
    y, expected = GOOD[way]

    loss.send(y=y)
    server.wait_for(lambda: server.points() == 1)

    assert server.only.channel("loss") == [(0, expected)]
    assert loss.bad == 0


BAD = {
    "text": ("0.5", "y is '0.5' (str), expected a number"),
    "nothing": (None, "y is None, expected a number"),
    "bytes": (b"1", "bytes"),
    "complex": (1j, "complex"),
    "numpy complex": (np.complex64(1j), "complex"),
    "list": ([0.5], "list"),
    "array": (np.zeros(3), "the shape (3,)"),
    "empty array": (np.zeros(0), "the shape (0,)"),
    "tensor": (torch.zeros(2, 2), "the shape (2, 2)"),
    "tensor without values": (torch.zeros((), device="meta"), "meta"),
    "too large": (10**400, "too large"),
    "date": (np.datetime64("2026-01-01"), "date"),
}


@pytest.mark.parametrize("way", BAD)
def test_what_is_no_number_is_an_error_in_strict_mode(begin: Begin, way: str) -> None:
    """It names the channel and says what was found."""
    y, expected = BAD[way]
    loss = begin(strict=True).job.create_channel("loss", "NUMERIC")

    with pytest.raises(BadPoint, match="loss") as caught:
        loss.send(y=y)

    assert expected in str(caught.value)


@pytest.mark.parametrize("way", BAD)
def test_what_is_no_number_is_counted_and_told_once(
    server: IngestServer, begin: Begin, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    """Training goes on; the run says how many were refused, and why."""
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")

    for _ in range(3):
        loss.send(y=BAD[way][0])
    loss.send(y=1.0)
    ctx.finish()

    assert (loss.bad, ctx.job.dropped) == (3, 3)
    assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == 1
    assert [y for _, y in server.only.channel("loss")] == [1.0]
    (told,) = server.only.of_kind("dropped")
    assert (told["n"], told["count"]) == (0, 3)
    assert BAD[way][1] in told["reason"]


class Rude:
    """Raises what is not meant for such an occasion."""

    def __float__(self) -> float:
        raise RuntimeError("device-side assert triggered")


def test_whatever_a_value_raises_training_goes_on(loss: Channel) -> None:
    """An error of a device, for instance, surfaces where the value is read."""
    loss.send(y=Rude())

    assert loss.bad == 1


@pytest.mark.parametrize(
    "x", ["1", None.__class__, math.nan, math.inf, 2**63, -(2**63) - 1, 1j, np.zeros(2)]
)
def test_a_wrong_x_is_refused(begin: Begin, x: object) -> None:
    """x is a finite number; an integer has at most 64 bits."""
    loss = begin(strict=True).job.create_channel("loss", "NUMERIC")

    with pytest.raises(BadPoint, match="x"):
        loss.send(x=x, y=0.0)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        *[(True, 1), (np.int32(5), 5), (np.array(6), 6), (torch.tensor(7), 7)],
        *[(0.5, 0.5), (np.float32(0.5), 0.5), (torch.tensor(0.5), 0.5)],
    ],
)
def test_x_of_all_kinds(server: IngestServer, loss: Channel, x: object, expected: float) -> None:
    """Integers stay integers, others become floats."""
    loss.send(x=x, y=0.0)
    server.wait_for(lambda: server.points() == 1)

    ((found, _),) = server.only.channel("loss")
    assert (found, type(found)) == (expected, type(expected))


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_integer_of_64_bits_stays(x: int) -> None:
    """As an integer."""
    assert as_x(x) == x
    assert type(as_x(x)) is int


@given(st.floats())
def test_every_float_stays(y: float) -> None:
    """NaN and infinity too."""
    assert as_y(y) == y or math.isnan(y)


def test_no_graph_is_kept(loss: Channel) -> None:
    """The tensor that was sent, and what it was computed from, can go at once."""
    weights = torch.ones(10, requires_grad=True)
    inner = weights * 2
    value = (inner**2).sum()  # the graph of a square holds what was squared
    held = [weakref.ref(inner), weakref.ref(value)]

    loss.send(y=value)
    del inner, value
    gc.collect()

    assert [found() for found in held] == [None, None]


def test_a_value_changed_in_place_later_is_the_old_one(server: IngestServer, loss: Channel) -> None:
    """What counts is the moment of the call."""
    value = torch.tensor(1.0)

    loss.send(y=value)
    value.add_(1)
    server.wait_for(lambda: server.points() == 1)

    assert server.only.channel("loss") == [(0, 1.0)]


def test_sending_needs_no_torch(monkeypatch: pytest.MonkeyPatch, loss: Channel) -> None:
    """It is looked up where the training has it, never imported."""
    monkeypatch.setitem(sys.modules, "torch", None)

    loss.send(y=np.float32(1))
    loss.send(y=2)

    assert loss.bad == 0


def test_after_the_end_points_are_counted(begin: Begin, caplog: pytest.LogCaptureFixture) -> None:
    """A late send is no error, told once."""
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")
    ctx.finish()

    loss.send(y=1.0)
    loss.send(y=torch.tensor(1.0))

    assert loss.dropped == 2
    assert caplog.text.count("its run has ended") == 1


def test_after_the_end_strict_mode_raises(begin: Begin) -> None:
    """The point is lost, and in strict mode one wants to know."""
    ctx = begin(strict=True)
    loss = ctx.job.create_channel("loss", "NUMERIC")
    ctx.finish()

    with pytest.raises(RunClosed, match=ctx.job.run):
        loss.send(y=1.0)
