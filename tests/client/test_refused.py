"""Rule 7: what the server refuses is parked alone, and nothing stops the sender."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agnez_client import Context, sender
from agnez_client.protocol import RECORD_INT, split_events
from tests.client.ingest_server import (
    Fault,
    IngestServer,
    drop,
    garbage,
    hang,
    status,
)

Begin = Callable[..., Context]


def folder_of(ctx: Context) -> Path:
    """Where its spool lies."""
    folder = ctx.job.spool_folder
    assert folder is not None
    return folder


def test_a_refused_point_is_parked_and_the_rest_arrives(
    server: IngestServer, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    """It lies in the file `rejected` with its reason; the spool stays for it."""
    server.refuses = lambda kind, n, thing: "an ugly number" if (kind, n) == ("point", 3) else None
    ctx = begin()
    folder = folder_of(ctx)
    loss = ctx.job.create_channel("loss", "NUMERIC")

    for i in range(6):
        loss.send(x=i, y=float(i))
    ctx.finish()

    assert [x for x, _ in server.only.channel("loss")] == [0, 1, 2, 4, 5]
    (parked,) = [json.loads(e) for e in split_events((folder / "rejected").read_bytes())[0]]
    assert (parked["kind"], parked["ordinal"], parked["reason"]) == ("point", 3, "an ugly number")
    x, y, *_ = RECORD_INT.unpack(bytes.fromhex(parked["frame"]))
    assert (x, y) == (3, 3.0)
    assert "an ugly number" in caplog.text


def test_a_refused_event_is_parked(server: IngestServer, begin: Begin) -> None:
    """With its text, so that a person can see what it was."""
    server.refuses = lambda kind, n, thing: (
        "no such chart" if kind == "event" and thing["kind"] == "chart" else None  # type: ignore[index]
    )
    ctx = begin()
    folder = folder_of(ctx)
    loss = ctx.job.create_channel("loss", "NUMERIC")
    ctx.job.create_chart([loss], "Loss", "step", "y")
    loss.send(y=1.0)
    ctx.finish()

    (parked,) = [json.loads(e) for e in split_events((folder / "rejected").read_bytes())[0]]
    assert json.loads(bytes.fromhex(parked["frame"]))["title"] == "Loss"
    assert server.only.channel("loss") == [(0, 1.0)]


BAD_ANSWERS: dict[str, Fault] = {
    "hangs up": drop,
    "no JSON": garbage(b"<html>404</html>"),
    "no object": garbage(b"[1, 2]"),
    "no marks": garbage(b"{}"),
    "marks of the wrong type": garbage(
        b'{"store": "%s", "events": "1", "points": 2}' % (b"a" * 32)
    ),
    "marks beyond what was sent": garbage(
        b'{"store": "%s", "events": 1, "points": %d}' % (b"a" * 32, 10**15)
    ),
    "negative marks": garbage(b'{"store": "%s", "events": -1, "points": 0}' % (b"a" * 32)),
    "a store id that is none": garbage(b'{"store": "x", "events": 1, "points": 0}'),
    "refused of the wrong type": garbage(
        b'{"store": "%s", "events": 1, "points": 0, "refused": [3]}' % (b"a" * 32)
    ),
    "a conflict without a code": garbage(b'{"error": "conflict"}', 409),
    "a conflict without marks": garbage(b'{"error": {"code": "gap"}}', 409),
    "too long": garbage(b" " * (1 << 20) + b"{}"),
    "an error without JSON": garbage(b"oops", 500),
    "an error with a strange shape": garbage(b'{"error": []}', 503),
    "500": status(500),
    "503": status(503),
    "507": status(507),
    "413": status(413),
    "429": status(429),
}


@pytest.mark.parametrize("way", BAD_ANSWERS)
def test_the_sender_survives_any_answer(server: IngestServer, begin: Begin, way: str) -> None:
    """It waits a moment, asks again, and delivers."""
    server.faults += [BAD_ANSWERS[way]] * 2
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")
    loss.send(y=1.0)

    server.wait_for(lambda: server.points() == 1)
    ctx.finish()

    assert server.only.channel("loss") == [(0, 1.0)]


def test_an_error_of_our_own_does_not_end_the_thread(
    server: IngestServer, begin: Begin, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """It is logged with its traceback, counted, and the next turn comes."""
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")
    spool = ctx.job._outlet.pen.spool
    assert spool is not None
    whole, broken = spool.read_points, [1, 1, 1]

    def read(position: int, limit: int) -> object:
        if broken:
            broken.pop()
            raise RuntimeError("planted")
        return whole(position, limit)

    monkeypatch.setattr(spool, "read_points", read)
    loss.send(y=1.0)
    server.wait_for(lambda: server.points() == 1)
    ctx.finish()

    assert len([r for r in caplog.records if r.exc_info]) == 3
    assert ctx.job._outlet._sender is not None
    assert ctx.job._outlet._sender.failures == 3


def test_a_deleted_run_is_sent_no_more(
    server: IngestServer, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    """410 stops that spool; training goes on and ends at once."""
    ctx = begin()
    server.deleted.add(ctx.job.run)
    loss = ctx.job.create_channel("loss", "NUMERIC")
    loss.send(y=1.0)
    server.wait_for(lambda: server.batches)
    loss.send(y=2.0)
    began = time.monotonic()
    ctx.finish()

    assert time.monotonic() - began < 8
    assert server.spools == {}
    assert len([b for b in server.batches if b.run == ctx.job.run]) == 1
    assert "the run was deleted" in caplog.text


def test_a_wrong_token_is_told_once_with_its_cure(
    server: IngestServer, begin: Begin, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """One warning that names AGNEZ_TOKEN; then a long pause; the points wait."""
    monkeypatch.setattr(sender, "DENIED_BACKOFF_S", 0.02)
    server.token = "agnez_right"
    ctx = begin(token="agnez_wrong")
    ctx.job.create_channel("loss", "NUMERIC").send(y=1.0)
    server.wait_for(lambda: len(server.requests) >= 3)

    server.token = None
    server.wait_for(lambda: server.points() == 1)
    ctx.finish()

    warnings = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "AGNEZ_TOKEN" in warnings[0].message
    assert "agnez_wrong" not in caplog.text
    assert {r["authorization"] for r in server.requests} == {"Bearer agnez_wrong"}


def test_what_is_no_server_is_told_with_its_cure(
    server: IngestServer, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    """404: AGNEZ_URL leads somewhere else."""
    server.always = status(404)
    ctx = begin()
    ctx.job.create_channel("loss", "NUMERIC").send(y=1.0)
    ctx.finish()

    assert "is AGNEZ_URL the address of an Agnez server?" in caplog.text
    assert folder_names(ctx) != []


def folder_names(ctx: Context) -> list[str]:
    """Spools that are left beside that of *ctx*."""
    place = ctx.job._outlet.place.folder
    assert place is not None
    return [p.name for p in place.iterdir()]


def test_batches_shrink_until_the_server_takes_them(server: IngestServer, begin: Begin) -> None:
    """413 halves the batch, whatever limit the server has."""

    def small_only(handler: object) -> bool:
        if len(handler.body) > 40_000:  # type: ignore[attr-defined]
            return status(413)(handler)  # type: ignore[arg-type]
        return False

    server.always = small_only
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")
    for i in range(5_000):
        loss.send(x=i, y=0.0)
    ctx.finish()

    assert [x for x, _ in server.only.channel("loss")] == list(range(5_000))


def test_the_servers_pace_is_heeded(server: IngestServer, begin: Begin) -> None:
    """`next_in_ms` is the least pause before the next batch."""
    server.next_in_ms = 300
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")
    loss.send(y=0.0)
    server.wait_for(lambda: server.points() == 1)
    began = time.monotonic()
    loss.send(y=1.0)
    server.wait_for(lambda: server.points() == 2)

    assert time.monotonic() - began > 0.25


def test_retry_after_is_heeded(server: IngestServer, begin: Begin) -> None:
    """A busy server says when to come back."""
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")
    loss.send(y=0.0)
    server.wait_for(lambda: server.points() == 1)
    server.faults.append(status(503, Retry_After="1"))
    began = time.monotonic()
    loss.send(y=1.0)
    server.wait_for(lambda: server.points() == 2)

    assert time.monotonic() - began > 0.9


def test_a_run_that_sends_nothing_says_that_it_lives(
    server: IngestServer, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty batch now and then."""
    monkeypatch.setattr(sender, "HEARTBEAT_S", 0.05)
    begin()

    server.wait_for(lambda: len([b for b in server.batches if not b.events]) >= 4)


def test_one_batch_is_in_flight(server: IngestServer, begin: Begin) -> None:
    """While the server thinks, the next batch grows; it is not sent beside the first."""
    thinking, answer, asked = threading.Event(), threading.Event(), []

    def slow(handler: object) -> bool:
        asked.append(1)
        thinking.set()
        answer.wait(20)
        return False

    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")
    loss.send(y=0.0)
    server.wait_for(lambda: server.points() == 1)
    server.always = slow
    loss.send(y=1.0)
    assert thinking.wait(20)
    for _ in range(1000):
        loss.send(y=2.0)
    assert len(asked) == 1
    server.always = None
    before = len(server.batches)
    answer.set()
    server.wait_for(lambda: server.points() == 1002)
    ctx.finish()

    assert len([b for b in server.batches[before:] if len(b.points)]) <= 3


def test_training_does_not_wait_for_a_server_that_hangs(server: IngestServer, begin: Begin) -> None:
    """Sends return at once, and the end of the run waits as long as it was told."""
    until = threading.Event()
    server.always = hang(until)
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")
    began = time.monotonic()
    for i in range(50_000):
        loss.send(x=i, y=0.0)
    sent = time.monotonic() - began
    ctx.job.finish(timeout_s=0.5)
    ended = time.monotonic() - began - sent
    until.set()

    assert sent < 5
    assert ended < 3
