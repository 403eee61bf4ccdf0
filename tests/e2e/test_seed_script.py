"""training/cells: its scripts against a real server that was started in their folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from agnez_client import Values
from tests.support.agnez_up import RunningServer, agnez_up

PROJECT = Path(__file__).resolve().parents[2] / "training" / "cells"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, without the picture that its script draws."""
    copy = tmp_path_factory.mktemp("project") / "cells"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns("*.gif"))
    return copy


@pytest.fixture(scope="module")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose working directory is the project's."""
    with agnez_up(tmp_path_factory.mktemp("home"), cwd=folder) as server:
        yield server


def run(server: RunningServer, script: Path, *args: str) -> str:
    """What *script* prints; it has to succeed."""
    done = subprocess.run(
        [sys.executable, str(script), *args],
        env={**server.environment, "MPLBACKEND": "agg"}, capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_hundred_steps_end_in_two_cells(server: RunningServer, folder: Path) -> None:
    """Each step patches both; the html is a whole figure, the picture is served."""
    heard: list[tuple[str, Any]] = []
    with Values(server.url) as values, values.listen() as events:
        run(server, folder / "post.py", "--steps", "100", "--pause", "0", "--url", server.url)
        for event, record in events:
            heard.append((event, record))
            if len(heard) == 202:
                break
        html, img = values.find({"$sort": {"pos": 1}})

    assert [event for event, _ in heard] == ["created"] * 2 + ["patched"] * 200
    assert (html["type"], html["description"]) == ("html", "step 100")
    assert "mpld3.draw_figure(" in html["value"]
    assert (img["type"], img["value"]) == ("img", "./images/main_img.gif")
    picture = requests.get(f"{server.url.rstrip('/')}/images/main_img.gif", timeout=30)
    assert picture.headers["Content-Type"] == "image/gif"
    assert picture.content == (folder / "images" / "main_img.gif").read_bytes()


def test_the_same_as_numbers_needs_no_html(server: RunningServer, folder: Path) -> None:
    """A hundred points in one channel with its chart."""
    script = folder / "native.py"
    script.write_text(script.read_text().replace("time.sleep(0.1)", "time.sleep(0)"))
    run(server, script)

    api = f"{server.url.rstrip('/')}/api/v1"
    (found,) = requests.get(f"{api}/runs?project=cells", timeout=30).json()["items"]
    channels = requests.get(f"{api}/runs/{found['id']}/channels", timeout=30).json()["items"]
    assert [c["count"] for c in channels if c["name"] == "number"] == [100]
