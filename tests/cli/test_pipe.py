"""`agnez pipe`, seen by the shell that runs it and by the server that it reports to."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client.ingest_server import IngestServer, TakenSpool
from tests.support.agnez_up import AGNEZ, home_environment
from tests.support.machine import ROOT

Pipe = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def server() -> Iterator[IngestServer]:
    """A server that takes batches."""
    server = IngestServer()
    yield server
    server.close()


@pytest.fixture
def pipe(server: IngestServer, tmp_path: Path) -> Iterator[Pipe]:
    """Starts `agnez pipe` with these arguments; it is ended with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*args: str, url: str = server.url, **given: Any) -> subprocess.Popen[bytes]:
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process = subprocess.Popen(
            [*AGNEZ, "pipe", *args],
            env={
                **home_environment(tmp_path),
                "AGNEZ_URL": url,
                "AGNEZ_SPOOL_MIN_FREE": "0",
                "PYTHONPATH": str(ROOT),
            },
            cwd=tmp_path,
            **{**streams, **given},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def python(code: str) -> list[str]:
    """A command that runs *code*."""
    return ["--", sys.executable, "-c", code]


def ending(spool: TakenSpool) -> tuple[str, str | None]:
    """State and reason that the run ended with."""
    (event,) = spool.of_kind("state")
    return event["state"], event.get("reason")


def shown(spool: TakenSpool, stream: str) -> list[str]:
    """The console lines of one stream as they were told last."""
    lines: dict[int, str] = {}
    for event in spool.of_kind("console"):
        if event["stream"] == stream:
            lines.update(enumerate(event["lines"], event["first"]))
    return [text for _, text in sorted(lines.items())]


def test_a_program_runs_as_without_us(server: IngestServer, pipe: Pipe) -> None:
    """Its bytes pass, broken ones too; its numbers, parameters, console and end are the run's."""
    code = (
        "import os, sys\n"
        "for i in range(3): print(f'Train step={i} loss={i / 4}')\n"
        "os.write(2, b'bad \\xff byte\\n')\n"
        "os.write(1, b'val step=2 acc=0.5')\n"
        "sys.exit(3)"
    )

    process = pipe("--project", "p", "--param", "lr=1e-3", "--param", "net=big", *python(code))
    out, errors = process.communicate(timeout=40)

    expected = b"Train step=0 loss=0.0\nTrain step=1 loss=0.25\nTrain step=2 loss=0.5\n"
    assert (process.returncode, out) == (3, expected + b"val step=2 acc=0.5")
    assert b"bad \xff byte\n" in errors
    spool = server.only
    assert spool.channel("Train_loss") == [(0, 0), (1, 0.25), (2, 0.5)]
    assert spool.channel("Validation_acc") == [(2, 0.5)]
    assert spool.of_kind("run")[0]["project"] == "p"
    assert spool.of_kind("params")[0]["params"] == {"lr": 0.001, "net": "big"}
    assert ending(spool) == ("failed", "exit status 3")
    assert shown(spool, "stdout") == [*expected.decode().splitlines(), "val step=2 acc=0.5"]
    assert "bad \ufffd byte" in shown(spool, "stderr")


def test_a_signal_reaches_the_program(server: IngestServer, pipe: Pipe) -> None:
    """It may end in its own way; the run was stopped, the status is that of a shell."""
    code = (
        "import signal, sys, time\n"
        "def end(*_): print('ending', flush=True); signal.signal(15, signal.SIG_DFL); "
        "signal.raise_signal(15)\n"
        "signal.signal(15, end)\n"
        "print('ready', flush=True)\n"
        "signal.pause()"
    )
    process = pipe("--quiet", *python(code))
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"

    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=40)

    assert (out, process.returncode) == (b"ending\n", 128 + signal.SIGTERM)
    assert ending(server.only) == ("stopped", "SIGTERM")


def test_a_killed_program_has_failed(server: IngestServer, pipe: Pipe) -> None:
    """By whom nobody knows: the kernel does so for want of memory."""
    process = pipe("--quiet", *python("import os; os.kill(os.getpid(), 9)"))
    process.communicate(timeout=40)

    assert process.returncode == 128 + signal.SIGKILL
    assert ending(server.only) == ("failed", "SIGKILL")


def test_a_terminal_stays_one(server: IngestServer, pipe: Pipe) -> None:
    """What goes to a terminal is written to one, of its size, and arrives as it was written."""
    ours, theirs = os.openpty()
    code = "import os; print(os.isatty(1), os.isatty(2), os.get_terminal_size(1).columns)"
    process = pipe("--quiet", *python(code), stdout=theirs)
    os.close(theirs)

    out = b""
    while b"\n" not in out:
        out += os.read(ours, 1000)
    process.communicate(timeout=40)
    os.close(ours)

    assert out.split() == [b"True", b"False", b"0"]
    assert shown(server.only, "stdout") == ["True False 0"]


def test_ctrl_c_reaches_the_program_once(server: IngestServer, pipe: Pipe) -> None:
    """The terminal sends it to both of us; we wait for what the program makes of it."""
    ours, theirs = os.openpty()
    code = (
        "import signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [2])\n"
        "print('ready', flush=True)\n"
        "signal.sigwait([2])\n"
        "print('twice' if signal.sigtimedwait([2], 0.5) else 'once', flush=True)\n"
        "signal.signal(2, signal.SIG_DFL)\n"
        "signal.pthread_sigmask(signal.SIG_UNBLOCK, [2])\n"
        "signal.raise_signal(2)"
    )
    process = pipe(
        "--quiet", *python(code), stdin=theirs, stdout=theirs, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(theirs)
    out = os.read(ours, 1000)

    os.write(ours, b"\x03")
    while b"ce" not in out:
        out += os.read(ours, 1000)

    assert process.wait(40) == 128 + signal.SIGINT
    os.close(ours)
    assert b"once" in out
    assert ending(server.only) == ("stopped", "SIGINT")


def test_a_program_that_uses_the_sdk_joins(server: IngestServer, pipe: Pipe) -> None:
    """Both write to one run; whose lines are read is told once."""
    code = (
        "from agnez_client import Context\n"
        "with Context() as ctx: ctx.job.create_channel('own').send(x=1, y=2)\n"
        "print('Test step=1 loss=3')"
    )
    process = pipe("--quiet", "--name", "both", *python(code))
    process.communicate(timeout=40)

    (run,) = {spool.run for spool in server.spools.values()}
    taken = [s for s in server.of_run(run) if s.channel("own") or s.channel("Test_loss")]
    assert [s.channel("own") for s in taken if s.channel("own")] == [[(1, 2)]]
    assert [s.channel("Test_loss") for s in taken if s.channel("Test_loss")] == [[(1, 3)]]
    assert sum("Test step=1 loss=3" in shown(s, "stdout") for s in taken) == 1


def test_without_a_command_input_is_read(server: IngestServer, pipe: Pipe) -> None:
    """It passes on, and its end is that of the run."""
    process = pipe("--quiet", "--tag", "old")
    out, _ = process.communicate(b"Epoch 1/2\r\nstep 5: loss 0.5", timeout=40)

    assert (process.returncode, out) == (0, b"Epoch 1/2\r\nstep 5: loss 0.5")
    assert server.only.channel("loss") == [(5, 0.5)]
    assert ending(server.only) == ("finished", None)


def test_without_a_server_nothing_changes(pipe: Pipe, tmp_path: Path) -> None:
    """The program runs, and its run waits in the spool."""
    process = pipe(*python("print('step=1 loss=2')"), url="http://127.0.0.1:9")
    out, _ = process.communicate(timeout=40)

    assert (process.returncode, out) == (0, b"step=1 loss=2\n")
    assert list(tmp_path.rglob("spool/*/*/events"))


def test_the_reader_may_go_away(server: IngestServer, pipe: Pipe) -> None:
    """As without us, a program whose output nobody reads is told so, and ends."""
    code = "import signal; signal.signal(13, signal.SIG_DFL)\nwhile True: print('x' * 1000)"
    process = pipe("--quiet", *python(code))
    assert process.stdout is not None
    process.stdout.read(10)
    process.stdout.close()

    assert process.wait(40) == 128 + signal.SIGPIPE


def test_a_missing_program_makes_no_run(server: IngestServer, pipe: Pipe) -> None:
    """The status is that of a shell."""
    process = pipe("--", "no-such-program-here")
    _, errors = process.communicate(timeout=40)

    assert (process.returncode, b"no such program" in errors) == (127, True)
    assert not server.batches
