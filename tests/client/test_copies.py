"""A copy of a spool that is synced while its owner writes: nothing is lost, nothing comes twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agnez_client.spool.examine import examine
from agnez_client.spool.spool import Spool
from agnez_client.syncing import sync_spool
from agnez_client.transport import Transport
from tests.client.damage import deliver, leave, xs
from tests.client.ingest_server import IngestServer
from tests.client.spools import Clock, claim, new_spool, write
from tests.support.proof import FULL


def begun(place: Path, clock: Clock | None = None) -> tuple[Spool, object, Path]:
    """A spool that its owner writes."""
    spool, pen = new_spool(place, now=clock or Clock())
    spool.events.append({"kind": "run", "id": spool.header.run})
    spool.events.append({"kind": "channel", "n": 0, "name": "loss", "type": "NUMERIC"})
    assert spool.folder.path is not None
    return spool, pen, spool.folder.path


def test_a_copy_that_was_made_while_a_slot_was_open_stops_there(
    tmp_path: Path, server: IngestServer
) -> None:
    """The owner fills the slot later, and sends it: it was not given up in its name."""
    clock = Clock()
    spool, pen, path = begun(tmp_path / "place", clock)
    write(pen, 0, 1)  # type: ignore[arg-type]
    fill = claim(pen)  # type: ignore[arg-type]
    write(pen, 3, 4)  # type: ignore[arg-type]
    copy = Path(shutil.copytree(path, tmp_path / "copy" / path.name))

    done = sync_spool(copy, Transport(server.url))

    assert done.points == 2
    assert done.problem is not None
    assert "its last 3 points" in done.problem
    assert "a copy" in next(iter(examine(copy))).what
    assert copy.exists()
    fill(2)
    spool.seal()
    spool.close()
    assert xs(deliver(path, server, is_last=False)) == [0, 1, 2, 3, 4]
    assert sync_spool(copy, Transport(server.url)).points == 0


def test_the_last_copy_is_sent_whole(tmp_path: Path, server: IngestServer) -> None:
    """When the user says that the owner is gone, what it never filled is given up."""
    spool, pen, path = begun(tmp_path / "place")
    write(pen, 0)  # type: ignore[arg-type]
    claim(pen)  # type: ignore[arg-type]
    write(pen, 2)  # type: ignore[arg-type]
    copy = Path(shutil.copytree(path, tmp_path / "copy" / path.name))
    spool.abandon()

    assert sync_spool(copy, Transport(server.url), is_last=True).problem is None
    assert xs(server.only) == [0, 2]
    assert not copy.exists()


def test_a_copy_of_a_spool_that_was_ended_is_sent_whole(
    tmp_path: Path, server: IngestServer
) -> None:
    """Its owner has noted which slots were never filled."""
    spool, pen, path = begun(tmp_path / "place")
    write(pen, 0)  # type: ignore[arg-type]
    claim(pen)  # type: ignore[arg-type]
    write(pen, 2)  # type: ignore[arg-type]
    spool.seal()
    spool.close()
    copy = Path(shutil.copytree(path, tmp_path / "copy" / path.name))

    assert sync_spool(copy, Transport(server.url)).problem is None
    assert xs(server.only) == [0, 2]


@pytest.mark.proof
@settings(max_examples=400 if FULL else 25, deadline=None)
@given(st.lists(st.sampled_from(["write", "claim", "fill", "copy", "sync"]), max_size=40))
def test_owner_and_copies_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    """Writing, copying, syncing the copies, sending the spool itself: each point once, in order."""
    place = tmp_path_factory.mktemp("copies")
    server = IngestServer()
    spool, pen, path = begun(place / "place")
    written: list[int] = []
    fills, copies = [], []
    for number, step in enumerate([*steps, "sync", "fill"]):
        if step == "write":
            write(pen, number)  # type: ignore[arg-type]
            written.append(number)
        elif step == "claim":
            fills.append((claim(pen), number))  # type: ignore[arg-type]
            written.append(number)
        elif step == "fill":
            for fill, value in fills:
                fill(value)
            fills = []
        elif step == "copy":
            copies.append(Path(shutil.copytree(path, place / f"{number}" / path.name)))
        elif step == "sync":
            for copy in copies:
                deliver(copy, server, is_last=False)
            copies = []
    spool.seal()
    spool.close()
    taken = deliver(path, server, is_last=False)
    server.close()

    assert xs(taken) == written


def test_only_spools_beside_a_spool_count_for_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What else lies in a directory, however much, is not looked into."""
    path = leave(tmp_path / "place")
    other = path.parent / "other"
    other.mkdir()
    (other / "large").write_bytes(bytes(1 << 20))
    monkeypatch.setenv("AGNEZ_SPOOL_USER_LIMIT", str(1 << 20))

    assert not [f for f in examine(path) if "new points are refused" in f.what]


def test_a_spool_that_goes_while_it_is_looked_at_is_no_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server has all of it, and its owner removes it."""
    path = leave(tmp_path / "place")
    monkeypatch.setattr(
        "agnez_client.spool.examine.check_rejected", lambda spool: shutil.rmtree(spool) or ()
    )

    assert list(examine(path)) == []
