"""What the reading verbs say about a real server, seen as a shell sees it."""

from __future__ import annotations

import csv
import json
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import SPIKE
from tests.support.agnez_up import AGNEZ, RunningServer, agnez_up, home_environment


def as_json(server: RunningServer, *args: str) -> Any:
    """The JSON that the verb answers."""
    return json.loads(server.agnez(*args, "--json"))


def as_csv(text: str) -> list[dict[str, str]]:
    """The rows of *text* by their headings."""
    return list(csv.DictReader(text.splitlines()))


def test_runs_lists_the_newest_first(read_server: RunningServer) -> None:
    """Without options all runs are there, the newest first."""
    assert [r["name"] for r in as_json(read_server, "runs")] == ["new", "old"]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--project", "lab"], ["old"]),
        (["--state", "finished"], ["old"]),
        (["--sort", "created_at"], ["old", "new"]),
        (["--sort", "name", "--limit", "1"], ["new"]),
        (["--experiment", "none such"], []),
    ],
)
def test_runs_filters_and_sorts(
    read_server: RunningServer, options: list[str], names: list[str]
) -> None:
    """Each option does what its name says."""
    assert [r["name"] for r in as_json(read_server, "runs", *options)] == names


def test_runs_makes_a_table_for_people(read_server: RunningServer) -> None:
    """Without --json a run is a line with its name, state and number of points."""
    line = next(s for s in read_server.agnez("runs").splitlines() if " old " in s)

    assert line.split()[-1] == "1"
    assert "finished" in line


def test_channels_shows_the_figures(read_server: RunningServer) -> None:
    """Smallest and largest are of finite values, the last is as it was sent."""
    loss = next(c for c in as_json(read_server, "channels", "new") if c["name"] == "loss")

    assert (loss["count"], loss["last"], loss["min"], loss["max"]) == (4, "-Infinity", 0.5, 2.0)


def test_get_raw_gives_every_point_in_order(read_server: RunningServer) -> None:
    """Raw CSV holds the points as sent, NaN and infinity by name."""
    rows = as_csv(read_server.agnez("get", "new/loss", "--raw"))

    assert [(r["ordinal"], r["x"], float(r["y"])) for r in rows[::2]] == [
        ("0", "0", 0.5),
        ("2", "2", 2.0),
    ]
    assert [r["y"] for r in rows[1::2]] == ["NaN", "-Infinity"]
    assert rows[3]["wall"] == "1763736000000003"


def test_get_raw_takes_all_pages_as_json(read_server: RunningServer) -> None:
    """Raw JSON is one list of all points, however many there are."""
    rows = as_json(read_server, "get", "new/train/long", "--raw")

    assert [r["x"] for r in rows] == list(range(20_000))


def test_get_keeps_a_spike_in_a_narrow_view(read_server: RunningServer) -> None:
    """A single high point among 20,000 is in a view of ten columns."""
    rows = as_csv(read_server.agnez("get", "new/train/long", "--px", "10", "--csv"))

    assert len(rows) < 200
    assert [int(r["x"]) for r in rows if float(r["y"]) == SPIKE["y"]] == [SPIKE["x"]]


def test_get_takes_a_range(read_server: RunningServer) -> None:
    """Both ends of the range belong to it."""
    view = as_json(read_server, "get", "new/train/long", "--x0", "10", "--x1", "12")

    assert view["x"] == [10, 11, 12]
    assert view["exact"] is True


def test_get_draws_a_line_for_people(read_server: RunningServer) -> None:
    """The figures, a small curve with marks for what is no number, the last points."""
    lines = read_server.agnez("get", "new/loss").splitlines()

    assert lines[0] == "loss: 4 points, last -Infinity, min 0.5, max 2"
    assert lines[1] == "▁×█×"
    assert lines[-1].endswith("2025-11-21T14:40:00.000003Z")


def test_a_channel_is_found_by_its_id(read_server: RunningServer) -> None:
    """What `channels --json` calls id is taken by `get`."""
    loss = next(c for c in as_json(read_server, "channels", "new") if c["name"] == "loss")

    assert as_json(read_server, "get", loss["id"])["name"] == "loss"


def test_export_writes_every_point_of_a_run(read_server: RunningServer, tmp_path: Path) -> None:
    """One CSV has all channels, in the order sent, and appears whole."""
    file = tmp_path / "new.csv"

    read_server.agnez("export", "new", "-o", str(file))

    rows = as_csv(file.read_text())
    assert [r["x"] for r in rows if r["channel"] == "loss"] == ["0", "1", "2", "3"]
    assert sum(r["channel"] == "train/long" for r in rows) == 20_000
    assert list(tmp_path.iterdir()) == [file]


def test_export_as_json_holds_the_definitions_too(read_server: RunningServer) -> None:
    """Run, charts and channels stand beside the points."""
    found = json.loads(read_server.agnez("export", "new", "--format", "json"))

    assert found["run"]["name"] == "new"
    assert [c["name"] for c in found["channels"]] == ["loss", "train/long"]
    assert [p["y"] for p in found["channels"][0]["points"]] == [0.5, "NaN", 2.0, "-Infinity"]
    assert {c for chart in found["charts"] for c in chart["channels"]} == {
        c["id"] for c in found["channels"]
    }


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["channels", "nobody"], "there is no run with the id or name 'nobody'"),
        (["channels", "0" * 26], "there is no run"),
        (["get", "new/nothing"], "it has: 'loss', 'train/long'"),
        (["get", "loss"], "neither a channel's id nor RUN/NAME"),
        (["export", "new", "-o", "/proc/none/such.csv"], "/proc/none/such.csv"),
    ],
)
def test_errors_are_one_line(read_server: RunningServer, args: list[str], words: str) -> None:
    """What is wrong stands on one line of standard error, and the exit status is 1."""
    said = read_server.agnez(*args, status=1)

    assert said.startswith("Error: ") and said.count("\n") == 1
    assert words in said


@pytest.mark.parametrize(
    "args",
    [
        ["runs", "--limit", "0"],
        ["runs", "--sort", "colour"],
        ["get", "new/loss", "--csv", "--json"],
        ["get", "new/loss", "--raw", "--x0", "1"],
        ["get", "new/loss", "--px", "0"],
        ["nothing"],
    ],
)
def test_a_wrong_command_line_has_status_2(read_server: RunningServer, args: list[str]) -> None:
    """Options that contradict, values out of range and unknown verbs are refused as such."""
    assert "Error: " in read_server.agnez(*args, status=2)


def test_a_token_opens_a_server_with_a_login(tmp_path: Path) -> None:
    """Without a token the verb says what is missing; with one that may read it answers."""
    data = str(tmp_path / "data")
    create = without_server(tmp_path, "token", "create", "--scope", "read", "--data", data)
    token = create.stdout.strip()

    with agnez_up(tmp_path, "--login") as server:
        said = server.agnez("runs", status=1)
        found = server.agnez("runs", "--json", "--token", token)

    assert "answered 401" in said and "agnez token create" in said and said.count("\n") == 1
    assert json.loads(found) == []


def without_server(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """`agnez *args` for a user who never started a server."""
    return subprocess.run(
        [*AGNEZ, *args], env=home_environment(home), capture_output=True, text=True, timeout=60
    )


def test_without_a_server_the_verbs_say_how_to_get_one(tmp_path: Path) -> None:
    """No address known: the error names `agnez up` and the setting."""
    done = without_server(tmp_path, "runs")

    assert done.returncode == 1
    assert "agnez up" in done.stderr and "AGNEZ_URL" in done.stderr


def test_a_server_that_is_gone_is_named(tmp_path: Path) -> None:
    """Nobody listens: one line with the address, no traceback."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        done = without_server(tmp_path, "runs", "--url", url)

    assert done.returncode == 1
    assert (
        done.stderr.startswith(f"Error: nobody listens at {url}") and done.stderr.count("\n") == 1
    )


def test_version_names_the_protocol(tmp_path: Path) -> None:
    """The version needs no server."""
    found = json.loads(without_server(tmp_path, "version", "--json").stdout)

    assert found["protocol"] == {"oldest": 1, "newest": 2}
    assert without_server(tmp_path, "--version").stdout.split()[-1] == found["version"]
