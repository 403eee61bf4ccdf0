"""A disk that is full, has no inodes left or takes no writes: training goes on, and tells."""

from __future__ import annotations

import errno
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agnez_client import Context
from agnez_client.kinds.channel import Channel
from agnez_client.spool import files
from agnez_client.spool.reserve import LAST_WORDS, Reserve
from agnez_client.syncing import sync_spool
from agnez_client.transport import Transport
from tests.client.ingest_server import IngestServer, drop
from tests.client.scripts import Script
from tests.support.proof import proved

pytestmark = pytest.mark.proof
Begin = Callable[..., Context]
ENOUGH = 400_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a small file system with these options; skips where this user may not, never in CI."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True).returncode:
            give_up = pytest.fail if os.environ.get("CI") else pytest.skip
            give_up("this user can't mount a file system")
        return folder

    yield mount
    subprocess.run(["umount", "-l", str(folder)], capture_output=True)


def send_until_refused(loss: Channel) -> int:
    """Send until a point is refused; how many were sent."""
    sent = 0
    while not loss.dropped:
        assert sent < ENOUGH
        loss.send(x=sent, y=float(sent))
        sent += 1
    return sent


def send_until_taken(loss: Channel, sent: int, server: IngestServer) -> int:
    """Send until points are taken again; how many were sent in all."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        before = loss.dropped
        loss.send(x=sent, y=float(sent))
        sent += 1
        if loss.dropped == before:
            return sent
        server.wait_for(lambda: True)
    raise AssertionError("no point was taken again")


def check(server: IngestServer, loss: Channel, sent: int, *others: Channel) -> None:
    """All that was not refused is there once, in order; what was refused is told of its channel."""
    arrived = [int(x) for x, _ in server.only.channel("loss")]
    told = server.only.of_kind("dropped")
    assert arrived == sorted(set(arrived))
    assert len(arrived) == sent - loss.dropped
    for channel in (loss, *others):
        counts = [event["count"] for event in told if event["n"] == channel.number]
        assert sum(counts) == channel.dropped > 0
    assert len({event["n"] for event in told}) == 1 + len(others)
    assert server.only.gaps == 0


@pytest.mark.parametrize(
    ("trouble", "options"), [("no room", "size=4m"), ("no inodes", "size=64m,nr_inodes=40")]
)
def test_training_goes_on_and_points_are_taken_again_when_there_is_room(
    trouble: str,
    options: str,
    disk: Callable[[str], Path],
    server: IngestServer,
    begin: Begin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody has to start anything again."""
    place = disk(options)
    monkeypatch.setenv("AGNEZ_SPOOL", str(place / "spool"))
    server.always = drop
    ctx = begin()
    loss = ctx.job.create_channel("loss")
    fillers = _fill(place, trouble)

    sent = send_until_refused(loss)
    for filler in fillers:
        filler.unlink()
    if trouble == "no room":
        server.always = None  # what was sent makes room too
    sent = send_until_taken(loss, sent, server)
    server.always = None
    ctx.job.finish(timeout_s=30)

    check(server, loss, sent)
    proved(
        "trainer-disk",
        "a disk of a trainer that fills: the newest points are refused, counted, told; goes on",
        f"{trouble}: {loss.dropped} of {sent} points refused",
    )


def test_a_run_that_ends_on_a_full_disk_tells_what_it_lost(
    disk: Callable[[str], Path],
    server: IngestServer,
    begin: Begin,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No server and no room, to the end: what was refused and the state are kept, and said."""
    place = disk("size=4m")
    monkeypatch.setenv("AGNEZ_SPOOL", str(place / "spool"))
    ctx = begin(url="http://127.0.0.1:9")
    folder = ctx.job.spool_folder
    loss, acc = ctx.job.create_channel("loss"), ctx.job.create_channel("acc")
    fillers = _fill(place, "no room")
    for n in range(1000):  # more than any page has left
        ctx.job.create_channel(f"channel {n}")
    sent = send_until_refused(loss)
    for x in range(1000):
        loss.send(x=sent + x, y=0.0)
        acc.send(x=x, y=0.0)
    ctx.job.finish(timeout_s=5)
    for filler in fillers:
        filler.unlink()

    assert folder is not None
    assert sync_spool(folder, Transport(server.url)).problem is None

    check(server, loss, sent + 1000, acc)
    assert [event["state"] for event in server.only.of_kind("state")] == ["finished"]
    assert caplog.text.count("points are dropped") == 1
    assert f"{loss.dropped + acc.dropped} points found no room and are lost" in caplog.text


KILLED = """
import os, signal, time
from agnez_client import Context, outlet
outlet.REFUSED_EVERY_S = 0.02
ctx = Context(url="http://127.0.0.1:9")
loss = ctx.job.create_channel("loss", "NUMERIC")
events = ctx.job.spool_folder / "events"
with open(os.environ["FILLER"], "wb", buffering=0) as filler:
    try:
        while filler.write(bytes(4096)):
            pass
    except OSError:
        pass
while b'"dropped"' not in events.read_bytes():
    loss.send(y=1.0)
print(ctx.job.spool_folder, loss.dropped, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_trainer_killed_on_a_full_disk_has_told_part_of_it(
    disk: Callable[[str], Path], server: IngestServer, python: Callable[..., Script]
) -> None:
    """While nobody can be told, some of the room kept is used now and then."""
    place = disk("size=4m")
    script = python(KILLED, AGNEZ_SPOOL=str(place / "spool"), FILLER=str(place / "filler"))
    folder, dropped = script.line().split()
    script.end()
    (place / "filler").unlink()

    assert sync_spool(Path(folder), Transport(server.url)).problem is None

    told = [event["count"] for event in server.only.of_kind("dropped")]
    assert 0 < sum(told) <= int(dropped)


def test_room_for_the_last_events_is_kept_unseen(tmp_path: Path) -> None:
    """The disk has it set aside; who reads the file finds nothing of it."""
    file = tmp_path / "events"
    with file.open("wb") as opened:
        assert Reserve().allows(opened.fileno(), 0)

    assert file.stat().st_size == 0
    assert file.stat().st_blocks * 512 >= LAST_WORDS


def _fill(place: Path, trouble: str) -> list[Path]:
    """Use up what the file system has of room or inodes."""
    fillers: list[Path] = []
    try:
        while True:
            filler = place / f"filler-{len(fillers)}"
            filler.write_bytes(bytes(4096) if trouble == "no room" else b"")
            fillers.append(filler)
    except OSError as error:
        assert error.errno == errno.ENOSPC
        (place / f"filler-{len(fillers)}").unlink(missing_ok=True)
    return fillers


def test_a_home_that_becomes_read_only_is_a_pause(
    server: IngestServer, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No new file can be made: what is mapped is used up, then points are refused until it can."""
    server.always = drop
    ctx = begin()
    loss = ctx.job.create_channel("loss")
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "open", _read_only)
        patch.setattr(os, "pwrite", _read_only)
        sent = send_until_refused(loss)
    server.always = None
    sent = send_until_taken(loss, sent, server)
    ctx.job.finish(timeout_s=30)

    check(server, loss, sent)


def _read_only(*args: object, **kwargs: object) -> int:
    raise OSError(errno.EROFS, "Read-only file system")
