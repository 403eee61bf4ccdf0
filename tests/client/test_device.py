"""Tensors on a device: copied there, not waited for, counted when there are too many."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from agnez_client import Channel, Context
from agnez_client.device import DeviceCopies, TorchArrival
from tests.client.ingest_server import IngestServer

Begin = Callable[..., Context]


class Device:
    """A device whose queue moves when the test says so; reading it early is an error."""

    def __init__(self) -> None:
        self.done = 0
        self.queued = 0
        self.element_size = 4
        self.calls: list[str] = []


class FakeTensor:
    """A tensor of one element on a `Device`."""

    def __init__(self, value: float, device: Device) -> None:
        self.stored, self.on = value, device
        self.device = types.SimpleNamespace(type="fake")
        self.shape: tuple[int, ...] = ()
        self.requires_grad = True

    def numel(self) -> int:
        """One."""
        return 1

    def element_size(self) -> int:
        """Bytes of one element, as large as a test wants it."""
        return self.on.element_size

    def item(self) -> float:
        """Would wait for the device."""
        raise AssertionError("the device was waited for")

    def __float__(self) -> float:
        raise AssertionError("the device was waited for")

    def detach(self) -> FakeTensor:
        """Without its graph."""
        self.on.calls.append("detach")
        found = FakeTensor(self.stored, self.on)
        found.requires_grad = False
        return found

    def clone(self) -> FakeTensor:
        """Copied on the device."""
        assert not self.requires_grad
        self.on.calls.append("clone")
        return FakeTensor(self.stored, self.on)


class FakeHost:
    """Memory of the host that a copy is written to, some time."""

    def __init__(self) -> None:
        self.value: float | None = None

    def copy_(self, source: FakeTensor, *, non_blocking: bool) -> None:
        """Queue the copy."""
        assert non_blocking
        source.on.calls.append("copy")
        self.value = source.stored

    def item(self) -> float:
        """The value."""
        assert self.value is not None
        return self.value

    def __array__(self, *args: object, **more: object) -> np.ndarray[Any, Any]:
        return np.array([self.value, self.value])


class FakeEvent:
    """A marker in the queue of a device."""

    def record(self, stream: Device) -> None:
        """Stand behind what is queued."""
        stream.calls.append("record")
        stream.queued += 1
        self.device, self.place = stream, stream.queued

    def query(self) -> bool:
        """Whether the device has passed it."""
        return self.device.done >= self.place


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    """A device, and a torch that knows it."""
    device = Device()
    module = types.SimpleNamespace(Event=FakeEvent, current_stream=lambda which: device)
    torch = types.SimpleNamespace(
        get_device_module=lambda which: module,
        empty_like=lambda frozen, device, pin_memory: FakeHost(),
    )
    monkeypatch.setitem(sys.modules, "torch", torch)  # type: ignore[arg-type]
    return device


@pytest.fixture
def loss(begin: Begin) -> Channel:
    """A channel of a run."""
    return begin().job.create_channel("loss", "NUMERIC")


def test_the_copy_is_queued_and_nobody_waits(device: Device, loss: Channel) -> None:
    """Detached, copied on the device, sent to the host, with a marker behind it."""
    loss.send(y=FakeTensor(0.5, device))

    assert device.calls == ["detach", "clone", "copy", "record"]
    device.done = 1


def test_the_point_is_written_when_the_copy_has_arrived(
    server: IngestServer, device: Device, loss: Channel
) -> None:
    """With x and wall time of the call, by the sender's thread."""
    loss.send(x=3, y=FakeTensor(0.5, device))
    loss.send(x=4, y=FakeTensor(0.25, device))
    loss.send(x=5, y=0.125)
    server.wait_for(lambda: server.points() == 1)
    device.done = 2
    server.wait_for(lambda: server.points() == 3)

    assert server.only.channel("loss") == [(5, 0.125), (3, 0.5), (4, 0.25)]
    walls = {x: wall for _, _, x, _, wall in server.only.points}
    assert walls[3] <= walls[4] <= walls[5]


def test_a_value_changed_in_place_later_is_the_old_one(
    server: IngestServer, device: Device, loss: Channel
) -> None:
    """It was copied on the device within the call."""
    value = FakeTensor(0.5, device)

    loss.send(y=value)
    value.stored = 99.0
    device.done = 1
    server.wait_for(lambda: server.points() == 1)

    assert server.only.channel("loss") == [(0, 0.5)]


def test_x_counts_on_for_values_on_their_way(
    server: IngestServer, device: Device, loss: Channel
) -> None:
    """The default x is that of the order of the calls."""
    for _ in range(3):
        loss.send(y=FakeTensor(0.5, device))
    device.done = 3
    server.wait_for(lambda: server.points() == 3)

    assert [x for x, _ in server.only.channel("loss")] == [0, 1, 2]


def test_the_end_of_a_run_waits_for_copies(
    server: IngestServer, device: Device, begin: Begin
) -> None:
    """What has arrived in time is delivered, what has not is told."""
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")
    loss.send(y=FakeTensor(0.5, device))
    loss.send(y=FakeTensor(0.25, device))
    device.done = 1

    ctx.job.finish(timeout_s=0.3)

    assert [y for _, y in server.only.channel("loss")] in ([0.5], [])


def test_copies_on_their_way_are_bounded(device: Device, begin: Begin) -> None:
    """A device that stands still costs points, counted, not memory."""
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")
    ctx.job._outlet.pen.copies = DeviceCopies(limit=10)

    for _ in range(15):
        loss.send(y=FakeTensor(0.5, device))

    assert len(ctx.job._outlet.pen.copies) == 10
    assert loss.dropped == 5
    device.done = 10


def test_copies_are_deposited_in_order(device: Device) -> None:
    """A later one never overtakes."""
    copies, found = DeviceCopies(), list[float]()
    for n in range(5):
        assert copies.take(FakeTensor(float(n), device), found.append)

    device.done = 3
    copies.collect()
    assert found == [0.0, 1.0, 2.0]
    device.done = 5
    assert copies.drain(1.0) == 0
    assert found == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_device_that_fails_costs_its_values_only(caplog: pytest.LogCaptureFixture) -> None:
    """They are counted and told once."""

    class Broken:
        def __init__(self, tensor: object) -> None: ...

        def is_here(self) -> bool:
            raise RuntimeError("an illegal memory access was encountered")

        def value(self) -> float:
            return 0.0

    copies = DeviceCopies(copy=Broken)
    for _ in range(3):
        copies.take(object(), lambda value: None)
    copies.collect()

    assert (len(copies), copies.failed) == (0, 3)
    assert caplog.text.count("illegal memory access") == 1


def test_a_tensor_of_many_elements_is_refused(device: Device) -> None:
    """Before anything is copied."""
    many = FakeTensor(0.0, device)
    many.shape = (2,)
    many.numel = lambda: 2  # type: ignore[method-assign]

    with pytest.raises(ValueError, match="expected one number"):
        TorchArrival(many)
    assert device.calls == []


def test_x_on_a_device_is_refused(device: Device, begin: Begin) -> None:
    """Reading it would wait."""
    loss = begin().job.create_channel("loss", "NUMERIC")

    loss.send(x=FakeTensor(1.0, device), y=0.0)

    assert loss.bad == 1


def test_a_whole_tensor_is_taken_when_its_copy_is_here(
    server: IngestServer, begin: Begin, device: Device
) -> None:
    """Nobody waits in `send()`; x and wall time are those of the send."""
    counts = begin().job.create_channel("counts", "HISTOGRAM", bins=1)

    counts.send(x=7, y=FakeTensor(0.5, device))
    counts.send(x=8, y=np.array([1.0]))
    server.wait_for(lambda: server.only.entries("counts"))
    assert [x for x, _ in server.only.entries("counts")] == [8]
    assert device.calls == ["detach", "clone", "copy", "record"]
    device.done = 1
    server.wait_for(lambda: len(server.only.entries("counts")) == 2)

    late = server.only.of_kind("entry")[1]
    assert (late["x"], late["body"]["counts"]) == (7, [2])
    assert late["wall"] < server.only.of_kind("entry")[0]["wall"]


def test_a_whole_tensor_that_is_none_is_counted(begin: Begin, device: Device) -> None:
    """When it is looked at, in the sender's thread: no error reaches the training."""
    ctx = begin(strict=True)
    image = ctx.job.create_channel("image", "IMAGE")
    device.done = 1

    image.send(y=FakeTensor(0.5, device))
    ctx.finish()

    assert image.bad == 1


def test_whole_tensors_on_their_way_have_a_limit(begin: Begin, device: Device) -> None:
    """In bytes: the device's memory is the training's."""
    counts = begin().job.create_channel("counts", "HISTOGRAM")
    device.element_size = 100 << 20

    for _ in range(3):
        counts.send(y=FakeTensor(0.5, device))

    assert counts.dropped == 1
    device.done = 9
