"""Rules 9 and 10: what the dead have left, and how much may lie there."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agnez_client import Context, SpoolError, adoption, syncing
from agnez_client.protocol import new_ulid
from agnez_client.spool.budget import Budget, folder_size
from agnez_client.spool.files import create_file
from agnez_client.spool.lock import take
from agnez_client.spool.segment import FIRST_SIZE
from agnez_client.spool.spool import Spool
from agnez_client.syncing import sync_spool
from agnez_client.transport import Transport
from tests.client.ingest_server import IngestServer, garbage
from tests.client.spools import Clock, budget, new_spool, write

Begin = Callable[..., Context]


def leave(place: Path, destination: str | None, *values: int) -> Path:
    """A spool of a process that is dead."""
    spool, pen = new_spool(place, destination=destination)
    spool.events.append({"kind": "run", "id": spool.header.run})
    spool.events.append({"kind": "channel", "n": 0, "name": "loss", "type": "NUMERIC"})
    write(pen, *values)
    assert spool.folder.path is not None
    spool.abandon()
    return spool.folder.path


def place_of(ctx: Context) -> Path:
    """Where spools of this host lie."""
    place = ctx.job._outlet.place.folder
    assert place is not None
    return place


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for orphans at each turn."""
    monkeypatch.setattr(adoption, "LOOK_EVERY_S", 0.0)


def test_a_run_sends_what_killed_ones_left(server: IngestServer, begin: Begin) -> None:
    """The next process of this user with the same destination adopts them."""
    ctx = begin()
    left = [leave(place_of(ctx), server.url, 1, 2, 3), leave(place_of(ctx), server.url, 4)]

    server.wait_for(lambda: server.points() == 4)
    ctx.finish()

    assert not any(path.exists() for path in left)
    assert len(server.spools) == 3


def test_orphans_for_other_destinations_are_left_alone(server: IngestServer, begin: Begin) -> None:
    """Nobody's numbers are sent to a server that they were not meant for."""
    ctx = begin()
    other = leave(place_of(ctx), "http://127.0.0.1:9", 1)
    nowhere = leave(place_of(ctx), None, 2)
    mine = leave(place_of(ctx), server.url, 3)

    server.wait_for(lambda: server.points() == 1)
    ctx.finish()

    assert other.exists()
    assert nowhere.exists()
    assert not mine.exists()


def test_spools_of_another_host_are_left_alone(server: IngestServer, begin: Begin) -> None:
    """Two machines share one home: each looks into its own directory alone."""
    ctx = begin()
    theirs = leave(place_of(ctx).parent / "other-host", server.url, 1)
    mine = leave(place_of(ctx), server.url, 2)

    server.wait_for(lambda: server.points() == 1)
    ctx.finish()

    assert theirs.exists()
    assert not mine.exists()


def test_two_machines_that_share_a_home_use_two_directories(
    server: IngestServer, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host's name is in the path."""
    places = []
    for name in ("node1", "node2"):
        monkeypatch.setattr("socket.gethostname", lambda name=name: name)
        places.append(place_of(begin()))

    assert [p.name for p in places] == ["node1", "node2"]
    assert places[0].parent == places[1].parent


def test_a_spool_whose_owner_lives_is_not_touched(server: IngestServer, tmp_path: Path) -> None:
    """Its lock is held."""
    spool, _ = new_spool(tmp_path)
    assert spool.folder.path is not None

    assert Spool.adopt(spool.folder.path, budget()) is None
    spool.abandon()


def test_an_orphan_that_the_server_refuses_whole_stops_nobody(
    server: IngestServer, begin: Begin
) -> None:
    """A deleted run's spool is put aside, the run goes on."""
    ctx = begin()
    path = leave(place_of(ctx), server.url, 1)
    header = (path / "header.json").read_text()
    server.deleted.add(header.split('"run": "')[1][:26])
    loss = ctx.job.create_channel("loss", "NUMERIC")

    for n in range(5):
        loss.send(y=float(n))
        server.wait_for(lambda n=n: server.points() == n + 1)
    ctx.finish()

    assert path.exists()


@pytest.mark.parametrize("file", ["header.json", "events", "points-00000000000000000000"])
@pytest.mark.parametrize("harm", ["cut", "gone", "rubbish"])
def test_a_damaged_spool_harms_nobody(
    server: IngestServer, begin: Begin, file: str, harm: str
) -> None:
    """Whatever is wrong with it, the run beside it goes on and nothing of it is deleted."""
    ctx = begin()
    path = leave(place_of(ctx), None, 1, 2, 3)
    if harm == "cut":
        (path / file).write_bytes((path / file).read_bytes()[:30])
    elif harm == "gone":
        (path / file).unlink()
    else:
        (path / file).write_bytes(b"\xff" * 5000)
    header = path / "header.json"
    if header.exists() and harm != "rubbish":
        header.write_bytes(header.read_bytes().replace(b"null", f'"{server.url}"'.encode()))

    loss = ctx.job.create_channel("loss", "NUMERIC")
    for n in range(3):
        loss.send(y=float(n))
        server.wait_for(lambda n=n: sum(len(s.points) for s in server.of_run(ctx.job.run)) == n + 1)
    ctx.finish()

    assert ctx.job._outlet._sender is not None
    assert ctx.job._outlet._sender.failures == 0
    assert path.exists() or (harm, file[:6]) in (("cut", "events"), ("gone", "points"))


def test_a_server_that_claims_too_much_gets_nothing_removed(
    server: IngestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that can't be true is no reason to delete what was never sent."""
    monkeypatch.setattr(syncing, "WAIT_S", 0.001)
    answer = {"store": "ab" * 16, "events": 2, "points": 10**12}
    server.always = garbage(json.dumps(answer).encode())
    path = leave(tmp_path, server.url, 1, 2, 3)

    done = sync_spool(path, Transport(server.url))

    assert done.problem is not None
    assert "more than lie in it" in done.problem
    assert path.exists()


def test_an_orphan_with_refused_points_does_not_hold_up_the_end(
    server: IngestServer, begin: Begin
) -> None:
    """Its directory stays for them, and it is not adopted again and again."""
    server.refuses = lambda kind, n, thing: "ugly" if kind == "point" else None
    ctx = begin()
    spool, pen = new_spool(place_of(ctx), destination=server.url, run=ctx.job.run)
    spool.events.append({"kind": "run", "id": ctx.job.run})
    write(pen, 1)
    spool.abandon()

    began = time.monotonic()
    ctx.finish()

    assert time.monotonic() - began < 8
    assert spool.folder.path is not None
    assert (spool.folder.path / "rejected").exists()


def test_what_is_no_spool_is_an_error(tmp_path: Path) -> None:
    """And says which directory."""
    (tmp_path / "lock").touch()

    with pytest.raises(SpoolError, match=str(tmp_path)):
        Spool.adopt(tmp_path, budget())


def test_unsent_points_are_never_deleted_by_closing(tmp_path: Path) -> None:
    """Neither the owner nor an adopter removes what no server has."""
    path = leave(tmp_path, None, 1, 2)

    adopted = Spool.adopt(path, budget())
    assert adopted is not None
    adopted.close()

    again = Spool.adopt(path, budget())
    assert again is not None
    assert [int(x) for x in again.read_points(0, 10)["x"]] == [1, 2]
    again.abandon()


def test_a_run_has_a_limit(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond it the newest points are refused and counted."""
    monkeypatch.setenv("AGNEZ_SPOOL_RUN_LIMIT", str(7 * FIRST_SIZE))
    ctx = begin(url="http://127.0.0.1:9")
    loss = ctx.job.create_channel("loss", "NUMERIC")

    for i in range(100_000):
        loss.send(x=i, y=0.0)

    assert 0 < loss.dropped == ctx.job.dropped < 100_000
    folder = ctx.job.spool_folder
    assert folder is not None
    assert sum(p.stat().st_size for p in folder.glob("points-*")) <= 7 * FIRST_SIZE


def test_all_runs_of_a_user_have_a_limit(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other spools hold counts, too."""
    monkeypatch.setenv("AGNEZ_SPOOL_USER_LIMIT", str(9 * FIRST_SIZE))
    first = begin(url="http://127.0.0.1:9")
    second = begin(url="http://127.0.0.1:9")
    loss = second.job.create_channel("loss", "NUMERIC")

    for i in range(50_000):
        loss.send(x=i, y=0.0)

    assert loss.dropped > 0
    assert folder_size(place_of(first)) < 20 * FIRST_SIZE


def test_a_budget_counts_runs_and_all(tmp_path: Path) -> None:
    """Bytes of this run, bytes of all runs, counted anew after two seconds."""
    clock, run = Clock(), new_ulid()
    mine, _ = new_spool(tmp_path, run=run)
    other, _ = new_spool(tmp_path)
    assert mine.folder.path is not None
    size = folder_size(mine.folder.path)
    found = Budget(tmp_path, run, run_limit=size + 100, user_limit=2 * size + 1000, now=clock)

    assert found.allows(60)
    assert not found.allows(60)
    found.give_back(60)
    assert found.allows(100)
    assert other.folder.path is not None
    path = other.folder.path
    other.abandon()
    shutil.rmtree(path)
    clock.time += 3
    assert not found.allows(101)
    assert found.allows(99)
    mine.abandon()


def test_what_lies_behind_a_damaged_segment_is_sent(server: IngestServer, tmp_path: Path) -> None:
    """The points of the damaged one are a gap; its file is left for whoever can mend it."""
    count = 4 * FIRST_SIZE // 32
    path = leave(tmp_path, server.url, *range(count))
    names = sorted(p.name for p in path.glob("points-*"))
    (path / names[1]).write_bytes(b"\xff" * 100)
    first, second = (int(name.removeprefix("points-")) for name in names[1:3])

    done = sync_spool(path, Transport(server.url))

    assert done.problem is None
    arrived = [int(x) for x, _ in server.only.channel("loss")]
    assert arrived == [*range(first), *range(second, count)]
    assert server.only.gaps == second - first
    assert (path / names[1]).exists()


def test_leftovers_of_killed_makings_and_removals_are_swept(
    server: IngestServer, begin: Begin
) -> None:
    """Directories that were never whole, or on their way out; none that is in use."""
    ctx = begin()
    place = place_of(ctx)
    ghosts = [place / f".new-{new_ulid()}", place / f".gone-{new_ulid()}"]
    for ghost in ghosts:
        ghost.mkdir(mode=0o700)
        (ghost / "lock").touch(mode=0o600)
        os.utime(ghost, (1, 1))
    in_use = place / f".new-{new_ulid()}"
    in_use.mkdir(mode=0o700)
    fd = create_file(in_use / "lock")
    assert take(fd)
    os.utime(in_use, (1, 1))

    begin()
    server.wait_for(lambda: not any(ghost.exists() for ghost in ghosts) or server.points())
    ctx.job.create_channel("loss").send(y=1.0)
    server.wait_for(lambda: server.points() == 1)
    ctx.finish()
    os.close(fd)

    assert not any(ghost.exists() for ghost in ghosts)
    assert in_use.exists()
