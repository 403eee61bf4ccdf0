"""How runs end: by a block, by a word, by the process's end, by a signal."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agnez_client import Context
from agnez_client.protocol import new_ulid
from tests.client.ingest_server import IngestServer, hang
from tests.client.scripts import Script

Begin = Callable[..., Context]
Python = Callable[..., Script]
BEGIN = """
    import os, signal, sys, threading, time
    from agnez_client import Context
    ctx = Context(url=os.environ["URL"])
    loss = ctx.job.create_channel("loss", "NUMERIC")
    loss.send(x=0, y=0.5)
"""


def ending(server: IngestServer) -> tuple[str, str | None]:
    """The state that the run was set to, and the reason."""
    (event,) = server.only.of_kind("state")
    return event["state"], event.get("reason")


def test_a_block_finishes_its_run(server: IngestServer) -> None:
    """At its end."""
    with Context(url=server.url):
        pass

    assert ending(server) == ("finished", None)


@pytest.mark.parametrize(
    ("error", "state", "reason"),
    [
        (ValueError("no data"), "failed", "ValueError: no data"),
        (KeyboardInterrupt(), "stopped", "KeyboardInterrupt"),
        (SystemExit(3), "failed", "exit status 3"),
        (SystemExit(0), "finished", None),
        (SystemExit(None), "finished", None),
    ],
)
def test_an_exception_ends_the_run_as_it_should(
    server: IngestServer, error: BaseException, state: str, reason: str | None
) -> None:
    """It goes on to the caller, and the run says why it ended."""
    with pytest.raises(type(error)), Context(url=server.url):
        raise error

    assert ending(server) == (state, reason)


def test_finish_ends_a_run_once(server: IngestServer, begin: Begin) -> None:
    """The second call does nothing."""
    ctx = begin()
    ctx.finish("failed", reason="diverged")
    ctx.finish()

    assert ending(server) == ("failed", "diverged")


def test_a_wrong_state_is_an_error(begin: Begin) -> None:
    """It names those there are."""
    with pytest.raises(ValueError, match="finished, failed, stopped"):
        begin().finish("lost")


@pytest.mark.parametrize(
    ("code", "state", "reason", "status"),
    [
        ("pass", "finished", None, 0),
        ("raise ValueError('bad')", "failed", "ValueError: bad", 1),
        ("raise KeyboardInterrupt", "stopped", "KeyboardInterrupt", -2),
    ],
)
def test_the_end_of_the_process_ends_its_runs(
    server: IngestServer, python: Python, code: str, state: str, reason: str | None, status: int
) -> None:
    """Without any word; its points are delivered first."""
    script = python(BEGIN + f"    {code}", URL=server.url)

    found, _, errors = script.end()

    assert found == status, errors
    assert ending(server) == (state, reason)
    assert server.only.channel("loss") == [(0, 0.5)]


def test_the_hook_for_exceptions_is_chained(server: IngestServer, python: Python) -> None:
    """The one that was there before is called, too."""
    script = python(
        """
    import sys
    sys.excepthook = lambda kind, error, trace: print("mine", error)
    """
        + BEGIN
        + "    raise ValueError('bad')",
        URL=server.url,
    )

    _, out, _ = script.end()

    assert out == "mine bad\n"
    assert ending(server) == ("failed", "ValueError: bad")


def test_sigterm_stops_a_run(server: IngestServer, python: Python) -> None:
    """The process ends as the signal says, the run is stopped, its points are there."""
    script = python(BEGIN + "    print('ready'); time.sleep(60)", URL=server.url)
    assert script.line() == "ready"

    script.process.terminate()
    status, _, errors = script.end()

    assert status == -signal.SIGTERM, errors
    assert ending(server) == ("stopped", "SIGTERM")
    assert server.only.channel("loss") == [(0, 0.5)]


def test_a_handler_for_sigterm_is_chained(server: IngestServer, python: Python) -> None:
    """The program's own handler decides what happens; it may go on and save a checkpoint."""
    script = python(
        """
    import signal
    asked = []
    signal.signal(signal.SIGTERM, lambda number, frame: asked.append(number))
    """
        + BEGIN
        + """
    print("ready")
    while not asked:
        time.sleep(0.01)
    loss.send(x=1, y=0.25)
    """,
        URL=server.url,
    )
    assert script.line() == "ready"

    script.process.terminate()
    status, _, errors = script.end()

    assert status == 0, errors
    assert ending(server) == ("stopped", "SIGTERM")
    assert [x for x, _ in server.only.channel("loss")] == [0, 1]


def test_an_ignored_sigterm_stays_ignored(server: IngestServer, python: Python) -> None:
    """Who ignores it has reasons."""
    script = python(
        """
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    """
        + BEGIN
        + "    print('ready'); sys.stdin.readline()",
        URL=server.url,
    )
    assert script.line() == "ready"

    script.process.terminate()
    script.tell()
    status, _, errors = script.end()

    assert status == 0, errors
    assert ending(server) == ("finished", None)


def test_handlers_are_set_in_the_main_thread_only(server: IngestServer, python: Python) -> None:
    """A run that begins in another thread leaves signals alone, and works."""
    script = python(
        """
    import os, signal, threading
    from agnez_client import Context
    def work():
        with Context(url=os.environ["URL"]) as ctx:
            ctx.job.create_channel("loss").send(y=1.0)
    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    print(signal.getsignal(signal.SIGTERM) is before)
    """,
        URL=server.url,
    )

    status, out, errors = script.end()

    assert (status, out) == (0, "True\n"), errors
    assert ending(server) == ("finished", None)


def test_the_handler_goes_with_the_last_run(begin: Begin) -> None:
    """What was there before is there again."""
    before = signal.getsignal(signal.SIGTERM)
    ctx, other = begin(), begin()
    during = signal.getsignal(signal.SIGTERM)

    ctx.finish()
    assert signal.getsignal(signal.SIGTERM) == during != before
    other.job.finish()
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_joined_process_does_not_end_the_run(
    server: IngestServer, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AGNEZ_RUN: same run, another session and rank; only the owner sets the state."""
    owner = begin()
    monkeypatch.setenv("AGNEZ_RUN", owner.job.run)
    monkeypatch.setenv("RANK", "1")
    joined = begin()
    joined.job.create_channel("loss", "NUMERIC").send(y=1.0)
    joined.finish()
    owner.finish()

    assert joined.job.joined
    assert joined.job.run == owner.job.run
    first, second = sorted(server.spools.values(), key=lambda s: s.rank)
    assert (first.rank, second.rank) == (0, 1)
    assert second.session > first.session
    assert second.of_kind("state") == []
    assert first.of_kind("state")[0]["state"] == "finished"


def test_a_joined_process_says_nothing_about_the_run(server: IngestServer, begin: Begin) -> None:
    """It may be heard first: name and project are the owner's to tell."""
    ctx = begin(run=new_ulid(), name="mine", project="other")
    ctx.finish()

    run = server.only.events[0]
    assert run["joined"] is True
    assert not {"name", "project", "experiment"} & set(run)


def test_the_end_waits_only_so_long_for_a_server_that_hangs(
    server: IngestServer, begin: Begin, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """What is not sent stays in the spool, and one line says where and what sends it."""
    monkeypatch.setenv("AGNEZ_FLUSH_TIMEOUT", "0.3")
    until = threading.Event()
    server.always = hang(until)
    ctx = begin()
    folder = ctx.job.spool_folder
    ctx.job.create_channel("loss", "NUMERIC").send(y=1.0)

    began = time.monotonic()
    ctx.finish()

    assert time.monotonic() - began < 3
    until.set()
    assert folder is not None
    assert folder.exists()
    lines = [r.message for r in caplog.records if "agnez sync" in r.message]
    assert len(lines) == 1
    assert str(folder) in lines[0]


def test_the_end_does_not_wait_where_nobody_listens(begin: Begin) -> None:
    """A refused connection is known at once."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        ctx = begin(url=url)
        ctx.job.create_channel("loss", "NUMERIC").send(y=1.0)
        began = time.monotonic()
        ctx.finish()

    assert time.monotonic() - began < 3


def test_a_signal_handler_may_send(server: IngestServer, python: Python) -> None:
    """In the midst of sends, of segments, of anything."""
    script = python(
        """
    import os, signal, time
    from agnez_client import Context
    ctx = Context(url=os.environ["URL"])
    loss, beat = ctx.job.create_channel("loss"), ctx.job.create_channel("beat")
    sent = 0
    def tick(number, frame):
        global sent
        beat.send(y=1.0)
        sent += 1
    signal.signal(signal.SIGALRM, tick)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    for i in range(200_000):
        loss.send(x=i, y=0.0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(sent, ctx.job.dropped)
    """,
        URL=server.url,
    )
    sent, dropped = map(int, script.line().split())
    status, _, errors = script.end()

    assert status == 0, errors
    assert dropped == 0
    assert [x for x, _ in server.only.channel("loss")] == list(range(200_000))
    assert len(server.only.channel("beat")) == sent > 0


def test_a_killed_process_leaves_what_it_sent(server: IngestServer, python: Python) -> None:
    """SIGKILL right after the last send, no server in reach: everything lies in the spool."""
    script = python(
        BEGIN.replace('os.environ["URL"]', '"http://127.0.0.1:9"')
        + """
    for i in range(1, 30_000):
        loss.send(x=i, y=0.0)
    os.kill(os.getpid(), signal.SIGKILL)
    """
    )
    status, _, _ = script.end()
    assert status == -signal.SIGKILL

    from agnez_client.syncing import sync_spool
    from agnez_client.transport import Transport

    (folder,) = Path(os.environ["AGNEZ_SPOOL"]).glob("*/[!.]*")
    done = sync_spool(folder, Transport(server.url))

    assert done.problem is None
    assert done.points == 30_000
    assert [x for x, _ in server.only.channel("loss")] == list(range(30_000))
