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
from tests.client.ingest_server import IngestServer, drop
from tests.support.proof import proved

pytestmark = pytest.mark.proof
Begin = Callable[..., Context]
ENOUGH = 400_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a small file system with these options; skips where this user may not."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("this user can't mount a file system")
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


def check(server: IngestServer, loss: Channel, sent: int) -> None:
    """All that was not refused is there once, in order; what was refused is told of its channel."""
    arrived = [int(x) for x, _ in server.only.channel("loss")]
    told = server.only.of_kind("dropped")
    assert arrived == sorted(set(arrived))
    assert len(arrived) == sent - loss.dropped
    assert sum(event["count"] for event in told) == loss.dropped > 0
    assert {event["n"] for event in told} == {0}
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


def _fill(place: Path, trouble: str) -> list[Path]:
    """Use up what the file system has of room or inodes."""
    fillers: list[Path] = []
    try:
        while True:
            filler = place / f"filler-{len(fillers)}"
            filler.write_bytes(bytes(1 << 16) if trouble == "no room" else b"")
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
