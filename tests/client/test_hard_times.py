"""Too little of everything: descriptors, threads, luck with Ctrl-C, text that is no Unicode."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agnez_client import Context
from agnez_client.adoption import Adoption
from agnez_client.errors import ChannelError, SettingsError
from agnez_client.spool.budget import Budget
from agnez_client.spool.events import EventLog
from agnez_client.spool.files import Folder
from agnez_client.spool.lock import take_orphan
from agnez_client.spool.segment import FIRST_SIZE, Blank
from tests.client.ingest_server import IngestServer
from tests.client.scripts import Script
from tests.client.spools import new_spool, write

Begin = Callable[..., Context]
Python = Callable[..., Script]
NO_UNICODE = os.fsdecode(b"/data/\xff")


def test_an_error_that_names_a_strange_file_ends_the_run(
    server: IngestServer, begin: Begin
) -> None:
    """The reason holds a surrogate, which is no JSON: the training's own error gets through."""
    with pytest.raises(ValueError, match="/data/"), begin():
        raise ValueError(NO_UNICODE)

    (state,) = server.only.of_kind("state")
    assert state["state"] == "failed"
    assert state["reason"] == "ValueError: /data/?"


def test_params_and_tags_may_name_strange_files(server: IngestServer, begin: Begin) -> None:
    """A path that is no UTF-8 is no reason for training not to start."""
    ctx = begin(params={"path": NO_UNICODE}, tags=[NO_UNICODE])
    ctx.finish()

    assert server.only.of_kind("params")[0]["params"] == {"path": "/data/?"}
    assert server.only.of_kind("tags")[0]["tags"] == ["/data/?"]


def test_a_channel_is_not_named_by_surrogates(begin: Begin) -> None:
    """Two such names would become one; the error says what is wrong."""
    with pytest.raises(ChannelError, match="surrogates"):
        begin().job.create_channel(NO_UNICODE)


@pytest.mark.parametrize("name", ["two\nlines", "a\ttab", "nul\0", "\x1b[31mred", " ", "x" * 257])
def test_names_that_a_server_refuses_are_refused_at_once(begin: Begin, name: str) -> None:
    """Later it would cost the points: a server that refuses a definition refuses what needs it."""
    job = begin().job
    with pytest.raises(ChannelError):
        job.create_channel(name)
    for field in ("project", "experiment", "name"):
        with pytest.raises(SettingsError, match=f"(?i){field}"):
            begin(**{field: name})


def test_names_are_without_blanks_around_them(server: IngestServer, begin: Begin) -> None:
    """As the server keeps them: two names that it takes for one are one channel here too."""
    ctx = begin()
    loss = ctx.job.create_channel("loss ")

    assert ctx.job.create_channel("loss") is loss
    assert loss.name == "loss"


def test_a_colourful_error_ends_the_run(server: IngestServer, begin: Begin) -> None:
    """Control characters in the reason would have the end of the run refused."""
    begin().finish("failed", reason="\x1b[31mloss\r\nis NaN")

    assert server.only.of_kind("state")[0]["reason"] == "?[31mloss?\nis NaN"


def test_a_budget_that_cannot_count_does_not_raise(tmp_path: Path) -> None:
    """`send()` asks it in a burst: a lack of descriptors there is not training's concern."""
    place = tmp_path / "place"
    (place / "spool").mkdir(parents=True)
    (place / "spool" / "points").write_bytes(bytes(600))
    time = [0.0]
    budget = Budget(place, "", run_limit=1000, user_limit=1000, now=lambda: time[0])
    assert budget.allows(300)
    shutil.rmtree(place)
    time[0] = 10.0

    assert budget.allows(100)
    assert not budget.allows(1)


def test_a_long_burst_keeps_descriptors_for_training(tmp_path: Path) -> None:
    """Each segment takes two: the more are waiting, the larger the next ones are."""
    spool, pen = new_spool(tmp_path)
    for _ in range(40):
        pen.segment = spool.chain.tail
        spool.chain.grow_in_burst(spool.budget)

    sizes = [segment.size for segment in spool.chain]
    assert sizes[3:] == [FIRST_SIZE] * 13 + [2 * FIRST_SIZE] * 16 + [4 * FIRST_SIZE] * 11
    spool.abandon()


def test_a_process_without_threads_keeps_its_points(
    server: IngestServer, begin: Begin, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No sender can be started: `send()` and `finish()` don't raise, the spool is an orphan."""

    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        ctx = begin()
        ctx.job.create_channel("loss").send(x=1, y=2.0)
        folder = ctx.job.spool_folder
        ctx.finish()

    assert ctx.job.dropped == 0
    assert folder is not None
    assert folder.exists()


def test_a_handler_that_interrupts_the_linking_of_a_segment_gets_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs in the thread that holds the chain's lock, wherever in there it is interrupted."""
    spool, _ = new_spool(tmp_path)
    chain, known = spool.chain, threading.get_ident
    handled: list[object] = []

    def interrupted() -> int:
        monkeypatch.setattr(threading, "get_ident", known)
        handled.append(chain.grow(FIRST_SIZE, spool.budget))
        return known()

    monkeypatch.setattr(threading, "get_ident", interrupted)
    assert chain.grow(FIRST_SIZE, spool.budget) is not None

    assert len(handled) == 1
    bases = [segment.base for segment in chain]
    ends = [segment.end for segment in chain]
    assert bases[1:] == ends[:-1]
    spool.abandon()


def test_a_channel_lost_to_ctrl_c_does_not_share_its_number(
    server: IngestServer, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a notebook: the cell is stopped inside create_channel, the next one makes another."""
    ctx = begin()
    define = ctx.job._outlet.define

    def stopped(kind: str, **fields: Any) -> None:
        define(kind, **fields)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ctx.job._outlet, "define", stopped)
        with pytest.raises(KeyboardInterrupt):
            ctx.job.create_channel("first")
    ctx.job.create_channel("second").send(x=0, y=1.0)
    ctx.finish()

    numbers = {e["name"]: e["n"] for e in server.only.of_kind("channel")}
    assert numbers == {"first": 0, "second": 1}


def test_a_ctrl_c_does_not_number_an_event_twice(tmp_path: Path) -> None:
    """It falls right behind the noting of its start: the event is there, and those after it."""

    class Stopped(list[int]):
        def append(self, start: int) -> None:
            super().append(start)
            log._starts = list(self)
            raise KeyboardInterrupt

    log = EventLog.create(Folder(None))
    log._starts = Stopped()
    with pytest.raises(KeyboardInterrupt):
        log.append({"n": 0})
    log.append({"n": 1})

    assert [e for e in log.read(0, 1 << 20) if b"1" in e] == [b'{"n":1}']
    assert len(log.read(0, 1 << 20)) == len(log)
    log.close()


def test_the_sender_survives_an_error_while_it_ends(
    server: IngestServer, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking for what dead children left fails once: the run is shipped all the same."""
    owes, failed = Adoption.owes, threading.Event()

    def once(self: Adoption, own: Any) -> bool:
        if not failed.is_set():
            failed.set()
            raise OSError("too many open files")
        return owes(self, own)

    monkeypatch.setattr(Adoption, "owes", once)
    ctx = begin()
    ctx.job.create_channel("loss").send(x=1, y=2.0)
    folder = ctx.job.spool_folder
    ctx.finish()

    assert failed.is_set()
    assert folder is not None
    assert not folder.exists()


def test_a_forked_child_does_not_hold_adopted_spools(tmp_path: Path) -> None:
    """Else nobody could send them as long as a data loader lives, when its parent is killed."""
    dead, pen = new_spool(tmp_path)
    write(pen, 1, 2)
    dead.abandon()
    own, _ = new_spool(tmp_path)
    adoption = Adoption(tmp_path, own, lambda: 0.0)
    adoption.look()
    assert dead.folder.path is not None
    assert take_orphan(dead.folder.path) is None

    adoption.abandon()

    free = take_orphan(dead.folder.path)
    assert free is not None
    os.close(free)
    own.abandon()


def test_a_blank_that_finds_no_descriptor_leaves_nothing(tmp_path: Path) -> None:
    """Refused cleanly, so that the next try finds the room."""
    with pytest.raises(OSError, match="No such file"):
        Blank(Folder(tmp_path / "gone"), FIRST_SIZE)
    assert list(tmp_path.iterdir()) == []
