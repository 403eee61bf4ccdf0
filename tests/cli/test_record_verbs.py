"""The record of a run from the command line: a real training, a real server, a real shell."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
import requests
from click.testing import CliRunner

from agnez_client.cli.verbs import group
from agnez_client.recordreader import DamagedError, RecordReader
from agnez_client.transport import Transport
from tests.support.agnez_up import AGNEZ, RunningServer, agnez_up

TRAINING = """
import sys
from pathlib import Path
from agnez_client import Context
with Context(name="recorded", params={"lr": 0.1, "model": {"depth": 3}}, tags=["base"]) as ctx:
    ctx.stage = "TRAIN"
    ctx.job.set_total_steps(100)
    ctx.job.set_notes("why\\nthis run")
    ctx.job.use_dataset("digits", hash="sha256:abc", count=1797)
    ctx.job.set_model("LSTM\\n2 x 128")
    loss = ctx.job.create_channel("loss")
    for step in range(50):
        loss.send(x=step, y=0.5)
        print(f"\\rstep {step}", end="", file=sys.stderr)
    print("\\nepoch done", file=sys.stderr)
    print("Loss 0.5")
    weights = Path("weights.bin")
    for content in (b"first", b"x" * 20_000_000):
        weights.write_bytes(content)
        ctx.job.save_artefact(weights, kind="checkpoint")
    ctx.job.save_artefact(weights, "train/../noted", keep=False)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with one run, recorded whole."""
    home = tmp_path_factory.mktemp("record")
    with agnez_up(home) as server:
        subprocess.run(
            [sys.executable, "-c", TRAINING, "--api-key", "hidden", "--lr", "0.1"],
            env={**server.environment, "AGNEZ_URL": server.url},
            cwd=home,
            check=True,
            timeout=60,
        )
        yield server


def agnez(server: RunningServer, *args: str, status: int = 0) -> str:
    """What the verb answers, in this process."""
    done = CliRunner().invoke(group, [*args, "--url", server.url])
    assert done.exit_code == status, done.output
    return done.stderr if status else done.stdout


def test_show_is_a_page_about_the_run(server: RunningServer) -> None:
    """Everything that was recorded, a line or a block each."""
    page = agnez(server, "show", "recorded")

    for text in (
        "finished, TRAIN", "49 of 100", "base", "lr = 0.1", "model.depth = 3",
        "--api-key '***' --lr 0.1", "digits, sha256:abc, 1797", "this run", "model      LSTM",
    ):  # fmt: skip
        assert text in page
    assert "hidden" not in page


def test_show_gives_the_texts_of_the_record(server: RunningServer) -> None:
    """Packages and the model's summary; what is not there is said."""
    assert any(
        line.startswith("numpy==")
        for line in agnez(server, "show", "recorded", "--packages").splitlines()
    )
    assert agnez(server, "show", "recorded", "--model") == "LSTM\n2 x 128\n"
    assert "no record of its diff" in agnez(server, "show", "recorded", "--diff", status=1)


def test_console_shows_what_was_written(server: RunningServer) -> None:
    """A progress bar is one line; searched, from the end, as JSON."""
    lines = agnez(server, "console", "recorded").splitlines()

    assert [s for s in lines if not s.startswith("agnez: ")] == [
        "step 49",
        "epoch done",
        "Loss 0.5",
    ]
    assert agnez(server, "console", "recorded", "--find", "loss") == "Loss 0.5\n"
    assert "Loss 0.5" in agnez(server, "console", "recorded", "--last", "2")
    steps = agnez(server, "console", "recorded", "--find", "EP")
    assert len(steps.splitlines()) >= 2
    last = agnez(server, "console", "recorded", "--find", "EP", "--last", "2")
    assert last.splitlines() == steps.splitlines()[-2:]
    streams = {
        s["text"]: s["stream"] for s in json.loads(agnez(server, "console", "recorded", "--json"))
    }
    assert (streams["step 49"], streams["Loss 0.5"]) == ("stderr", "stdout")


def wait_for_run(server: RunningServer, name: str) -> None:
    """Until the server knows the run: what its trainer has printed says nothing about that."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        runs = requests.get(f"{server.url}/api/v1/runs", params={"q": name}, timeout=30).json()
        if runs["total"]:
            return
    raise AssertionError(f"there is no run {name!r}")


def test_follow_ends_with_the_run(server: RunningServer, tmp_path: Path) -> None:
    """Lines appear while it runs."""
    code = "import sys\nfrom agnez_client import Context\nwith Context(name='followed'):\n"
    code += " print('first'); print('second'); sys.stdin.read(); print('last')"
    environment = {**server.environment, "AGNEZ_URL": server.url}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as training:
        assert training.stdout is not None
        training.stdout.readline()
        wait_for_run(server, "followed")
        with subprocess.Popen(
            [*AGNEZ, "console", "--follow", "followed"],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        ) as following:
            assert following.stdout is not None
            lines = iter(following.stdout.readline, "")
            assert "first\n" in itertools.takewhile(lambda line: line != "second\n", lines)
            training.communicate()
            rest = following.communicate(timeout=30)[0]
    assert rest.splitlines()[-1] == "last"


def test_artefacts_are_listed_by_version(server: RunningServer) -> None:
    """Newest first; what was only noted says so."""
    found = json.loads(agnez(server, "artefacts", "recorded", "--json"))

    assert [(a["name"], a["version"]) for a in found] == [
        ("train/../noted", 1), ("weights.bin", 2), ("weights.bin", 1)
    ]  # fmt: skip
    table = agnez(server, "artefacts", "recorded", "--name", "weights.bin")
    assert table.count("checkpoint") == 2
    assert len(re.findall(r"  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  ", table)) == 2
    assert "19.07 MiB" in table
    assert "(only noted)" in agnez(server, "artefacts", "recorded")


def test_a_download_is_the_file(server: RunningServer, tmp_path: Path) -> None:
    """The newest, or the version that was asked for; a file that is there stays."""
    target = tmp_path / "w.bin"
    agnez(server, "download", "recorded", "weights.bin", "-o", str(target))
    assert target.read_bytes() == b"x" * 20_000_000
    assert "is there" in agnez(
        server, "download", "recorded", "weights.bin", "-o", str(target), status=1
    )
    agnez(server, "download", "recorded", "weights.bin:1", "-o", str(target), "--force")
    assert target.read_bytes() == b"first"
    agnez(server, "download", "recorded", "weights.bin:1", "-o", str(tmp_path))
    assert (tmp_path / "weights.bin").read_bytes() == b"first"
    assert "only noted" in agnez(server, "download", "recorded", "train/../noted", status=1)
    assert "it has: 'train/../noted', 'weights.bin'" in agnez(
        server, "download", "recorded", "nothing", status=1
    )
    assert "'weights.bin' has no version '9', it has 1 to 2" in agnez(
        server, "download", "recorded", "weights.bin:9", status=1
    )


def test_get_says_where_to_see_what_are_no_numbers(server: RunningServer) -> None:
    """A channel of entries has no points."""
    told = agnez(server, "get", "recorded/markers", status=1)

    assert "'markers' is a channel of the type MARKER, get shows NUMERIC ones" in told


# -- downloads that are broken off ---------------------------------------------------------------


class _Ranges(BaseHTTPRequestHandler):
    """A server of one blob; ``asked`` is what ranges were wanted."""

    content = bytes(range(256)) * (70_000)
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """One range of it."""
        wanted = self.headers["Range"]
        self.asked.append(wanted)
        first, last = map(int, wanted.removeprefix("bytes=").split("-"))
        piece = self.content[first : last + 1]
        self.send_response(206)
        self.send_header("Content-Length", str(len(piece)))
        self.end_headers()
        self.wfile.write(piece)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def ranges() -> Iterator[tuple[RecordReader, type[_Ranges]]]:
    """A reader of that server, and the handler that knows what was asked."""
    handler = type("Handler", (_Ranges,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        transport = Transport(f"http://127.0.0.1:{http.server_address[1]}")
        yield RecordReader(transport), handler
        transport.close()
        http.shutdown()
        thread.join()


def test_a_download_goes_on_where_it_was(
    ranges: tuple[RecordReader, type[_Ranges]], tmp_path: Path
) -> None:
    """What an earlier try has left is not asked for again, and counts for the hash."""
    reader, handler = ranges
    target, content = tmp_path / "blob", handler.content
    (tmp_path / "blob.part").write_bytes(content[:10_000_000])
    reader.download(hashlib.sha256(content).hexdigest(), len(content), target)

    assert target.read_bytes() == content
    assert handler.asked == [f"bytes=10000000-{len(content) - 1}"]
    assert [p.name for p in tmp_path.iterdir()] == ["blob"]


def test_damaged_bytes_never_get_the_name(
    ranges: tuple[RecordReader, type[_Ranges]], tmp_path: Path
) -> None:
    """A rest of something else: it is removed, the next try begins anew."""
    reader, handler = ranges
    target, content = tmp_path / "blob", handler.content
    (tmp_path / "blob.part").write_bytes(b"something else")
    with pytest.raises(DamagedError):
        reader.download(hashlib.sha256(content).hexdigest(), len(content), target)

    assert list(tmp_path.iterdir()) == []
    reader.download(hashlib.sha256(content).hexdigest(), len(content), target)
    assert target.read_bytes() == content
