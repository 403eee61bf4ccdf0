"""Files and directories of a run, kept as versions."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from agnez_client import BadPoint, ChannelConflict, Context
from tests.client.ingest_server import IngestServer
from tests.client.record.conftest import entries

Begin = Callable[..., Context]


def test_an_artefact_is_kept_as_it_was(server: IngestServer, begin: Begin, tmp_path: Path) -> None:
    """Changed afterwards, the version that was saved stays."""
    file = tmp_path / "weights.bin"
    file.write_bytes(b"first")
    ctx = begin()
    ctx.job.create_channel("loss").send(x=9, y=0.5)
    ctx.job.save_artefact(file, kind="checkpoint", metadata={"acc": 0.9})
    file.write_bytes(b"second, and longer")
    ctx.job.save_artefact(file, "weights.bin", x=20)
    ctx.finish()

    (x0, first), (x1, second) = entries(server, "weights.bin")
    assert (x0, x1) == (9, 20)
    assert server.blobs[first["sha256"]][1] == b"first"
    assert server.blobs[second["sha256"]][1] == b"second, and longer"
    assert (first["kind"], first["metadata"]) == ("checkpoint", {"acc": 0.9})
    assert first["path"] == str(file)


def test_the_same_content_is_no_new_version(
    server: IngestServer, begin: Begin, tmp_path: Path
) -> None:
    """Whatever the clock of the file says."""
    file = tmp_path / "a.txt"
    ctx = begin()
    for text in ("one", "one", "two", "one"):
        file.write_text(text)
        ctx.job.save_artefact(file)
    ctx.finish()

    kept = [server.blobs[body["sha256"]][1] for _, body in entries(server, "a.txt")]
    assert kept == [b"one", b"two", b"one"]


def test_a_directory_is_one_tar(server: IngestServer, begin: Begin, tmp_path: Path) -> None:
    """Of its files in order; written again, with other times, it is the same."""
    folder = tmp_path / "checkpoint-5"
    ctx = begin()
    for moment in (1, 2):
        for name, text in (("b/model.bin", "weights"), ("a.json", "{}")):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            os.utime(path, (moment, moment))
        ctx.job.save_artefact(folder, kind="checkpoint")
    ctx.finish()

    ((_, body),) = entries(server, "checkpoint-5.tar")
    assert (body["mime"], body["path"]) == ("application/x-tar", str(folder))
    with tarfile.open(fileobj=io.BytesIO(server.blobs[body["sha256"]][1])) as tar:
        found = {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]
    assert list(found.items()) == [("a.json", b"{}"), ("b/model.bin", b"weights")]
    assert ctx.job.dropped == 0


def test_what_is_too_large_is_noted(
    server: IngestServer, begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its hash says what it was; the same with keep=False."""
    monkeypatch.setenv("AGNEZ_SPOOL_RUN_LIMIT", str(2 << 20))
    (tmp_path / "large").write_bytes(bytes(3 << 20))
    (tmp_path / "small").write_bytes(b"x")
    ctx = begin()
    ctx.job.save_artefact(tmp_path / "large")
    ctx.job.save_artefact(tmp_path / "small", keep=False)
    ctx.finish()

    ((_, large),) = entries(server, "large")
    ((_, small),) = entries(server, "small")
    assert large["hash"] == f"sha256:{hashlib.sha256(bytes(3 << 20)).hexdigest()}"
    assert large["size"] == 3 << 20
    assert small["hash"] == f"sha256:{hashlib.sha256(b'x').hexdigest()}"
    assert "sha256" not in large and "sha256" not in small
    assert server.blobs == {}


def test_a_file_that_is_not_there_never_stops_training(
    begin: Begin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said and counted; in strict mode it is an error."""
    ctx = begin()
    with caplog.at_level(logging.WARNING, "agnez_client"):
        ctx.job.save_artefact(tmp_path / "missing.pt")
    assert "missing.pt" in caplog.text
    assert ctx.job.dropped == 1
    with pytest.raises(BadPoint, match=r"missing\.pt"):
        begin(strict=True).job.save_artefact(tmp_path / "missing.pt")


def test_a_name_is_a_file_or_a_channel(begin: Begin, tmp_path: Path) -> None:
    """Not both."""
    (tmp_path / "loss").write_text("x")
    ctx = begin()
    ctx.job.create_channel("loss")
    with pytest.raises(ChannelConflict):
        ctx.job.save_artefact(tmp_path / "loss")


def test_a_directory_with_a_file_that_can_not_be_read_is_refused(
    begin: Begin, tmp_path: Path
) -> None:
    """Nothing half of it is kept, and nothing is left beside the spool."""
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "a").write_text("x")
    (folder / "gone").symlink_to(tmp_path / "nowhere")
    ctx = begin()
    ctx.job.save_artefact(folder)

    assert ctx.job.dropped == 1
    assert ctx.job.spool_folder is not None
    assert list(ctx.job.spool_folder.glob("tmp-artefact*")) == []


def test_what_is_no_file_is_left_out(server: IngestServer, begin: Begin, tmp_path: Path) -> None:
    """A pipe would be waited for without end, a link upward gone round in circles."""
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "a").write_text("x")
    (folder / "up").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    ctx = begin()
    ctx.job.save_artefact(folder)
    ctx.job.save_artefact(folder / "pipe")
    ctx.finish()

    ((_, body),) = entries(server, "odd.tar")
    with tarfile.open(fileobj=io.BytesIO(server.blobs[body["sha256"]][1])) as tar:
        assert tar.getnames() == ["a"]
    assert ctx.job.dropped == 1
