"""The data that a run used: the same content has the same hash."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from agnez_client import Context, RecordError
from agnez_client.record import used
from agnez_client.record.datasets import hash_array, hash_files, list_files
from tests.client.ingest_server import IngestServer

Begin = Callable[..., Context]
LIST = "find -L . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"


def told(server: IngestServer) -> list[dict[str, Any]]:
    """The datasets, in the order told."""
    events = server.only.of_kind("dataset")
    return [{k: v for k, v in e.items() if k not in ("kind", "at")} for e in events]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four files, one of them below, one with an odd name."""
    root = tmp_path / "digits"
    for name in ("b.png", "a/z.png", "a-b.png", "snow 雪.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"content of {name}")
    return root


def test_a_file_has_the_hash_of_its_bytes(
    server: IngestServer, begin: Begin, tmp_path: Path
) -> None:
    """SHA-256, size, one file."""
    file = tmp_path / "data.csv"
    file.write_bytes(b"1,2\n")
    ctx = begin()
    ctx.job.use_dataset("train", file, count=1, about={"split": "train"})
    ctx.finish()

    assert told(server) == [
        {
            "name": "train",
            "about": {"split": "train"},
            "source": str(file),
            "hash": f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}",
            "size": 4,
            "count": 1,
        }
    ]


def test_a_shell_computes_the_hash_of_a_directory(folder: Path) -> None:
    """With find, sort and sha256sum, as docs/record.md shows."""
    done = subprocess.run(LIST, shell=True, cwd=folder, capture_output=True, text=True, check=True)
    found = hash_files("digits", list_files(folder))

    assert found.hash == f"sha256:{done.stdout.split()[0]}"
    assert (found.count, found.size) == (4, sum(p.stat().st_size for p in folder.rglob("*.png")))


def test_a_directory_changes_with_names_and_contents(folder: Path) -> None:
    """Not with its place or its times."""
    before = hash_files("d", list_files(folder)).hash
    moved = folder.rename(folder.with_name("elsewhere"))
    os.utime(moved / "b.png", (1, 1))
    assert hash_files("d", list_files(moved)).hash == before
    (moved / "b.png").rename(moved / "c.png")
    assert hash_files("d", list_files(moved)).hash != before


def test_what_was_hashed_is_remembered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until a file is written to; a broken memory is no memory."""
    first = hash_files("d", list_files(folder))
    reads = []
    real = Path.open
    monkeypatch.setattr(
        Path, "open", lambda self, *a, **k: (reads.append(self), real(self, *a, **k))[1]
    )
    assert hash_files("d", list_files(folder)) == first
    assert [p for p in reads if p.suffix == ".png"] == []
    (folder / "b.png").write_text("new!")
    assert hash_files("d", list_files(folder)).hash != first.hash
    (memory,) = Path(os.environ["XDG_STATE_HOME"]).rglob("hashes.json")
    memory.write_text(json.dumps({str(folder): {"signature": 1}}) + "garbage")
    assert hash_files("d", list_files(folder)).count == 4


@given(st.binary(max_size=200), st.sampled_from(["<f4", "<i2", "|u1", ">f8"]))
def test_an_array_has_the_hash_of_type_shape_and_elements(data: bytes, dtype: str) -> None:
    """Whatever its layout in memory; worked here by hand."""
    array = np.frombuffer(data[: len(data) // 8 * 8], dtype)
    head = f"{np.dtype(dtype).str} {array.shape}\n".encode()

    expected = hashlib.sha256(head + array.tobytes()).hexdigest()
    assert hash_array(array).hash == f"sha256:{expected}"
    strided = np.repeat(array, 2)[::2]
    assert hash_array(strided) == hash_array(array)


def test_tensors_and_arrays_have_the_same_hash(server: IngestServer, begin: Begin) -> None:
    """With a gradient or without; the count is the length."""
    array = np.arange(12, dtype=np.float32).reshape(4, 3)
    ctx = begin()
    ctx.job.use_dataset("array", array)
    ctx.job.use_dataset("tensor", torch.from_numpy(array).requires_grad_())
    ctx.finish()
    first, second = told(server)

    assert first["hash"] == second["hash"]
    assert (first["count"], first["size"]) == (4, 48)


def test_a_known_hash_is_taken_as_it_is(server: IngestServer, begin: Begin) -> None:
    """With an address that nobody opens."""
    ctx = begin()
    ctx.job.use_dataset("remote", "s3://bucket/set", hash="etag:abc", count=10)
    ctx.job.use_dataset("named only")
    ctx.finish()

    assert told(server) == [
        {
            "name": "remote",
            "about": {},
            "source": "s3://bucket/set",
            "hash": "etag:abc",
            "count": 10,
        },
        {"name": "named only", "about": {}},
    ]


def test_large_files_are_hashed_beside_the_training(
    server: IngestServer, begin: Begin, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dataset is known at once, its hash later."""
    monkeypatch.setattr(used, "QUICK_BYTES", 10)
    ctx = begin()
    ctx.job.use_dataset("digits", folder)
    server.wait_for(lambda: len(told(server)) == 2)
    ctx.finish()
    first, second = told(server)

    assert "hash" not in first
    assert (first["count"], first["size"]) == (second["count"], second["size"])
    assert second["hash"] == hash_files("digits", list_files(folder)).hash


@pytest.mark.parametrize(
    "source", ["/nowhere/at/all", np.array([{}], object)], ids=["path", "object"]
)
def test_what_has_no_hash_is_an_error(begin: Begin, source: Any) -> None:
    """Said at once."""
    with pytest.raises(RecordError, match=r"nowhere|hash"):
        begin().job.use_dataset("x", source)
