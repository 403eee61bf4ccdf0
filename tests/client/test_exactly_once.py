"""Rules 5 and 6: by ordinals, against lost answers, restarts and other stores."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from agnez_client import Context, delivery, sender
from agnez_client.delivery import Delivery, Outcome, batch_body
from agnez_client.protocol import UNKNOWN_STORE, decode_batch
from agnez_client.spool.cursor import Cursor, Marks
from agnez_client.spool.files import Folder
from agnez_client.spool.spool import Spool
from agnez_client.transport import Response, Transport
from tests.client.ingest_server import (
    IngestServer,
    drop,
    garbage,
    lose_ack,
    status,
)
from tests.client.spools import budget, new_spool, write

Begin = Callable[..., Context]


def all_of(server: IngestServer, run: str, name: str = "loss") -> list[int]:
    """x of the points of a channel over the spools of a run."""
    return [int(x) for spool in server.of_run(run) for x, _ in spool.channel(name)]


def test_a_lost_answer_doubles_nothing(server: IngestServer, begin: Begin) -> None:
    """The server has the batch, the client does not know: it asks before it sends."""
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")
    server.wait_for(lambda: server.only.of_kind("channel"))
    server.faults.append(lose_ack)
    for i in range(1000):
        loss.send(x=i, y=0.0)
    server.wait_for(lambda: server.only.points)
    taken_before = server.only.mark_points
    for i in range(1000, 2000):
        loss.send(x=i, y=0.0)
    ctx.finish()

    assert taken_before >= 1
    assert all_of(server, ctx.job.run) == list(range(2000))


def test_any_mishap_in_any_order_loses_and_doubles_nothing(
    server: IngestServer, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lost answers, lost batches, errors and nonsense, mixed, with batches cut anew each time."""
    choice = random.Random(5)
    sizes = (1, 7, 100, 1000)
    monkeypatch.setattr(sender, "PACE_S", 0.0)
    ways = [lose_ack, drop, status(503), status(500), status(413), garbage(b"<html>")]
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")
    counter = itertools.count()

    for _ in range(40):
        monkeypatch.setattr(delivery, "MAX_POINTS", choice.choice(sizes))
        server.faults.append(choice.choice(ways))
        for _ in range(choice.randrange(300)):
            loss.send(x=next(counter), y=0.0)
        server.wait_for(lambda: not server.faults)
    ctx.finish()

    assert all_of(server, ctx.job.run) == list(range(next(counter)))


def test_a_restarted_client_cuts_its_batches_anew(
    server: IngestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first process sends 600 and dies unheard; the next one sends in threes."""
    spool, pen = new_spool(tmp_path, destination=server.url)
    spool.events.append({"kind": "run", "id": spool.header.run})
    spool.events.append({"kind": "channel", "n": 0, "name": "loss", "type": "NUMERIC"})
    write(pen, *range(1000))
    first = Delivery(spool)
    probe = first.next_batch()
    assert probe is not None
    transport = Transport(server.url)
    first.answered(probe, transport.ingest(batch_body(probe)))
    monkeypatch.setattr(first, "_limit", 600)
    batch = first.next_batch()
    assert batch is not None
    transport.ingest(batch_body(batch))
    path = spool.folder.path
    assert path is not None
    spool.abandon()

    monkeypatch.setattr(delivery, "MAX_POINTS", 3)
    adopted = Spool.adopt(path, budget())
    assert adopted is not None
    second = Delivery(adopted)
    while (batch := second.next_batch()) is not None:
        assert second.answered(batch, transport.ingest(batch_body(batch))).outcome
    transport.close()
    adopted.close()

    assert all_of(server, adopted.header.run) == list(range(1000))
    assert not path.exists()


def test_a_connection_begins_with_an_empty_batch(server: IngestServer, begin: Begin) -> None:
    """It asks for the marks, and names no store before it knows one."""
    begin().finish()

    first = server.batches[0]
    assert (len(first.events), len(first.points), first.store) == (0, 0, UNKNOWN_STORE)
    assert {b.store for b in server.batches[1:]} == {server.store}


def test_the_servers_marks_are_trusted(server: IngestServer, begin: Begin) -> None:
    """What the server says it has is not sent again; what it says it lacks is."""
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")
    loss.send(x=0, y=0.0)
    server.wait_for(lambda: server.points() == 1)
    with server.changed:
        server.only.mark_points = 0
        server.only.points.clear()

    loss.send(x=1, y=0.0)
    ctx.finish()

    assert all_of(server, ctx.job.run) == [0, 1]


def test_only_segments_that_were_acked_are_removed(tmp_path: Path) -> None:
    """A segment goes when the store has its last record, not before."""
    spool, pen = new_spool(tmp_path)
    capacity = spool.chain.first.capacity
    write(pen, *range(capacity + 1))

    spool.taken("ab" * 16, Marks(0, capacity - 1))
    assert spool.oldest_point == 0
    spool.taken("ab" * 16, Marks(0, capacity))
    assert spool.oldest_point == capacity
    spool.abandon()


def test_the_cursor_is_kept_for_each_store(tmp_path: Path) -> None:
    """Marks by store id, the latest last, read back as they were."""
    folder = Folder(tmp_path)
    cursor = Cursor()
    assert cursor.move("aa", Marks(1, 10))
    assert cursor.move("bb", Marks(2, 20))
    assert not cursor.move("bb", Marks(2, 20))
    assert cursor.move("aa", Marks(1, 11))
    cursor.voids = {7}
    cursor.save(folder)

    again = Cursor.load(folder)

    assert again == cursor
    assert again.latest == Marks(1, 11)


def test_an_unreadable_cursor_costs_nothing(tmp_path: Path) -> None:
    """The servers know their marks."""
    (tmp_path / "cursor").write_text('{"stores": {"aa": 3}}')

    assert Cursor.load(Folder(tmp_path)) == Cursor()


def test_an_empty_store_at_the_same_address_gets_the_run_again(
    server: IngestServer, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    """Run, channels and all that the spool still holds are sent to the new store."""
    ctx = begin(project="digits")
    loss = ctx.job.create_channel("loss", "NUMERIC")
    ctx.job.create_chart([loss], "Loss", "step", "y")
    for i in range(500):
        loss.send(x=i, y=0.0)
    server.wait_for(lambda: server.points() == 500)

    server.replace_store()
    loss.send(x=500, y=0.0)
    ctx.finish()

    assert all_of(server, ctx.job.run) == list(range(501))
    assert server.only.events[0]["project"] == "digits"
    assert len(server.only.of_kind("chart")) == 1
    assert server.only.gaps == 0
    assert "another store" in caplog.text


def test_what_only_the_lost_store_had_is_reported(server: IngestServer, begin: Begin) -> None:
    """Segments that were acked are gone: the new store learns where the spool begins."""
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")
    folder = ctx.job.spool_folder
    assert folder is not None
    for i in range(20_000):
        loss.send(x=i, y=0.0)
    server.wait_for(lambda: server.points() == 20_000)
    loss.send(x=20_000, y=0.0)
    server.wait_for(lambda: server.points() == 20_001)
    assert not (folder / "points-00000000000000000000").exists()

    server.replace_store()
    loss.send(x=20_001, y=0.0)
    ctx.finish()

    arrived = all_of(server, ctx.job.run)
    assert arrived == list(range(arrived[0], 20_002))
    assert server.only.gaps == arrived[0] > 0


def test_a_server_that_forgets_is_no_endless_loop(tmp_path: Path) -> None:
    """A gap answered again and again is an answer that says no."""
    spool, _ = new_spool(tmp_path)
    spool.events.append({"kind": "run", "id": spool.header.run})
    found = Delivery(spool)
    marks = {"store": "ab" * 16, "events": 0, "points": 0}

    outcomes = []
    for _ in range(6):
        batch = found.next_batch()
        assert batch is not None
        outcomes.append(found.answered(batch, _json(409, {"error": {"code": "gap", **marks}})))

    assert [v.outcome for v in outcomes[-3:]] == [Outcome.REFUSED] * 3
    spool.abandon()


def _json(code: int, body: object) -> Response:
    return Response(code, {}, json.dumps(body).encode())


def test_bodies_are_batches(tmp_path: Path) -> None:
    """What is sent is what the wire format says."""
    spool, pen = new_spool(tmp_path)
    spool.events.append({"kind": "run", "id": spool.header.run})
    write(pen, 5, 6)
    found = Delivery(spool)
    found._doubt = False

    batch = found.next_batch()
    assert batch is not None
    again = decode_batch(batch_body(batch))

    assert (again.spool, again.run) == (spool.id, spool.header.run)
    assert [int(x) for x in again.points["x"]] == [5, 6]
    assert len(again.events) == 1
    spool.abandon()
