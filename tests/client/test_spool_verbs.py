"""`agnez sync` and `agnez spool`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agnez_client import syncing
from agnez_client.address import write_address
from agnez_client.cli.verbs import group
from agnez_client.spool.place import host_name
from tests.client.ingest_server import IngestServer, drop, status
from tests.client.spools import new_spool, write


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where spools of this host lie."""
    return tmp_path / "spool" / host_name()


def leave(place: Path, destination: str | None, *values: int) -> Path:
    """A spool of a process that is dead."""
    spool, pen = new_spool(place, destination=destination)
    spool.events.append({"kind": "run", "id": spool.header.run})
    spool.events.append({"kind": "channel", "n": 0, "name": "loss", "type": "NUMERIC"})
    write(pen, *values)
    assert spool.folder.path is not None
    spool.abandon()
    return spool.folder.path


def agnez(*args: object, status: int = 0) -> Result:
    """The answer of the command line."""
    found = CliRunner().invoke(group, [str(arg) for arg in args])
    assert found.exit_code == status, found.output
    return found


def test_sync_sends_what_is_meant_for_the_server_in_use(
    server: IngestServer, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was recorded for it, or for none; the rest is named."""
    monkeypatch.setenv("AGNEZ_URL", server.url)
    mine = leave(place, server.url, 1, 2, 3)
    nowhere = leave(place, None, 4)
    other = leave(place, "http://127.0.0.1:9", 5)

    found = agnez("sync")

    assert server.points() == 4
    assert not mine.exists()
    assert not nowhere.exists()
    assert other.exists()
    assert "3 points sent to" in found.output
    assert "1 spools are for other servers" in found.output


def test_sync_finds_the_users_own_server(server: IngestServer, place: Path) -> None:
    """By the address file that `agnez up` writes."""
    write_address(server.url)
    leave(place, None, 1)

    agnez("sync")

    assert server.points() == 1


def test_sync_to_sends_everything_there(server: IngestServer, place: Path) -> None:
    """Whatever it was recorded for: the user says so."""
    leave(place, "http://127.0.0.1:9", 1)
    leave(place, None, 2)

    agnez("sync", "--to", server.url + "/")

    assert server.points() == 2


def test_sync_all_sends_each_where_it_belongs(server: IngestServer, place: Path) -> None:
    """And the token goes to the server in use alone."""
    elsewhere = IngestServer()
    leave(place, server.url, 1)
    leave(place, elsewhere.url, 2)
    write_address(server.url)

    agnez("sync", "--all", "--token", "agnez_secret")
    elsewhere.close()

    assert (server.points(), elsewhere.points()) == (1, 1)
    assert {r.get("authorization") for r in server.requests} == {"Bearer agnez_secret"}
    assert {r.get("authorization") for r in elsewhere.requests} == {None}


def test_sync_takes_a_directory(server: IngestServer, tmp_path: Path) -> None:
    """Of a spool that was copied here from another machine."""
    path = leave(tmp_path / "copied", "http://far:3000", 1, 2)

    found = agnez("sync", path, "--to", server.url, "--json")

    (done,) = json.loads(found.output)
    assert (done["points"], done["events"], done["problem"]) == (2, 2, None)
    assert done["to"] == server.url


def test_sync_leaves_the_living_alone(server: IngestServer, place: Path) -> None:
    """A run that goes on sends its own spool."""
    spool, pen = new_spool(place, destination=server.url)
    write(pen, 1)

    found = agnez("sync", "--to", server.url)

    assert "belong to processes that run" in found.output
    assert server.batches == []
    spool.abandon()


def test_sync_without_a_server_says_what_to_do(place: Path) -> None:
    """`agnez up`, AGNEZ_URL, or --to."""
    leave(place, None, 1)

    found = agnez("sync", status=1)

    assert "agnez up" in found.output
    assert "--to" in found.output


def test_sync_that_fails_keeps_the_spool(
    server: IngestServer, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 1, the reason, and everything is still there."""
    monkeypatch.setattr(syncing, "WAIT_S", 0.001)
    server.always = status(507)
    path = leave(place, server.url, 1)

    found = agnez("sync", "--to", server.url, status=1)

    assert "507" in found.output
    assert path.exists()


def test_sync_survives_a_server_that_hangs_up(server: IngestServer, place: Path) -> None:
    """It asks again."""
    server.faults += [drop, drop]
    leave(place, server.url, 1)

    agnez("sync", "--to", server.url)

    assert server.points() == 1


def test_sync_contradicting_itself_is_refused() -> None:
    """As a wrong command line."""
    agnez("sync", "--to", "http://a:1", "--all", status=2)


def test_nothing_to_sync_is_no_error() -> None:
    """And says so."""
    assert "nothing waits" in agnez("sync").output


def test_ls_shows_what_waits(place: Path) -> None:
    """Points, events, owner, destination; as JSON all there is to know."""
    path = leave(place, "http://a:1", 1, 2, 3)
    spool, _ = new_spool(place, destination=None)

    table = agnez("spool", "ls").output
    rows = {row["spool"]: row for row in json.loads(agnez("spool", "ls", "--json").output)}

    assert path.name[:8] in table
    assert "http://a:1" in table
    mine = rows[path.name]
    assert (mine["points"], mine["events"], mine["alive"]) == (3, 2, False)
    assert mine["path"] == str(path)
    assert rows[spool.header.spool]["alive"] is True
    assert rows[spool.header.spool]["destination"] is None
    spool.abandon()


def test_ls_counts_only_what_no_server_has(server: IngestServer, place: Path) -> None:
    """Points that were acked are not waiting."""
    path = leave(place, server.url, *range(10))
    (path / "cursor").write_text(
        json.dumps({"stores": {"ab" * 16: {"events": 1, "points": 7}}, "voids": []})
    )

    (row,) = json.loads(agnez("spool", "ls", "--json").output)

    assert (row["points"], row["events"]) == (3, 1)


def test_ls_leaves_out_what_is_damaged(place: Path) -> None:
    """It is named, the others are shown."""
    damaged = leave(place, None, 1)
    for name in ("header.json", "header.spare"):
        (damaged / name).write_text("{")
    leave(place, None, 2)

    found = agnez("spool", "ls")

    assert str(damaged) in found.output
    assert "1 " in found.output


def test_rm_removes_nothing_unless_told(place: Path) -> None:
    """It shows what would go, and says how to say so."""
    path = leave(place, None, 1, 2)

    found = agnez("spool", "rm", path.name[:6], status=1)

    assert path.name[:8] in found.output
    assert "--yes" in found.output
    assert path.exists()


def test_rm_removes_when_told(place: Path) -> None:
    """By the beginning of an id, or by the run."""
    first, second, third = (leave(place, None, n) for n in range(3))
    run = json.loads((second / "header.json").read_text())["run"]

    agnez("spool", "rm", first.name, run, "--yes")

    assert [p.exists() for p in (first, second, third)] == [False, False, True]


def test_rm_all_leaves_the_living(place: Path) -> None:
    """A spool in use is named and stays."""
    path = leave(place, None, 1)
    spool, _ = new_spool(place)

    found = agnez("spool", "rm", "--all", "--yes", "--json")

    assert [row["spool"] for row in json.loads(found.output)] == [path.name]
    assert not path.exists()
    assert spool.folder.path is not None
    assert spool.folder.path.exists()
    spool.abandon()


def test_rm_of_what_is_not_there_is_an_error() -> None:
    """And so is no name at all."""
    assert "agnez spool ls" in agnez("spool", "rm", "abc", status=1).output
    agnez("spool", "rm", status=2)


@pytest.mark.parametrize("words", [("sync",), ("spool",), ("spool", "rm")])
def test_help_has_examples(words: tuple[str, ...]) -> None:
    """For those who learn by them."""
    _, _, examples = agnez(*words, "--help").output.partition("Examples:\n")
    assert examples.strip().startswith(f"agnez {words[0]}")
