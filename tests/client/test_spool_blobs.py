"""Blobs in a spool, before anybody sends them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agnez_client.spool.blobs import Blob
from agnez_client.spool.spool import Spool
from tests.client.spools import budget, new_spool


def blob_files(folder: Path) -> list[str]:
    """The blobs in the spool *folder*."""
    return sorted(p.name for p in (folder / "blobs").iterdir())


def test_blobs_count_against_the_limit(tmp_path: Path) -> None:
    """What finds no room is refused whole; what leaves makes room."""
    spool, _ = new_spool(None, limit=3_200_000)
    first, second = Blob.of(b"a" * 1_000_000, "x/y"), Blob.of(b"b" * 1_000_000, "x/y")
    event = {"kind": "entry", "n": 0}

    def record(blob: Blob) -> bool:
        return spool.record({**event, "blobs": [blob.ref]}, [blob])

    assert record(first)
    assert not record(second)
    spool.blobs.acked(len(spool.events))
    assert record(second)
    spool.abandon()


def test_what_no_event_names_is_removed_at_adoption(tmp_path: Path) -> None:
    """A kill between the blob and its event leaves a file that nobody asks for."""
    spool, _ = new_spool(tmp_path)
    kept, gone = Blob.of(b"kept", "x/y"), Blob.of(b"gone", "x/y")
    spool.record({"kind": "entry", "n": 0, "blobs": [kept.ref]}, [kept])
    with spool.blobs.holding([gone]):
        pass
    folder = spool.folder.path
    assert folder is not None
    shutil.copytree(folder, tmp_path / "copy")
    spool.abandon()

    adopted = Spool.adopt(tmp_path / "copy", budget())
    assert adopted is not None
    adopted.abandon()

    assert blob_files(tmp_path / "copy") == [kept.sha256]
    assert blob_files(folder) == sorted([kept.sha256, gone.sha256])


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    """Its blob would not be what its name says."""
    spool, _ = new_spool(tmp_path)
    path = tmp_path / "weights"
    path.write_bytes(b"1" * 100)
    blob = Blob.of_file(path, "application/octet-stream")
    path.write_bytes(b"2" * 100)

    with pytest.raises(ValueError, match="changed while it was read"):
        spool.record({"kind": "entry", "n": 0, "blobs": [blob.ref]}, [blob])

    assert spool.folder.path is not None
    assert blob_files(spool.folder.path) == []
    spool.abandon()
