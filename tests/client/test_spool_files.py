"""Rule 2: a spool says what it is, holds everything, and never a secret."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnez_client import Context, SpoolError
from agnez_client.protocol import encode_event
from agnez_client.spool import events as events_room
from agnez_client.spool.events import EventLog
from agnez_client.spool.files import Folder
from agnez_client.spool.header import SpoolHeader, parse_header
from agnez_client.syncing import sync_spool
from agnez_client.transport import Transport
from tests.client.ingest_server import IngestServer

Begin = Callable[..., Context]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def test_the_header_tells_whose_it_is(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version, record size, spool, run, session, rank, destination, host, process."""
    monkeypatch.setenv("RANK", "3")
    ctx = begin(url="http://127.0.0.1:9/base/")
    folder = ctx.job.spool_folder
    assert folder is not None

    found = json.loads((folder / "header.json").read_text())

    assert found["magic"] == "agnez spool"
    assert (found["version"], found["record_size"]) == (3, 32)
    assert found["spool"] == folder.name
    assert found["run"] == ctx.job.run
    assert found["rank"] == 3
    assert found["destination"] == "http://127.0.0.1:9/base"
    assert {"session", "host", "pid"} <= set(found)


def test_no_file_holds_the_token(begin: Begin) -> None:
    """A spool may be copied, mailed, left behind: a token never goes with it."""
    ctx = begin(url="http://127.0.0.1:9", token="agnez_very-secret", params={"lr": 1})
    ctx.job.create_channel("loss").send(y=1.0)
    folder = ctx.job.spool_folder
    assert folder is not None

    assert [p for p in folder.iterdir() if b"very-secret" in p.read_bytes()] == []


def test_a_copied_directory_restores_the_run(
    server: IngestServer, begin: Begin, tmp_path: Path
) -> None:
    """The directory alone brings project, parameters, channels, charts, points to a server."""
    ctx = begin(url="http://127.0.0.1:9", project="digits", params={"lr": 0.1}, tags=["t"])
    loss = ctx.job.create_channel("loss", "NUMERIC")
    ctx.job.create_chart([loss], "Loss", "step", "nats")
    for i in range(9000):
        loss.send(x=i, y=float(i))
    folder = ctx.job.spool_folder
    assert folder is not None
    ctx.finish()

    copy = Path(shutil.copytree(folder, tmp_path / "copy" / folder.name))
    done = sync_spool(copy, Transport(server.url))

    assert done.problem is None
    taken = server.only
    assert taken.events[0]["project"] == "digits"
    assert taken.of_kind("params")[0]["params"] == {"lr": 0.1}
    assert taken.of_kind("tags")[0]["tags"] == ["t"]
    assert taken.of_kind("chart")[0]["y"] == "nats"
    assert taken.channel("loss") == [(i, i) for i in range(9000)]


@given(st.binary(max_size=200))
def test_a_header_is_one_or_an_error(data: bytes) -> None:
    """Whatever a file holds, reading it gives a header or a SpoolError."""
    with pytest.raises(SpoolError):
        parse_header(data)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[("magic", "x"), ("version", 4), ("version", None), ("record_size", 24)],
        *[("spool", "zz"), ("run", "short"), ("session", "now"), ("rank", None)],
    ],
)
def test_a_wrong_header_is_refused(key: str, value: object) -> None:
    """Each field is looked at."""
    header = SpoolHeader.new("01J00000000000000000000000", 0, None, "host")
    found = {**json.loads(header.as_bytes()), key: value}

    with pytest.raises(SpoolError):
        parse_header(json.dumps(found).encode())


def test_a_header_comes_back_as_it_was() -> None:
    """Writing and reading are each other's inverse."""
    header = SpoolHeader.new("01J00000000000000000000000", 7, "http://a:1", "host")

    assert parse_header(header.as_bytes()) == header


@given(st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=8), st.integers(0, 200))
def test_events_come_back_whatever_is_torn(events: list[dict[str, object]], cut: int) -> None:
    """A reader of a cut file gets the whole events before the cut."""
    log = EventLog.create(Folder(None))
    for event in events:
        log.append(event)
    whole = [json.loads(e) for e in log.read(0, 1 << 20)]
    assert whole == json.loads(json.dumps(events))

    frames = b"".join(_frame(e) for e in log.read(0, 1 << 20)) if events else b""
    log.close()
    torn = EventLog(-1, frames[: max(0, len(frames) - cut)])

    assert len(torn) <= len(events)
    assert cut == 0 or not events or len(torn) < len(events)


def _frame(event: bytes) -> bytes:
    return encode_event(json.loads(event))


def test_events_are_read_in_portions(tmp_path: Path) -> None:
    """At most so many bytes a time, but always one."""
    log = EventLog.create(Folder(tmp_path))
    for n in range(10):
        log.append({"n": n, "text": "x" * 100})

    assert [json.loads(e)["n"] for e in log.read(3, 1)] == [3]
    assert [json.loads(e)["n"] for e in log.read(3, 300)] == [3, 4]
    assert log.read(10, 1 << 20) == []
    log.close()


def test_events_wait_in_memory_while_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are shipped all the same, and written when there is room."""
    log = EventLog.create(Folder(tmp_path))
    log.append({"n": 0})
    write = events_room.write_whole

    def full(fd: int, data: bytes, offset: int) -> None:
        write(fd, data[:5], offset)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(events_room, "write_whole", full)
    log.append({"n": 1})
    log.append({"n": 2})
    assert not log.is_written
    assert [json.loads(e)["n"] for e in log.read(0, 1 << 20)] == [0, 1, 2]
    assert [json.loads(e)["n"] for e in log.read(2, 1)] == [2]

    monkeypatch.setattr(events_room, "write_whole", write)
    log.write_pending()
    log.close()

    again = EventLog.open(Folder(tmp_path))
    assert [json.loads(e)["n"] for e in again.read(0, 1 << 20)] == [0, 1, 2]
    again.close()
