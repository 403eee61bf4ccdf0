"""What all kinds have in common: options, copies, bad input, charts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from agnez_client import BadPoint, ChannelConflict, ChannelError, ChartError, Context, RunClosed
from agnez_client.protocol import CHANNEL_TYPES, DRAWN_TYPES, RECORD_TYPES
from tests.client.ingest_server import IngestServer

Begin = Callable[..., Context]
KINDS = [type for type in CHANNEL_TYPES if type != "NUMERIC"]


@pytest.mark.parametrize("type", CHANNEL_TYPES)
def test_an_unknown_option_is_refused(begin: Begin, type: str) -> None:
    """With the names of those there are; nothing is made."""
    ctx = begin()

    with pytest.raises(ChannelError, match=f"{type} knows no option 'smooth'"):
        ctx.job.create_channel("c", type, smooth=1)
    assert ctx.job.channels == []


WRONG = [
    ("HISTOGRAM", {"bins": -1}), ("IMAGE", {"classes": 3}), ("IMAGE", {"max_pixels": 0}),
    ("TEXT", {"format": "rtf"}), ("TABLE", {"columns": ["a", "a"]}), ("AUDIO", {"rate": 0}),
    ("VIDEO", {"fps": "fast"}), ("HTML", {"height": -1}), ("ROC_CURVE", {"labels": [1, 1]}),
    ("CONFUSION_MATRIX", {"labels": "ab"}),
]  # fmt: skip


@pytest.mark.parametrize(("type", "options"), WRONG)
def test_a_wrong_option_is_refused(begin: Begin, type: str, options: dict[str, Any]) -> None:
    """When the channel is made, not at its first point."""
    with pytest.raises(ChannelError, match=type):
        begin().job.create_channel("c", type, **options)


@pytest.mark.parametrize("type", KINDS)
def test_bad_input_is_counted_and_told_once(
    server: IngestServer, begin: Begin, caplog: pytest.LogCaptureFixture, type: str
) -> None:
    """Training goes on; the run says how many were refused."""
    ctx = begin()
    channel = ctx.job.create_channel("c", type)

    for y in (object(), None, 1j):
        channel.send(y=y)
    ctx.finish()

    assert (channel.bad, ctx.job.dropped) == (3, 3)
    assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == 1
    assert [(e["n"], e["count"]) for e in server.only.of_kind("dropped")] == [(0, 3)]


@pytest.mark.parametrize("type", KINDS)
def test_bad_input_is_an_error_in_strict_mode(begin: Begin, type: str) -> None:
    """Which names the channel; x is checked as for numbers."""
    channel = begin(strict=True).job.create_channel("my channel", type)

    with pytest.raises(BadPoint, match="my channel"):
        channel.send(y=object())
    with pytest.raises(BadPoint, match="expected a finite number"):
        channel.send(x=float("nan"), y="text")


def test_an_unknown_keyword_is_bad_input(begin: Begin, caplog: pytest.LogCaptureFixture) -> None:
    """As any other mistake: training goes on, and the log says what is known."""
    channel = begin().job.create_channel("c", "CONFUSION_MATRIX")

    channel.send(y=([0], [1]), y_pred=[1])  # type: ignore[call-arg]

    assert channel.bad == 1
    assert "'y_pred' is not known; send() of CONFUSION_MATRIX takes x, y, labels" in caplog.text


@pytest.mark.parametrize("type", KINDS)
def test_after_the_end_nothing_is_taken(begin: Begin, type: str) -> None:
    """Counted, or an error in strict mode."""
    ctx = begin(strict=True)
    notes = ctx.job.create_channel("c", "TEXT")
    ctx.finish()

    with pytest.raises(RunClosed):
        notes.send(y="late")


def test_what_is_changed_afterwards_stays_as_it_was(server: IngestServer, begin: Begin) -> None:
    """Everything is copied in `send()`."""
    ctx = begin(url="http://127.0.0.1:9")
    counts = ctx.job.create_channel("counts", "HISTOGRAM", bins=2)
    image = ctx.job.create_channel("image", "IMAGE")
    table = ctx.job.create_channel("table", "TABLE")
    values, pixels, rows = torch.tensor([0.0, 1.0]), np.zeros((3, 3), np.uint8), [{"a": 1}]

    counts.send(y=values)
    image.send(y=pixels)
    table.send(y=rows)
    before = ctx.job._outlet.pen.spool.events.read(0, 1 << 20)  # type: ignore[union-attr]
    values[:] = 5
    pixels[:] = 9
    rows[0]["a"] = 2

    assert ctx.job._outlet.pen.spool.events.read(0, 1 << 20) == before  # type: ignore[union-attr]
    assert b'"rows":[[1]]' in b"".join(before)
    assert b'"edges":[0.0,0.5,1.0]' in b"".join(before)


@pytest.mark.parametrize("type", DRAWN_TYPES)
def test_a_chart_has_one_type(begin: Begin, type: str) -> None:
    """Two of a kind go together, others do not; a name has one type."""
    ctx = begin()
    other = "TEXT" if type != "TEXT" else "IMAGE"
    a, b = ctx.job.create_channel("a", type), ctx.job.create_channel("b", type)
    c = ctx.job.create_channel("c", other)

    assert ctx.job.create_chart([a, b], "Both").type == type
    with pytest.raises(ChartError, match=f"'a' is {type}, 'c' is {other}"):
        ctx.job.create_chart([a, c], "Mixed")
    with pytest.raises(ChannelConflict, match=type):
        ctx.job.create_channel("a", other)


@pytest.mark.parametrize("type", RECORD_TYPES)
def test_what_belongs_to_the_record_stands_in_no_chart(begin: Begin, type: str) -> None:
    """Markers are on every chart anyway."""
    ctx = begin()

    with pytest.raises(ChartError, match="stands in no chart"):
        ctx.job.create_chart([ctx.job.create_channel("a", type)], "None")


def test_the_limit_of_pixels_is_a_setting(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """AGNEZ_MAX_PIXELS, and an option that wins."""
    monkeypatch.setenv("AGNEZ_MAX_PIXELS", "8")
    ctx = begin()
    small, large = (ctx.job.create_channel(n, "IMAGE", **o) for n, o in
                    (("a", {}), ("b", {"max_pixels": 9})))  # fmt: skip

    small.send(y=np.zeros((3, 3)))
    large.send(y=np.zeros((3, 3)))

    assert (small.bad, large.bad) == (1, 0)


def test_an_entry_that_is_too_large_is_refused(begin: Begin) -> None:
    """Boxes by the ten thousand; the limit is named."""
    channel = begin(strict=True).job.create_channel("c", "IMAGE")

    with pytest.raises(BadPoint, match="at most 262144"):
        channel.send(y=np.zeros((4, 4)), boxes=np.full((10_000, 4), 1.234))  # type: ignore[call-arg]


def test_no_room_is_counted(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A blob that finds none leaves no entry behind."""
    monkeypatch.setenv("AGNEZ_SPOOL_RUN_LIMIT", "3000000")
    ctx = begin(url="http://127.0.0.1:9")
    channel = ctx.job.create_channel("c", "TEXT")

    channel.send(y="x" * 2_000_000)
    channel.send(y="short")

    assert (channel.dropped, channel.bad) == (1, 0)
