"""`agnez export --tinydb`: the documents of a data directory for plain TinyDB."""

from __future__ import annotations

import subprocess
from pathlib import Path

import requests
from tinydb import TinyDB, where

from tests.support.agnez_up import AGNEZ, agnez_up, home_environment


def export(home: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """`agnez export *args` of the user whose home is *home*."""
    return subprocess.run(
        [*AGNEZ, "export", *args], env=home_environment(home), capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip


def test_plain_tinydb_opens_the_documents(tmp_path: Path) -> None:
    """What a server kept is found again with TinyDB's own queries once the server has ended."""
    data, file = str(tmp_path / "data"), tmp_path / "out.json"
    with agnez_up(tmp_path) as server:
        body = {"run": "mine", "channel": "loss", "y": [1, 2]}
        assert requests.post(f"{server.url}/api/v1/points", json=body, timeout=30).ok

    done = export(tmp_path, "--tinydb", str(file), "--data", data)

    assert done.returncode == 0, done.stderr
    with TinyDB(file) as db:
        assert db.tables() == {"runs", "layouts"}
        (run,) = db.table("runs").search(where("name") == "mine")
        (layout,) = db.table("layouts").all()
    assert run["project"] == "default"
    assert [channel["name"] for channel in layout["channels"]] == ["loss"]


def test_a_directory_in_use_is_left_alone(tmp_path: Path) -> None:
    """While a server holds the directory the error names the process."""
    with agnez_up(tmp_path) as server:
        done = export(tmp_path, "--tinydb", str(tmp_path / "o"), "--data", str(tmp_path / "data"))

        assert done.returncode == 1
        assert str(server.process.pid) in done.stderr and "in use" in done.stderr


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    """Nothing is made where no server kept anything."""
    done = export(tmp_path, "--tinydb", str(tmp_path / "o"), "--data", str(tmp_path))

    assert done.returncode == 1
    assert "no data directory" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_run_and_documents_exclude_each_other(tmp_path: Path) -> None:
    """Neither of both, or both, is a wrong command line."""
    assert export(tmp_path).returncode == 2
    assert export(tmp_path, "mine", "--tinydb", str(tmp_path / "o")).returncode == 2


def test_exported_documents_are_imported(tmp_path: Path) -> None:
    """Into a new data directory: its server knows the run and its channels; twice is refused."""
    source, target, file = tmp_path / "a", tmp_path / "b", tmp_path / "out.json"
    source.mkdir()
    target.mkdir()
    with agnez_up(source) as server:
        body = {"run": "mine", "channel": "loss", "y": [1, 2]}
        assert requests.post(f"{server.url}/api/v1/points", json=body, timeout=30).ok
    assert export(source, "--tinydb", str(file), "--data", str(source / "data")).returncode == 0

    command = [*AGNEZ, "import", "--tinydb", str(file), "--data", str(target / "data")]
    first, again = (
        subprocess.run(
            command, env=home_environment(target), capture_output=True, text=True, timeout=60
        )
        for _ in range(2)
    )

    assert (first.returncode, again.returncode) == (0, 1), first.stderr
    assert "has a document" in again.stderr and "nothing was added" in again.stderr
    with agnez_up(target) as server:
        (run,) = requests.get(f"{server.url}/api/v1/runs", timeout=30).json()["items"]
    assert (run["name"], run["channels"], run["points"]) == ("mine", 1, 0)
