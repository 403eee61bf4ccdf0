"""From `Context` to a server: the thin path through all rooms."""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Callable

from agnez_client import Context
from tests.client.ingest_server import IngestServer

Begin = Callable[..., Context]


def test_points_arrive_once_and_in_order(server: IngestServer, begin: Begin) -> None:
    """What was sent is what the server has, x as integers, y as floats."""
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")

    for i in range(10_000):
        loss.send(x=i, y=i / 2)
    ctx.finish()

    assert server.only.channel("loss") == [(i, i / 2) for i in range(10_000)]


def test_the_lines_of_the_first_antgo_program_run(server: IngestServer, begin: Begin) -> None:
    """Channel, chart and send as the program of 2018 wrote them."""
    ctx = begin()
    loss_channel = ctx.job.create_channel("loss", "NUMERIC")
    ctx.job.create_chart([loss_channel], "Loss Curve", "step", "value")
    iter, loss = 0, 0.25

    loss_channel.send(x=iter, y=loss)
    ctx.finish()

    (chart,) = server.only.of_kind("chart")
    assert (chart["title"], chart["x"], chart["y"]) == ("Loss Curve", "step", "value")
    assert chart["channels"] == ["loss"]
    assert chart["type"] == "NUMERIC"
    assert server.only.channel("loss") == [(0, 0.25)]


def test_definitions_come_before_points(server: IngestServer, begin: Begin) -> None:
    """The batch with a channel's first point has its definition in it, or an earlier one had."""
    ctx = begin()

    for n in range(50):
        ctx.job.create_channel(f"c{n}", "NUMERIC").send(y=n)
    ctx.finish()

    defined = 0
    for batch in server.batches:
        defined += sum(b'"kind":"channel"' in e for e in batch.events)
        assert all(int(n) < defined for n in batch.points["channel"])
    assert defined == 50


def test_nan_and_infinity_travel(server: IngestServer, begin: Begin) -> None:
    """They are values like others."""
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")

    for y in (math.nan, math.inf, -math.inf):
        loss.send(y=y)
    ctx.finish()

    (_, first), (_, second), (_, third) = server.only.channel("loss")
    assert math.isnan(first)
    assert (second, third) == (math.inf, -math.inf)


def test_x_defaults_to_the_next_step(server: IngestServer, begin: Begin) -> None:
    """0 at first, then one more than the last x, whoever gave it."""
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")

    loss.send(y=0.0)
    loss.send(y=0.0)
    loss.send(10, 0.0)
    loss.send(y=0.0)
    loss.send(x=2.5, y=0.0)
    loss.send(y=1)
    ctx.finish()

    assert [x for x, _ in server.only.channel("loss")] == [0, 1, 10, 11, 2.5, 3.5]


def test_large_integers_stay_exact(server: IngestServer, begin: Begin) -> None:
    """An x that a float can't hold arrives as it is."""
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")

    for x in (2**53 + 1, 2**63 - 1, -(2**63)):
        loss.send(x=x, y=0.0)
    ctx.finish()

    assert [x for x, _ in server.only.channel("loss")] == [2**53 + 1, 2**63 - 1, -(2**63)]


def test_wall_times_are_those_of_the_calls(server: IngestServer, begin: Begin) -> None:
    """Each point has the time at which it was sent, not at which it was delivered."""
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")

    before = time.time_ns()
    loss.send(y=1.0)
    between = time.time_ns()
    loss.send(y=2)
    after = time.time_ns()
    ctx.finish()

    first, second = (wall for *_, wall in server.only.points)
    assert before <= first <= between <= second <= after


def test_a_spool_that_was_delivered_is_removed(server: IngestServer, begin: Begin) -> None:
    """Nothing is left on the disk when the server has everything."""
    ctx = begin()
    folder = ctx.job.spool_folder
    assert folder is not None and folder.is_dir()

    ctx.job.create_channel("loss", "NUMERIC").send(y=1.0)
    ctx.finish()

    assert list(folder.parent.iterdir()) == []


def test_the_run_says_where_it_comes_from(server: IngestServer, begin: Begin) -> None:
    """Its first event carries project, experiment, name, host and process."""
    ctx = begin(project="digits", experiment="cnn", name="first", tags=["a", "b"])
    ctx.finish()

    run = server.only.events[0]
    assert run["kind"] == "run"
    assert run["id"] == ctx.job.run
    assert (run["project"], run["experiment"], run["name"]) == ("digits", "cnn", "first")
    assert (run["host"], run["pid"]) == (socket.gethostname(), os.getpid())
    assert server.only.of_kind("tags")[0]["tags"] == ["a", "b"]
