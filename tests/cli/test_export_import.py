"""A run as a folder, and back on another server: everything as it was."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
import requests

from agnez_client.protocol import CONTENT_TYPE, encode_batch, join_buffers, new_ulid
from agnez_client.transfer.deliver import deliver_run
from agnez_client.transfer.folder import FolderError
from agnez_client.transport import Transport
from tests.server.spools import WALL_US, Spool, records
from tests.support.agnez_up import RunningServer, agnez_up

PICTURE = b"not really a picture, but bytes are bytes" * 50
SHA256 = hashlib.sha256(PICTURE).hexdigest()
BLOB = {"sha256": SHA256, "mime": "image/png", "size": len(PICTURE)}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RunningServer]]:
    """Two servers with nothing in common."""
    with (
        agnez_up(tmp_path_factory.mktemp("a")) as first,
        agnez_up(tmp_path_factory.mktemp("b")) as second,
    ):
        yield [first, second]


def ingest(server: RunningServer, spool: Spool) -> None:
    """Deliver all of *spool*; nothing may be refused."""
    answer = requests.post(
        f"{server.url}/api/v1/ingest", data=join_buffers(encode_batch(spool.batch())),
        headers={"Content-Type": CONTENT_TYPE}, timeout=30,
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert answer.json()["refused"] == []


@pytest.fixture(scope="module")
def run(servers: list[RunningServer]) -> str:
    """A resumed run of two ranks with numbers, entries, console lines and a record."""
    put = requests.put(f"{servers[0].url}/api/v1/blobs/{SHA256}", data=PICTURE,
                       headers={"Content-Type": "image/png"}, timeout=30)  # fmt: skip
    assert put.status_code == 201, put.text
    first = Spool(name="ñandú 'quoted' 🦤", project="p/q", tags=["a b"], params={"lr": {"x": 0.1}})
    first.event("chart", id="both", title="losses", type="NUMERIC", channels=["loss"], x="step")
    first.event("channel", n=1, name="说", type="TEXT")
    for step, text in enumerate(["# eins", "\u2028 zwei", "<script>drei"]):
        first.event("entry", n=1, x=step, wall=WALL_US + step, body=text_body(text))
    first.event("fields", notes="two\nlines", stage="TRAIN", total_steps=500)
    first.event("about", facts={"git": {"commit": "abc", "diff": BLOB}}, blobs=[BLOB])
    first.event("dataset", name="digits", hash="sha256:1", size=3, count=2)
    first.event("console", stream="stdout", first=0, lines=["α", "β"], walls=[WALL_US, WALL_US + 1])
    first.event("console", stream="stderr", first=2, lines=["γ"], walls=[WALL_US + 2])
    first.points = records([0.5, np.nan, np.inf, -0.0, 5e-324])
    again = Spool(first.run, session=WALL_US + 10**9)
    again.points = records([0.25, 0.125], x0=3)
    other = Spool(first.run, rank=1, session=WALL_US + 5)
    other.points = records([1.5, 2.5], xs=[0.5, 2**53 + 2.0])
    other.event("channel", n=1, name="markers", type="MARKER")
    marker = {"text": "lr halved", "level": "info"}
    other.event("entry", n=1, x=2.5, wall=WALL_US + 9, body=marker)
    for spool in (first, other, again):
        ingest(servers[0], spool)
    by_hand = {"run": first.run, "channel": "by hand", "x": [1, 2], "y": [1.0, "NaN"]}
    assert requests.post(f"{servers[0].url}/api/v1/points", json=by_hand, timeout=30).ok
    url = f"{servers[0].url}/api/v1/runs/{first.run}"
    assert requests.patch(url, json={"state": "finished"}, timeout=30).ok
    return first.run


@pytest.fixture(scope="module")
def exported(
    servers: list[RunningServer], run: str, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The run as a folder; not to be changed."""
    folder = tmp_path_factory.mktemp("exported") / "run"
    servers[0].agnez("export", run, "--format", "dir", "-o", str(folder))
    return folder


def text_body(text: str) -> dict[str, str]:
    """The body of a TEXT entry."""
    return {"text": text, "format": "plain"}


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below *folder* with its bytes."""
    files = (p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def test_what_was_imported_exports_the_same(
    servers: list[RunningServer], run: str, exported: Path, tmp_path: Path
) -> None:
    """Byte by byte: points of every session and rank, entries, blobs, lines, the record."""
    there, back = exported, tmp_path / "back"
    said = servers[1].agnez("import", str(there))
    servers[1].agnez("export", run, "--format", "dir", "-o", str(back))

    assert said.strip() == f"{servers[1].url}/runs/{run}"
    assert tree(back) == tree(there)
    assert len([name for name in tree(there) if name.startswith("points/")]) == 4
    assert (there / "blobs" / SHA256).read_bytes() == PICTURE


def test_the_folder_holds_what_was_sent(exported: Path) -> None:
    """Plain files: numpy opens the points, any JSON reader the rest."""
    points = np.load(exported / "points" / "0" / f"{WALL_US}-0.npy")
    assert points["x"].dtype == np.int64 and points["x"].tolist() == [0, 1, 2, 3, 4]
    assert points["y"].tobytes() == np.array([0.5, np.nan, np.inf, -0.0, 5e-324]).tobytes()
    lines = (exported / "console" / f"{WALL_US}-0.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["α", "β", "γ"]
    about = json.loads((exported / "run.json").read_text("utf-8"))
    assert (about["name"], about["stage"], about["state"]) == (
        "ñandú 'quoted' 🦤",
        "TRAIN",
        "finished",
    )


def test_a_run_that_is_there_is_not_imported_twice(
    servers: list[RunningServer], run: str, exported: Path, tmp_path: Path
) -> None:
    """It is refused; --resume goes on without doubling, --new-id makes a copy."""
    folder = str(shutil.copytree(exported, tmp_path / "r"))

    assert "is on the server already" in servers[0].agnez("import", folder, status=1)
    copy = servers[0].agnez("import", folder, "--new-id").strip().rpartition("/")[2]
    before = counts(servers[0], copy)
    edit_id(tmp_path / "r", copy)
    servers[0].agnez("import", folder, "--resume")
    assert counts(servers[0], copy) == before == counts(servers[0], run)


def edit_id(folder: Path, id: str) -> None:
    """Let the exported run have another id."""
    about = json.loads((folder / "run.json").read_text("utf-8"))
    (folder / "run.json").write_text(json.dumps({**about, "id": id}), "utf-8")


def counts(server: RunningServer, run: str) -> dict[str, Any]:
    """How many points and entries each channel has."""
    url = f"{server.url}/api/v1/runs/{run}/channels"
    return {c["name"]: c["count"] for c in requests.get(url, timeout=30).json()["items"]}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("agnez.json", '{"format": "agnez run", "version": 99}', "version 99"),
        ("agnez.json", "{}", "not that of an exported run"),
        ("channels.json", "[", "can't be read"),
        (f"blobs/{SHA256}", "other bytes", "damaged"),
        (f"entries/1/{WALL_US}-0.jsonl", "[1]\n", "line 1"),
        (f"points/0/{WALL_US}-0.npy", "no numpy", "can't be read"),
        ("points/0/evil.npy", "x", "is not named like"),
    ],
)
def test_a_damaged_folder_is_refused(
    servers: list[RunningServer], exported: Path, tmp_path: Path, name: str, content: str, said: str
) -> None:
    """The message names the file."""
    folder = Path(shutil.copytree(exported, tmp_path / "r"))
    (folder / name).write_text(content)

    transport = Transport(servers[1].url)
    with contextlib.closing(transport), pytest.raises(FolderError, match=said):
        deliver_run(transport, folder, id=new_ulid())


def test_parquet_is_a_table_of_everything(
    servers: list[RunningServer], run: str, tmp_path: Path
) -> None:
    """A row for each point and entry, the run in the metadata."""
    servers[0].agnez("export", run, "--format", "parquet", "-o", str(tmp_path / "r.parquet"))

    table = pyarrow.parquet.read_table(tmp_path / "r.parquet")
    assert json.loads(table.schema.metadata[b"agnez.run"])["id"] == run
    rows = table.to_pylist()
    assert len(rows) == sum(counts(servers[0], run).values())
    loss = [r for r in rows if r["channel"] == "loss" and r["rank"] == 1]
    assert [(r["x"], r["y"]) for r in loss] == [(0.5, 1.5), (2**53 + 2.0, 2.5)]
    (marker,) = [r for r in rows if r["type"] == "MARKER"]
    assert json.loads(marker["body"])["text"] == "lr halved"


def test_an_export_needs_a_place(servers: list[RunningServer], run: str, tmp_path: Path) -> None:
    """A folder is never written over, and binary formats don't go to a terminal."""
    (tmp_path / "there").mkdir()

    there = str(tmp_path / "there")
    assert "is there already" in servers[0].agnez(
        "export", run, "--format", "dir", "-o", there, status=1
    )
    assert "needs --output" in servers[0].agnez("export", run, "--format", "parquet", status=2)
