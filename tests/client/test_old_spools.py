"""Spools of older and of newer versions: read as they are, or refused by name and left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agnez_client.spool.examine import examine
from agnez_client.spool.header import NewerSpool, SpoolHeader, parse_header
from agnez_client.spool.survey import survey
from agnez_client.syncing import sync_spool
from agnez_client.transport import Transport
from tests.client.damage import deliver, xs
from tests.client.ingest_server import IngestServer
from tests.client.old_spools import RUN, SLOTS, old_spool, write

COUNT = SLOTS + 9
EVENTS = [
    {"kind": "run", "at": 1, "id": RUN, "started": 1, "project": "digits"},
    {"kind": "channel", "at": 2, "n": 0, "name": "loss", "type": "NUMERIC"},
    {"kind": "params", "at": 3, "params": {"lr": 0.1}},
    {"kind": "state", "at": 4, "state": "finished"},
]


def spool_of(place: Path, version: int) -> Path:
    """A spool of an older version with some events and points."""
    return old_spool(place, version, EVENTS, [(x, float(x)) for x in range(COUNT)])


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_spool_is_read_and_sent(
    version: int, tmp_path: Path, server: IngestServer
) -> None:
    """By `agnez spool`, doctor and sync; then it is removed like any other."""
    path = spool_of(tmp_path, version)

    summary, *problems = examine(path)
    assert f"version {version}" in summary.what
    assert f"{COUNT} of {COUNT} points and 4 of 4 events wait" in summary.what
    assert problems == []
    assert (survey(path).points, survey(path).events) == (COUNT, 4)
    assert sync_spool(path, Transport(server.url)).problem is None
    assert server.only.events == EVENTS
    assert xs(server.only) == list(range(COUNT))
    assert not path.exists()


def test_a_damaged_event_of_an_older_spool_is_mended_or_lost(
    tmp_path: Path, server: IngestServer
) -> None:
    """Its CRC tells; those behind it are sent, as far as the lengths lead to them."""
    path = spool_of(tmp_path, 2)
    data = bytearray((path / "events").read_bytes())
    data[data.index(b"digits")] ^= 1
    at = data.index(b'"lr"')
    data[at : at + 4] = b"????"
    write(path / "events", bytes(data))

    assert {f.level for f in examine(path)} == {"note", "damage"}
    taken = deliver(path, server)

    assert taken is not None
    assert taken.events[:2] == EVENTS[:2]
    assert [e["kind"] for e in taken.events[2:]] == ["dropped", "state"]


def test_an_older_segment_that_was_cut_is_sent_as_far_as_it_goes(
    tmp_path: Path, server: IngestServer
) -> None:
    """Without sums: its file's length and the names of those behind it tell what is gone."""
    path = spool_of(tmp_path, 2)
    with (path / f"points-{0:020d}").open("r+b") as file:
        file.truncate(4096 + 32 * 10 + 5)

    taken = deliver(path, server)

    assert xs(taken) == [*range(10), *range(SLOTS, COUNT)]
    assert taken is not None
    assert taken.gaps == SLOTS - 10


def test_a_newer_spool_is_refused_by_name(tmp_path: Path, server: IngestServer) -> None:
    """With what to upgrade; nothing of it is touched."""
    path = spool_of(tmp_path, 2)
    header = json.loads((path / "header.json").read_text()) | {"version": 4, "new": True}
    write(path / "header.json", json.dumps(header).encode())
    before = {file: file.read_bytes() for file in path.iterdir()}

    (found,) = examine(path)
    assert found.level == "note"
    assert "version 4" in found.what
    done = sync_spool(path, Transport(server.url))

    assert done.problem is not None
    assert "a spool of version 4, expected 1 to 3: pip install -U agnez" in done.problem
    assert {file: file.read_bytes() for file in path.iterdir()} == before
    with pytest.raises(NewerSpool):
        parse_header(json.dumps(header).encode())


def test_a_header_of_today_is_none_for_readers_of_version_2() -> None:
    """They look at the version first: it is one that they refuse."""
    header = json.loads(SpoolHeader.new(RUN, 0, None, "host").as_bytes())

    assert (header["magic"], header["version"]) == ("agnez spool", 3)


def test_a_server_may_have_what_was_cut_off_since(tmp_path: Path, server: IngestServer) -> None:
    """It took the points before the file was cut: what lies behind them is sent all the same."""
    path = spool_of(tmp_path, 2)
    first = deliver(path, server)
    assert first is not None
    spool_of(tmp_path / "again", 2).rename(path)
    server.spools[bytes.fromhex(path.name)].mark_events = 3
    for name in (f"points-{0:020d}", f"points-{SLOTS:020d}"):
        with (path / name).open("r+b") as file:
            file.truncate(4096)

    taken = deliver(path, server)

    assert taken is not None
    assert taken.mark_events == len(EVENTS)
    assert xs(taken) == list(range(COUNT))
