"""The console of real programs: what they write is recorded, and nothing else changes."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agnez_client import Context
from agnez_client.orphans import adopt
from tests.client.ingest_server import IngestServer
from tests.client.record.conftest import lines_of
from tests.client.scripts import Script
from tests.client.spools import budget

Python = Callable[..., Script]
ONLY_CONSOLE = {"AGNEZ_RECORD": "0", "AGNEZ_SYSTEM_INTERVAL": "0", "AGNEZ_CONSOLE": "1"}
BEGIN = """
    import os, sys
    from agnez_client import Context
    ctx = Context(url=os.environ["URL"])
"""


def recorded(server: IngestServer) -> list[tuple[str, str]]:
    """The lines of the only spool, without those of the SDK itself."""
    return [line for line in lines_of(server.only) if not line[1].startswith("agnez: ")]


def run(python: Python, server: IngestServer, code: str, **more: str) -> tuple[int, str, str]:
    """Run *code* to its end."""
    return python(code, URL=server.url, **{**ONLY_CONSOLE, **more}).end()


def test_both_streams_are_recorded_and_shown(server: IngestServer, python: Python) -> None:
    """In the order written, with their streams; the terminal sees the same bytes as ever."""
    status, out, errors = run(
        python,
        server,
        BEGIN
        + """
    print("to out")
    print("to err", file=sys.stderr)
    sys.stdout.writelines(["a ", "b\\n"])
    print("no end", end="")
    """,
    )

    assert status == 0
    assert out == "to out\na b\nno end"
    assert errors.endswith("to err\n")
    assert recorded(server) == [
        ("stdout", "to out"),
        ("stderr", "to err"),
        ("stdout", "a b"),
        ("stdout", "no end"),
    ]


@pytest.mark.parametrize("block", [False, True])
def test_the_last_words_of_an_error_are_recorded(
    server: IngestServer, python: Python, block: bool
) -> None:
    """The traceback of an uncaught exception, whoever ends the run, once."""
    crash = "ctx.__enter__()\n    1 / 0" if not block else "with ctx:\n        1 / 0"
    status, _, errors = run(python, server, BEGIN + "    " + crash)

    assert status == 1
    texts = [text for _, text in recorded(server)]
    assert texts.count("Traceback (most recent call last):") == 1
    assert texts[-1] == "ZeroDivisionError: division by zero"
    assert errors.splitlines()[-1] == "ZeroDivisionError: division by zero"


def test_what_was_written_survives_sigkill(python: Python, tmp_path: Path) -> None:
    """It lies in the spool when `print` has returned."""
    script = python(
        """
    import os, sys
    from agnez_client import Context
    ctx = Context()
    print("last words")
    os.kill(os.getpid(), 9)
    """,
        **ONLY_CONSOLE,
    )
    status, _, _ = script.end()

    assert status == -signal.SIGKILL
    (place,) = Path(os.environ["AGNEZ_SPOOL"]).iterdir()
    (orphan,) = adopt(place, lambda header: True, budget(), 2)
    assert any(b'"last words"' in event for event in orphan.read_events(0, 1 << 20))
    orphan.abandon()


def test_streams_stay_what_they_are(
    begin: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same objects, with all they can; after the run nothing of it is left."""
    monkeypatch.setenv("AGNEZ_CONSOLE", "1")
    stream, write = sys.stdout, sys.stdout.write
    ctx, nested = begin(), begin()

    assert sys.stdout is stream
    assert sys.stdout.write("") == 0
    assert (stream.encoding, stream.isatty()) == (sys.stdout.encoding, False)
    with pytest.raises(TypeError):
        sys.stdout.write(b"bytes")  # type: ignore[arg-type]
    ctx.finish()
    assert "write" in vars(stream)
    nested.finish()
    assert "write" not in vars(stream)
    assert sys.stdout.write == write


def test_others_may_listen_as_well(
    server: IngestServer, begin: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another tracker has wrapped the stream before: both hear, and his wrapper is put back."""
    monkeypatch.setenv("AGNEZ_CONSOLE", "1")
    heard: list[str] = []
    real = sys.stdout.write

    def listen(text: str) -> int:
        heard.append(text)
        return real(text)

    monkeypatch.setattr(sys.stdout, "write", listen)
    ctx = begin()
    print("to both")  # noqa: T201
    ctx.finish()

    assert sys.stdout.write is listen
    assert "to both" in heard
    assert ("stdout", "to both") in lines_of(server.only)


def test_nested_runs_record_both(
    server: IngestServer, begin: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each as long as it goes on."""
    monkeypatch.setenv("AGNEZ_CONSOLE", "1")
    outer = begin()
    inner = begin()
    print("to both")  # noqa: T201
    inner.finish()
    print("to one")  # noqa: T201
    outer.finish()

    def texts(ctx: Context) -> list[str]:
        (spool,) = server.of_run(ctx.job.run)
        return [t for _, t in lines_of(spool) if t.startswith("to ")]

    assert texts(outer) == ["to both", "to one"]
    assert texts(inner) == ["to both"]


def test_what_is_redirected_is_not_recorded(
    server: IngestServer, begin: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never reaches the console."""
    monkeypatch.setenv("AGNEZ_CONSOLE", "1")
    ctx = begin()
    with contextlib.redirect_stdout(io.StringIO()) as aside:
        print("aside")  # noqa: T201
    ctx.finish()

    assert aside.getvalue() == "aside\n"
    assert "aside" not in [text for _, text in lines_of(server.only)]


def test_a_forked_child_records_what_it_writes_once_it_sends(
    server: IngestServer, python: Python
) -> None:
    """In its own spool, numbered from 0; before its first send it makes no spool."""
    status, _, errors = run(
        python,
        server,
        BEGIN
        + """
    loss = ctx.job.create_channel("loss")
    print("parent")
    sys.stdout.flush()
    if os.fork() == 0:
        print("child")
        assert ctx.job.spool_folder is None
        loss.send(x=0, y=0.0)
        print("child again")
        ctx.finish()
        sys.stdout.flush()
        os._exit(0)
    os.wait()
    if os.fork() == 0:
        print("silent child")
        os._exit(0)
    os.wait()
    print("parent again")
    """,
    )

    assert status == 0, errors
    parent, child = sorted(server.spools.values(), key=lambda s: s.session)
    assert [t for _, t in lines_of(parent) if "parent" in t] == ["parent", "parent again"]
    assert [t for _, t in lines_of(child)] == ["child", "child again"]


def test_it_can_be_switched_off(server: IngestServer, python: Python) -> None:
    """AGNEZ_CONSOLE=0: nothing is recorded, no stream is touched."""
    code = (
        BEGIN
        + """
    print("write" in vars(sys.stdout))
    """
    )
    status, out, _ = run(python, server, code, AGNEZ_CONSOLE="0")

    assert (status, out) == (0, "False\n")
    assert server.only.of_kind("console") == []


def test_handlers_of_the_log_are_heard(server: IngestServer, python: Python) -> None:
    """Also those that were made before the run."""
    status, _, _ = run(
        python,
        server,
        """
    import logging, os
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    from agnez_client import Context
    with Context(url=os.environ["URL"]):
        logging.info("by the log")
    """,
    )

    assert status == 0
    assert ("stderr", "by the log") in recorded(server)


def test_odd_streams_are_left_alone(server: IngestServer, python: Python) -> None:
    """No stream at all, one that takes no attributes, text that is no Unicode."""
    status, _, errors = run(
        python,
        server,
        """
    import os, sys
    from agnez_client import Context
    class Slotted:
        __slots__ = ()
        def write(self, text): return len(text)
        def flush(self): pass
    sys.stderr, err = Slotted(), sys.stderr
    keep, sys.stdout = sys.stdout, None
    Context(url=os.environ["URL"]).finish()
    sys.stdout, sys.stderr = keep, err
    sys.stdout.reconfigure(errors="replace")
    with Context(url=os.environ["URL"]):
        print("odd \\udc80 name")
    """,
    )

    assert status == 0, errors
    assert any(("stdout", "odd ? name") in lines_of(s) for s in server.spools.values())
