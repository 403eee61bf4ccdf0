"""Rule 1: where a spool is put, and who can reach it."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from agnez_client import Context, SpoolError
from agnez_client.settings import Settings, state_directory
from agnez_client.spool import place, segment
from agnez_client.spool.files import check_private_directory, create_file, open_file
from agnez_client.spool.place import choose_place, file_system_type, host_name
from tests.client.ingest_server import IngestServer


@pytest.fixture
def lasting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The second choice, in a directory of the test."""
    second = tmp_path / "lasting" / "agnez-user"
    found = place.candidates

    def candidates(settings: Settings) -> list[tuple[Path, bool]]:
        first, _ = found(settings)
        return [first, (second, False)]

    monkeypatch.setattr(place, "candidates", candidates)
    return second


def mounts(folder: Path, type: str) -> Path:
    """A table of mounts in which *folder* is of this type and all else is ext4."""
    table = folder / "mounts"
    table.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/home {folder} {type} rw 0 0\n")
    return table


def test_the_state_directory_is_the_first_choice(tmp_path: Path) -> None:
    """Without a word of the user: the state directory, a directory for this host in it."""
    found = choose_place(Settings(spool_min_free=0))

    assert found.folder == tmp_path / "state" / "agnez" / "spool" / socket.gethostname()
    assert state_directory() == tmp_path / "state" / "agnez"
    assert found.durable


def test_the_users_choice_wins(tmp_path: Path) -> None:
    """AGNEZ_SPOOL names the directory above the hosts'."""
    found = choose_place(Settings(spool=tmp_path / "mine"))

    assert found.folder == tmp_path / "mine" / host_name()


def test_the_mode_of_the_users_directory_is_left_alone(tmp_path: Path) -> None:
    """A directory that the user named may be shared; only ours inside is closed."""
    tmp_path.chmod(0o755)

    choose_place(Settings(spool=tmp_path))

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / host_name()).stat().st_mode) == 0o700


@pytest.mark.parametrize("type", ["nfs4", "fuse.sshfs", "cifs", "fuseblk", "lustre"])
def test_remote_file_systems_are_passed_over(tmp_path: Path, lasting: Path, type: str) -> None:
    """A mapping there can fail at any write, so the next place is taken."""
    home = tmp_path / "home"
    home.mkdir()

    found = choose_place(Settings(spool=home, spool_min_free=0), mounts(home, type))

    assert found.folder == lasting / host_name()
    assert type in found.reason
    assert found.durable


def test_the_longest_mount_point_tells_the_type(tmp_path: Path) -> None:
    """A directory belongs to the mount nearest above it; spaces are written as \\040."""
    inner = tmp_path / "a b"
    inner.mkdir()
    table = tmp_path / "mounts"
    table.write_text(
        f"/dev/vda / ext4 rw 0 0\nx {tmp_path} xfs rw 0 0\n"
        f"y {str(inner).replace(' ', chr(92) + '040')} nfs rw 0 0\n"
    )

    assert file_system_type(inner, table) == "nfs"
    assert file_system_type(tmp_path, table) == "xfs"
    assert file_system_type(Path("/"), table) == "ext4"


def test_a_full_file_system_is_passed_over(tmp_path: Path, lasting: Path) -> None:
    """Less free than wanted, and the next place is asked, then memory is left."""
    found = choose_place(Settings(spool_min_free=1 << 62))

    assert found.folder is None
    assert not found.durable
    assert "MiB are wanted" in found.reason


def test_a_read_only_home_is_passed_over(
    tmp_path: Path, lasting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be written to is no place."""
    monkeypatch.setattr(place, "_is_read_only", lambda folder: lasting not in folder.parents)

    found = choose_place(Settings(spool_min_free=0))

    assert found.folder == lasting / host_name()
    assert "can't be written to" in found.reason


def test_a_home_that_is_no_directory_is_passed_over(tmp_path: Path, lasting: Path) -> None:
    """A file where the directory should be is no reason to fail."""
    (tmp_path / "spool").write_text("in the way")

    found = choose_place(Settings(spool=tmp_path / "spool", spool_min_free=0))

    assert found.folder == lasting / host_name()


def test_a_planted_link_is_not_followed(tmp_path: Path, lasting: Path) -> None:
    """Someone else may have put a link where our directory would be."""
    (tmp_path / "elsewhere").mkdir()
    lasting.parent.mkdir()
    lasting.symlink_to(tmp_path / "elsewhere")

    found = choose_place(Settings(spool_min_free=1 << 62))
    (tmp_path / "state").mkdir(exist_ok=True)

    assert found.folder is None
    assert list((tmp_path / "elsewhere").iterdir()) == []
    with pytest.raises(SpoolError, match="not a directory"):
        check_private_directory(lasting)


def test_a_directory_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who owns the directory can read what is in it."""
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)

    with pytest.raises(SpoolError, match="belongs to another user"):
        check_private_directory(tmp_path)


def test_files_are_made_anew_and_never_through_links(tmp_path: Path) -> None:
    """A file or link that is there already is refused, at making and at opening."""
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(FileExistsError):
        create_file(tmp_path / "link")

    (tmp_path / "target").write_text("secret")
    with pytest.raises(OSError, match=r"symbolic link|Too many levels"):
        open_file(tmp_path / "link")

    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SpoolError, match="not a plain file"):
        open_file(tmp_path / "pipe")


def test_nobody_else_can_reach_what_is_written(begin: Callable[..., Context]) -> None:
    """Directories have the mode 0700, files 0600, whatever the umask."""
    before = os.umask(0)
    try:
        ctx = begin(url="http://127.0.0.1:9")
        ctx.job.create_channel("loss").send(y=1.0)
    finally:
        os.umask(before)

    folder = ctx.job.spool_folder
    assert folder is not None
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}
    assert {stat.S_IMODE(p.stat().st_mode) for p in (folder, folder.parent)} == {0o700}


def test_without_a_place_points_live_in_memory(
    server: IngestServer, begin: Callable[..., Context], monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """One warning, `durable` is false here and on the run, and points arrive all the same."""
    monkeypatch.setenv("AGNEZ_SPOOL_MIN_FREE", str(1 << 62))
    monkeypatch.delenv("AGNEZ_SPOOL")

    ctx = begin()
    loss = ctx.job.create_channel("loss", "NUMERIC")
    for i in range(20_000):
        loss.send(x=i, y=float(i))
    ctx.finish()

    assert not ctx.job.durable
    assert ctx.job.spool_folder is None
    assert len([r for r in caplog.records if "in memory" in r.message]) == 1
    assert server.only.of_kind("durable")[0]["value"] is False
    assert server.only.channel("loss") == [(i, i) for i in range(20_000)]


def test_on_a_disk_the_run_is_durable(server: IngestServer, begin: Callable[..., Context]) -> None:
    """And the server is told."""
    ctx = begin()
    ctx.finish()

    assert ctx.job.durable
    assert server.only.of_kind("durable")[0]["value"] is True


def test_a_disk_that_is_full_at_once_is_no_reason_to_fail(
    server: IngestServer, begin: Callable[..., Context], monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """The place looked fine, its first segment was refused: memory, with one warning."""
    reserve = segment._reserve

    def refuse(fd: int, size: int) -> None:
        if "memfd" not in str(Path(f"/proc/self/fd/{fd}").readlink()):
            raise OSError(28, "No space left on device")
        reserve(fd, size)

    monkeypatch.setattr(segment, "_reserve", refuse)
    ctx = begin()
    ctx.job.create_channel("loss", "NUMERIC").send(y=1.0)
    ctx.finish()

    assert not ctx.job.durable
    assert server.only.of_kind("durable")[0]["value"] is False
    assert server.points() == 1
    assert caplog.text.count("points wait in memory") == 1
