"""Rule 11: where points go, and with which credential."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from agnez_client import Context, SettingsError, sender
from agnez_client.address import address_file, read_address, remove_address, write_address
from agnez_client.settings import load_settings
from tests.client.ingest_server import IngestServer

Begin = Callable[..., Context]


def test_the_argument_wins(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Argument, then environment, then the address file."""
    write_address("http://127.0.0.1:7")
    assert begin(url=None).job.url.startswith("http://127.0.0.1:7/runs/")  # type: ignore[union-attr]
    monkeypatch.setenv("AGNEZ_URL", "http://127.0.0.1:8/")
    assert begin(url=None).job.url.startswith("http://127.0.0.1:8/runs/")  # type: ignore[union-attr]
    ctx = begin(url="http://127.0.0.1:9")
    assert ctx.job.url == f"http://127.0.0.1:9/runs/{ctx.job.run}"


def test_without_a_server_the_spool_waits(begin: Begin, caplog: pytest.LogCaptureFixture) -> None:
    """No address is guessed; the end says at once where the points are and what sends them."""
    ctx = begin(url=None)
    folder = ctx.job.spool_folder
    ctx.job.create_channel("loss", "NUMERIC").send(y=1.0)
    ctx.finish()

    assert ctx.job.url is None
    assert folder is not None
    assert folder.exists()
    assert json.loads((folder / "header.json").read_text())["destination"] is None
    assert f"{folder}, `agnez sync` sends it" in caplog.text


def test_a_server_that_comes_up_later_is_found(
    server: IngestServer, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user starts training, then remembers `agnez up`."""
    monkeypatch.setattr(sender, "FIND_EVERY_S", 0.0)
    ctx = begin(url=None)
    ctx.job.create_channel("loss", "NUMERIC").send(y=1.0)

    write_address(server.url)
    server.wait_for(lambda: server.points() == 1)

    assert ctx.job.url == f"{server.url}/runs/{ctx.job.run}"
    assert ctx.job.spool_folder is not None
    header = json.loads((ctx.job.spool_folder / "header.json").read_text())
    assert header["destination"] == server.url


def test_the_address_is_its_owners_alone() -> None:
    """Mode 0600, replaced whole, taken back only by the process that wrote it."""
    write_address("http://127.0.0.1:1/", pid=1)
    path = write_address("http://127.0.0.1:2/")

    assert path == address_file()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = read_address()
    assert found is not None
    assert (found.url, found.pid) == ("http://127.0.0.1:2", os.getpid())
    remove_address(pid=1)
    assert read_address() is not None
    remove_address()
    assert read_address() is None


def test_the_newest_living_server_counts() -> None:
    """A second server that ends gives the first one back; one that is gone is the last resort."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    write_address("http://127.0.0.1:1", pid=os.getppid())
    write_address("http://127.0.0.1:2")
    write_address("http://127.0.0.1:3", pid=gone.pid)

    urls = []
    for pid in (os.getpid(), os.getppid(), gone.pid):
        found = read_address()
        assert found is not None
        urls.append(found.url.rpartition(":")[2])
        remove_address(pid)

    assert urls == ["2", "1", "3"]
    assert read_address() is None


@pytest.mark.parametrize("content", ["", "[]", '{"url": "http://x"}', '{"url": 1, "pid": "x"}'])
def test_a_damaged_address_is_left_out(content: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is told, and no server is assumed."""
    write_address("http://127.0.0.1:1").write_text(content)

    assert read_address() is None
    assert "is left out" in caplog.text


def test_an_address_that_others_can_write_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """Otherwise somebody else's server would get the numbers."""
    write_address("http://127.0.0.1:1").chmod(0o666)

    assert read_address() is None
    assert "0600" in caplog.text


def test_an_address_that_is_a_link_is_left_out(tmp_path: Path) -> None:
    """A link may lead to a file of another user."""
    path = write_address("http://127.0.0.1:1")
    path.rename(tmp_path / "other")
    path.symlink_to(tmp_path / "other")

    assert read_address() is None


def test_tokens_are_sent_as_bearers(server: IngestServer, begin: Begin) -> None:
    """Argument, else AGNEZ_TOKEN."""
    server.token = "agnez_right"
    ctx = begin(token="agnez_right")
    ctx.job.create_channel("loss", "NUMERIC").send(y=1.0)
    ctx.finish()

    assert server.points() == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AGNEZ_URL", "localhost:3000"),
        ("AGNEZ_RUN", "my-run"),
        ("AGNEZ_STRICT", "maybe"),
        ("AGNEZ_SPOOL_MIN_FREE", "1 GiB"),
        ("AGNEZ_SPOOL_RUN_LIMIT", "-1"),
        ("AGNEZ_FLUSH_TIMEOUT", "inf"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    """The error names the variable and what was found."""
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings({name: value})

    assert value in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"), [("url", "localhost:3000"), ("url", 3000), ("run", "my-run"), ("run", 3)]
)
def test_a_wrong_argument_is_named(name: str, value: object) -> None:
    """Not the variable of the same setting, which nobody has set, or which is fine."""
    fine = {"AGNEZ_URL": "http://localhost:3000", "AGNEZ_RUN": "0" * 26}
    with pytest.raises(SettingsError, match=f"^{name} is {value!r}, expected "):
        load_settings(fine, **{name: value})


def test_settings_are_read_from_the_environment() -> None:
    """Each by its type; empty ones count as not set; an argument wins."""
    found = load_settings(
        {
            "AGNEZ_STRICT": "yes",
            "AGNEZ_SPOOL": "~/spool",
            "AGNEZ_FLUSH_TIMEOUT": "2.5",
            "AGNEZ_PROJECT": "",
            "AGNEZ_EXPERIMENT": "cnn",
        },
        experiment="mlp",
    )

    assert found.strict is True
    assert found.spool == Path.home() / "spool"
    assert found.flush_timeout == 2.5
    assert (found.project, found.experiment) == ("default", "mlp")
