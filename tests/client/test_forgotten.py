"""The file of events does not grow with what a server has."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agnez_client import Context
from agnez_client.spool import events as events_room
from agnez_client.spool.events import EventLog
from agnez_client.spool.files import Folder
from tests.client.ingest_server import IngestServer

Begin = Callable[..., Context]


def test_what_was_sent_is_forgotten(
    server: IngestServer, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not grow without end; what defines the run stays, in its place."""
    monkeypatch.setattr(events_room, "FORGET_BYTES", 20_000)
    ctx = begin(params={"lr": 0.1})
    assert ctx.job.spool_folder is not None
    file = ctx.job.spool_folder / "events"
    notes = ctx.job.create_channel("notes", "TEXT")
    for i in range(100):
        notes.send(x=i, y=str(i) * 500)
        if i % 20 == 0:
            server.wait_for(lambda i=i: len(server.only.entries("notes")) == i + 1)
    late = ctx.job.create_channel("late", "TEXT")
    late.send(y="last")
    server.wait_for(lambda: server.only.entries("late"))

    assert file.stat().st_size < 60_000
    sent = [x for x, _ in server.only.entries("notes")]
    server.replace_store()
    late.send(y="to the other store")
    ctx.finish()

    assert sent == list(range(100))
    again = server.only
    assert again.of_kind("params")[0]["params"] == {"lr": 0.1}
    assert [b["text"] for _, b in again.entries("late")][-1] == "to the other store"
    assert len(again.entries("notes")) + len(again.entries("late")) + sum(
        e["count"] for e in again.of_kind("dropped")
    ) == 102  # fmt: skip


def test_a_log_that_forgot_is_read_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a process that opens it, and by the one that goes on writing."""
    monkeypatch.setattr(events_room, "FORGET_BYTES", 0)
    folder = Folder(tmp_path)
    log = EventLog.create(folder)
    for i in range(6):
        log.append({"kind": "entry" if i % 2 else "params", "i": i})
    assert log.forget(folder, 4) > 0
    log.append({"kind": "entry", "i": 6})

    expected = [0, None, 2, None, 4, 5, 6]
    for found in (log, EventLog.open(folder)):
        events = [json.loads(e) for e in found.read(0, 1 << 20)]
        assert [e.get("i") for e in events] == expected
        assert [json.loads(found.read(i, 1)[0]).get("i") for i in range(7)] == expected
        found.close()
