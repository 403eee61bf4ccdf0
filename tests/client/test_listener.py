"""The output of a program, chunk by chunk."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from agnez_client import Context
from agnez_client.piping.listener import OutputListener
from tests.client.ingest_server import IngestServer

Begin = Callable[..., Context]


def test_chunks_may_end_anywhere(server: IngestServer, begin: Begin) -> None:
    """Within a line, within a character, between \\r and \\n; the last line needs no end."""
    ctx = begin()
    listener = OutputListener(ctx.job, "stdout")
    text = "step=1 größe=2 loss=0.5\r\nstep=2 loss=0.25\rstep=3 loss=1".encode()

    for i in range(len(text)):
        listener.hear(text[i : i + 1])
    listener.hear(b"", end=True)
    ctx.finish()

    assert server.only.channel("loss") == [(1, 0.5), (2, 0.25), (3, 1)]
    assert server.only.channel("größe") == [(1, 2)]


def test_a_line_without_an_end_is_read_in_pieces(server: IngestServer, begin: Begin) -> None:
    """Memory is bounded, and what follows is read."""
    ctx = begin()
    listener = OutputListener(ctx.job, "stdout")

    for _ in range(20):
        listener.hear(b"x" * (64 << 10))
    listener.hear(b"\nstep=1 loss=2\n")
    ctx.finish()

    assert server.only.channel("loss") == [(1, 2)]


def test_a_mistake_of_ours_stops_no_program(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once, and the output only passes from then on."""
    ctx = begin()
    listener = OutputListener(ctx.job, "stderr")

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ctx.job, "create_channel", fail)
    with caplog.at_level(logging.ERROR):
        listener.hear(b"step=1 loss=2\n")
        listener.hear(b"step=2 loss=2\n")

    assert [r.getMessage() for r in caplog.records if r.levelname == "ERROR"] == [
        "stderr is not read any more, it only passes through"
    ]
