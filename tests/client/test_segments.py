"""Rules 3 and 12: segments are reserved before they are used, and claimed without a lock."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agnez_client import Context
from agnez_client.protocol import MARK_INT
from agnez_client.spool import chain as chain_room
from agnez_client.spool import segment as segment_room
from agnez_client.spool.segment import FIRST_SIZE, LARGEST_SIZE, claims, locked
from agnez_client.spool.spool import Spool
from tests.client.ingest_server import IngestServer, drop
from tests.client.scripts import Script
from tests.client.spools import budget, new_spool, write

FIRST = (FIRST_SIZE - 4096) // 32


def test_segments_double_up_to_a_limit(tmp_path: Path) -> None:
    """256 KiB, then twice the last, at most 16 MiB; two stand ready ahead."""
    spool, pen = new_spool(tmp_path)

    for _ in range(7):
        pen.segment = spool.chain.tail
        pen.prepare()

    sizes = [segment.size for segment in spool.chain]
    assert sizes[:8] == [FIRST_SIZE << n for n in range(7)] + [LARGEST_SIZE]
    assert set(sizes[6:]) == {LARGEST_SIZE}
    spool.abandon()


def test_the_room_is_reserved_on_the_disk(tmp_path: Path) -> None:
    """A segment is no sparse file: its blocks are there before it is mapped."""
    spool, _ = new_spool(tmp_path)

    for path in spool.folder.path.glob("points-*"):  # type: ignore[union-attr]
        assert path.stat().st_blocks * 512 >= path.stat().st_size
    spool.abandon()


def test_points_cross_from_segment_to_segment(tmp_path: Path) -> None:
    """Ordinals go on without a gap, and files are named by their first."""
    spool, pen = new_spool(tmp_path)

    write(pen, *range(FIRST + 5))

    assert [int(x) for x in spool.read_points(0, 100_000)["x"]] == list(range(FIRST + 5))
    assert spool.chain.first.next is not None
    assert spool.chain.first.next.name == f"points-{FIRST:020d}"
    spool.abandon()


def test_a_burst_makes_its_own_segments(tmp_path: Path) -> None:
    """Without any sender, `send()` goes on as long as the disk gives room."""
    spool, pen = new_spool(tmp_path)

    write(pen, *range(120_000))

    assert len(spool.read_points(0, 200_000)) == 120_000
    assert pen.take_refused() == []
    spool.abandon()


def test_refused_room_drops_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was taken before is kept; the point that finds no room is not."""
    spool, pen = new_spool(tmp_path)
    monkeypatch.setattr(chain_room, "Blank", _no_room)

    held = sum(segment.capacity for segment in spool.chain)
    write(pen, *range(held))

    assert not pen.append(held, 0.0, 1, 0, MARK_INT)
    assert len(spool.read_points(0, 1_000_000)) == held
    spool.abandon()


def _no_room(*args: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_not_asked_at_each_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a refusal the next attempt is a second later."""
    spool, pen = new_spool(tmp_path)
    asked = []
    monkeypatch.setattr(chain_room, "Blank", lambda *args: asked.append(1) or _no_room())

    write(pen, *range(sum(segment.capacity for segment in spool.chain)))
    for _ in range(100):
        assert not pen.append(0, 0.0, 1, 0, MARK_INT)

    assert len(asked) == 1
    spool.abandon()


def test_a_segment_that_can_not_be_mapped_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused segment gives its file back."""
    spool, _ = new_spool(tmp_path)
    before = set(spool.folder.names())
    monkeypatch.setattr(segment_room, "_reserve", _no_room)

    assert spool.chain.grow(FIRST_SIZE, spool.budget) is None

    assert set(spool.folder.names()) == before
    spool.abandon()


FULL_DISK = """
    import os, resource, sys, time
    from agnez_client import Context
    ctx = Context(url=os.environ["URL"])
    loss = ctx.job.create_channel("loss", "NUMERIC")
    if sys.platform == "linux" and os.environ.get("FILE_LIMIT"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    print("ready")
    sys.stdin.readline()
    for i in range(500_000):
        loss.send(x=i, y=float(i))
    print(ctx.job.dropped)
    sys.stdin.readline()
    ctx.finish()
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path | None]:
    """A file system of 3 MiB; None where this user can't mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True).returncode == 0
    yield folder if mounted else None
    if mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("way", ["file system", "file limit"])
def test_a_full_disk_never_kills_the_trainer(
    way: str,
    small_disk: Path | None,
    server: IngestServer,
    python: Callable[..., Script],
) -> None:
    """
    Half a million sends into a disk with room for less, the server not reachable: the process
    lives, drops the newest, counts them, and the run says so when the server is back.
    """
    environment = {"URL": server.url}
    if way == "file system" and small_disk is not None:
        environment["AGNEZ_SPOOL"] = str(small_disk)
    else:
        environment["FILE_LIMIT"] = "1"
    server.always = drop
    script = python(FULL_DISK, **environment)

    assert script.line() == "ready"
    script.tell()
    dropped = int(script.line())
    server.always = None
    script.tell()
    status, _, errors = script.end()

    assert status == 0, errors
    assert dropped > 0
    taken = server.only
    arrived = [int(x) for x, _ in taken.channel("loss")]
    assert arrived == sorted(set(arrived))
    assert len(arrived) == 500_000 - dropped
    assert arrived[:8000] == list(range(8000))
    told = taken.of_kind("dropped")
    assert sum(event["count"] for event in told) == dropped
    assert {event["n"] for event in told} == {0}
    assert errors.count("channel 'loss': points are dropped") == 1


def test_points_are_taken_again_when_there_is_room(
    server: IngestServer, begin: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit that was reached is left behind as the server takes what waits."""
    monkeypatch.setenv("AGNEZ_SPOOL_RUN_LIMIT", str(7 * FIRST_SIZE))
    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")
    sent = 0
    while not loss.dropped:
        loss.send(x=sent, y=0.0)
        sent += 1

    server.wait_for(lambda: server.points() == sent - 1)
    deadline = time.monotonic() + 20
    refused = loss.dropped
    while loss.dropped >= refused and time.monotonic() < deadline:
        refused = loss.dropped + 1
        loss.send(x=sent, y=1.0)
        server.wait_for(lambda: True)
    ctx.finish()

    assert server.only.channel("loss")[-1] == (sent, 1.0)


def test_threads_never_share_a_slot(tmp_path: Path) -> None:
    """Eight threads write at once: every record is there, none twice."""
    spool, pen = new_spool(tmp_path)

    def work(first: int) -> None:
        write(pen, *range(first, first + 5_000))

    threads = [threading.Thread(target=work, args=(n * 5_000,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(int(x) for x in spool.read_points(0, 1_000_000)["x"]) == list(range(40_000))
    spool.abandon()


def test_without_a_global_lock_claims_take_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A free-threaded Python hands out each slot once, too."""
    monkeypatch.setattr("sys._is_gil_enabled", lambda: False, raising=False)
    claim = claims()

    assert claim.__qualname__ == locked(claim).__qualname__
    assert [claim() for _ in range(3)] == [4096, 4128, 4160]


def test_nothing_of_a_killed_making_is_taken_for_a_segment(tmp_path: Path) -> None:
    """A file in the making has another name until it is whole."""
    spool, pen = new_spool(tmp_path)
    write(pen, 1, 2, 3)
    assert spool.folder.path is not None
    (spool.folder.path / "tmp-0123").write_bytes(b"half")
    path = spool.folder.path
    spool.abandon()

    adopted = Spool.adopt(path, budget())
    assert adopted is not None
    assert [int(x) for x in adopted.read_points(0, 10)["x"]] == [1, 2, 3]
    adopted.abandon()
    assert os.path.lexists(path)


def test_a_handler_that_sends_in_the_midst_of_linking_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread is adding a segment just then: the point is kept and written right after."""
    spool, pen = new_spool(tmp_path)
    become = segment_room.Blank.become
    held = sum(segment.capacity for segment in spool.chain)
    write(pen, *range(held))

    def interrupted(blank: segment_room.Blank, spool: bytes, base: int) -> segment_room.Segment:
        monkeypatch.setattr(segment_room.Blank, "become", become)
        write(pen, -1, -2)
        return become(blank, spool, base)

    monkeypatch.setattr(segment_room.Blank, "become", interrupted)
    write(pen, held)

    found = [int(x) for x in spool.read_points(held, 10)["x"]]
    assert sorted(found) == [-2, -1, held]
    assert pen.take_refused() == []
    spool.abandon()
