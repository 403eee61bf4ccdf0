"""The way of entries and of their blobs into a server, whatever happens on it."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from agnez_client import Context
from agnez_client.protocol import split_events
from agnez_client.spool.blobs import Blob
from agnez_client.syncing import sync_spool
from agnez_client.transport import Transport
from tests.client.ingest_server import IngestServer, drop, hang, status
from tests.client.scripts import Script

Begin = Callable[..., Context]
NOWHERE = "http://127.0.0.1:9"
LONG = "long " * 20_000
"""A text of 100 kB: too long for an entry, so it is a blob."""


def sha256(text: str) -> str:
    """The name of the blob that holds *text*."""
    return hashlib.sha256(text.encode()).hexdigest()


def folder_of(ctx: Context) -> Path:
    """Where its spool lies."""
    folder = ctx.job.spool_folder
    assert folder is not None
    return folder


def blob_files(folder: Path) -> list[str]:
    """The blobs in the spool *folder*."""
    return sorted(p.name for p in (folder / "blobs").iterdir())


def test_entries_arrive_in_their_order_between_points(server: IngestServer, begin: Begin) -> None:
    """x, wall time and body; points of numbers go on beside them."""
    ctx = begin()
    notes = ctx.job.create_channel("notes", "TEXT")
    loss = ctx.job.create_channel("loss", "NUMERIC")

    for i in range(3):
        notes.send(x=10 * i, y=f"note {i}")
        loss.send(x=i, y=float(i))
    notes.send(y="by default the next x")
    ctx.finish()

    assert server.only.entries("notes") == [
        *[(10 * i, {"text": f"note {i}", "format": "markdown"}) for i in range(3)],
        (21, {"text": "by default the next x", "format": "markdown"}),
    ]
    assert server.only.channel("loss") == [(i, float(i)) for i in range(3)]
    walls = [e["wall"] for e in server.only.of_kind("entry")]
    assert walls == sorted(walls)
    assert not folder_of_run_exists(ctx)


def folder_of_run_exists(ctx: Context) -> bool:
    """Whether a spool is left in the place of *ctx*."""
    place = ctx.job._outlet.place.folder
    assert place is not None
    return any(place.iterdir())


def test_a_blob_is_brought_once_and_leaves_the_spool(server: IngestServer, begin: Begin) -> None:
    """The server asks for it by its hash; when all who name it are there, its file goes."""
    ctx = begin()
    notes = ctx.job.create_channel("notes", "TEXT")
    for x in range(3):
        notes.send(x=x, y=LONG)
    server.wait_for(lambda: len(server.only.entries("notes")) == 3)
    notes.send(x=3, y="short")
    server.wait_for(lambda: len(server.only.entries("notes")) == 4)

    assert server.puts == [sha256(LONG)]
    assert server.blobs[sha256(LONG)] == ("text/plain", LONG.encode())
    ref = {"sha256": sha256(LONG), "size": len(LONG), "mime": "text/plain"}
    assert server.only.entries("notes")[0] == (0, {"blob": ref, "format": "markdown"})
    ctx.job.add_tags("one more answer")
    server.wait_for(lambda: server.only.of_kind("tags"))
    assert blob_files(folder_of(ctx)) == []


def test_a_blob_waits_in_the_spool_and_is_synced(server: IngestServer, begin: Begin) -> None:
    """Without a server it lies under its hash, readable by its owner alone."""
    ctx = begin(url=NOWHERE)
    ctx.job.create_channel("notes", "TEXT").send(y=LONG)
    folder = folder_of(ctx)
    file = folder / "blobs" / sha256(LONG)
    assert file.read_text() == LONG
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    ctx.finish()

    done = sync_spool(folder, Transport(server.url))

    assert done.problem is None
    assert (done.points, done.entries, done.blobs) == (0, 1, 1)
    assert [x for x, _ in server.only.entries("notes")] == [0]
    assert server.blobs[sha256(LONG)][1] == LONG.encode()
    assert not folder.exists()


@pytest.mark.parametrize("fault", [drop, status(503), status(500), status(429)])
def test_an_upload_that_fails_is_done_again(
    server: IngestServer, begin: Begin, fault: Callable[[object], bool]
) -> None:
    """Whatever stops it, the entry arrives."""
    server.put_faults += [fault, fault]
    ctx = begin()
    ctx.job.create_channel("notes", "TEXT").send(y=LONG)

    server.wait_for(lambda: server.only.entries("notes"))
    ctx.finish()

    assert len(server.puts) == 3
    assert not folder_of_run_exists(ctx)


def test_points_do_not_wait_for_a_blob(server: IngestServer, begin: Begin) -> None:
    """While the server keeps a large blob waiting, points of known channels arrive."""
    until = threading.Event()

    def slow(handler: object) -> bool:
        until.wait(20)
        return False

    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")
    notes = ctx.job.create_channel("notes", "TEXT")
    server.put_faults.append(slow)
    notes.send(y="x" * 12_000_000)
    server.wait_for(lambda: server.puts)
    loss.send(y=0.5)
    server.wait_for(lambda: server.only.channel("loss") == [(0, 0.5)])

    assert server.only.entries("notes") == []
    until.set()
    server.wait_for(lambda: server.only.entries("notes"))


def test_the_end_of_a_run_does_not_wait_for_a_blob(
    server: IngestServer, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    """What was not sent in time stays in the spool; the server is not blamed for it."""
    until = threading.Event()
    server.put_faults.append(hang(until))
    ctx = begin()
    ctx.job.create_channel("notes", "TEXT").send(y="x" * 12_000_000)
    server.wait_for(lambda: server.puts)
    folder = folder_of(ctx)

    ctx.job.finish(timeout_s=0.2)
    until.set()

    assert len(blob_files(folder)) == 1
    assert "does not answer" not in caplog.text
    assert "the rest waits in" in caplog.text


LOSSES: dict[str, Callable[[Path], None]] = {
    "is gone": lambda file: file.unlink(),
    "is cut": lambda file: os.truncate(file, 100),
    "has other bytes": lambda file: file.write_text(LONG.upper()) and None,
    "is a link": lambda file: (file.unlink(), file.symlink_to("/etc/hostname"))[0],
}


@pytest.mark.parametrize("way", LOSSES)
def test_an_entry_whose_blob_is_lost_is_counted_as_dropped(
    server: IngestServer, begin: Begin, way: str
) -> None:
    """It keeps its place among the events, and all others arrive. What is left of it stays."""
    ctx = begin(url=NOWHERE)
    notes = ctx.job.create_channel("notes", "TEXT")
    notes.send(y="before")
    notes.send(y=LONG)
    notes.send(y="after")
    folder = folder_of(ctx)
    ctx.finish()
    LOSSES[way](folder / "blobs" / sha256(LONG))

    done = sync_spool(folder, Transport(server.url))

    assert done.problem is None
    assert [b["text"] for _, b in server.only.entries("notes")] == ["before", "after"]
    (told,) = server.only.of_kind("dropped")
    assert (told["n"], told["count"]) == (0, 1)
    assert "blob" in told["reason"]
    assert folder.exists() == (way != "is gone")


@pytest.mark.parametrize("code", [400, 413])
def test_a_blob_that_the_server_refuses_is_kept(
    server: IngestServer, begin: Begin, code: int
) -> None:
    """The event is parked, its blob stays beside it, the rest arrives."""
    server.put_faults.append(read_all_then(status(code)))
    ctx = begin()
    notes = ctx.job.create_channel("notes", "TEXT")
    folder = folder_of(ctx)
    notes.send(y=LONG)
    notes.send(y="after")
    ctx.finish()

    assert [b["text"] for _, b in server.only.entries("notes")] == ["after"]
    assert [e["n"] for e in server.only.of_kind("dropped")] == [0]
    assert blob_files(folder) == [sha256(LONG)]
    (parked,) = [json.loads(e) for e in split_events((folder / "rejected").read_bytes())[0]]
    assert sha256(LONG).encode() in bytes.fromhex(parked["frame"])


def read_all_then(fault: Callable[[object], bool]) -> Callable[[object], bool]:
    """*fault* after the body has come."""

    def answer(handler: object) -> bool:
        handler.rfile.read(int(handler.headers["Content-Length"]))  # type: ignore[attr-defined]
        return fault(handler)

    return answer


def test_facts_lose_only_what_names_a_lost_blob(server: IngestServer, begin: Begin) -> None:
    """What is known about the run arrives without the part whose blob is gone."""
    ctx = begin(url=NOWHERE)
    blob = Blob.of(b"numpy==2.4.6", "text/plain")
    facts = {"python": "3.11", "packages": {"count": 1, "blob": blob.ref}}
    event = {"kind": "about", "at": 1, "facts": facts, "blobs": [blob.ref]}
    assert ctx.job._outlet.pen.record(event, [blob])
    folder = folder_of(ctx)
    ctx.finish()
    (folder / "blobs" / blob.sha256).unlink()

    assert sync_spool(folder, Transport(server.url)).problem is None

    (about,) = server.only.of_kind("about")
    assert (about["facts"], about["blobs"]) == ({"python": "3.11"}, [])


def test_another_store_gets_what_is_left(server: IngestServer, begin: Begin) -> None:
    """Blobs that the first store has taken are gone here: their entries are counted there."""
    ctx = begin()
    notes = ctx.job.create_channel("notes", "TEXT")
    notes.send(y=LONG)
    server.wait_for(lambda: server.only.entries("notes"))
    server.replace_store()
    notes.send(y=LONG + "!")
    ctx.finish()

    assert [x for x, _ in server.only.entries("notes")] == [1]
    assert len(server.only.of_kind("dropped")) == 1


def test_many_lost_blobs_are_said_in_one_line(
    server: IngestServer, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    """An empty store in the place of the one that had them is no flood."""
    ctx = begin()
    notes = ctx.job.create_channel("notes", "TEXT")
    for x in range(20):
        notes.send(x=x, y=f"{x} {LONG}")
    server.wait_for(lambda: len(server.only.entries("notes")) == 20)
    server.replace_store()
    notes.send(x=20, y=LONG)
    ctx.finish()

    assert [x for x, _ in server.only.entries("notes")] == [20]
    assert sum(e["count"] for e in server.only.of_kind("dropped")) == 20
    assert caplog.text.count("not sent") == 1
    assert "20 blobs are not sent (its blob is gone from the spool" in caplog.text


def test_a_killed_process_leaves_its_entries(
    server: IngestServer, python: Callable[..., Script], tmp_path: Path
) -> None:
    """When `send()` has returned, entry and blob survive SIGKILL."""
    script = python(
        f"""
        import os, signal
        from agnez_client import Context
        ctx = Context(url={NOWHERE!r})
        notes = ctx.job.create_channel("notes", "TEXT")
        notes.send(y="x" * 100_000)
        notes.send(y="short")
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    script.end()
    (folder,) = [p.parent for p in (tmp_path / "spool").rglob("header.json")]

    assert sync_spool(folder, Transport(server.url)).problem is None
    assert [x for x, _ in server.only.entries("notes")] == [0, 1]


def test_a_forked_child_sends_entries(server: IngestServer, begin: Begin) -> None:
    """Through a spool of its own."""
    ctx = begin()
    notes = ctx.job.create_channel("notes", "TEXT")
    notes.send(y="parent")
    pid = os.fork()
    if pid == 0:
        notes.send(y=LONG)
        os._exit(0)
    os.waitpid(pid, 0)
    ctx.finish()

    found = [spool.entries("notes") for spool in server.of_run(ctx.job.run)]
    assert sorted(len(entries) for entries in found) == [1, 1]


def test_a_signals_handler_may_send_entries(server: IngestServer, begin: Begin) -> None:
    """Wherever it interrupts another entry: nothing hangs, nothing is lost, blobs and all."""
    ctx = begin()
    notes = ctx.job.create_channel("notes", "TEXT")
    late = ctx.job.create_channel("late", "TEXT")
    numbers = count()

    def interrupt(number: int, frame: object) -> None:
        number = next(numbers)
        late.send(x=number, y=LONG + str(number))
        if armed:  # one at a time: a busy machine would do nothing but handle signals
            signal.setitimer(signal.ITIMER_REAL, 0.003)

    armed = [True]
    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    try:
        for i in range(150):
            notes.send(y=str(i) + LONG)
    finally:
        armed.clear()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    ctx.finish()

    assert [x for x, _ in server.only.entries("notes")] == list(range(150))
    sent = next(numbers)
    assert sorted(x for x, _ in server.only.entries("late")) == list(range(sent))
    assert len(server.blobs) == 150 + sent
