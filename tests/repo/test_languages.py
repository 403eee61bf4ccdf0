"""The programs of docs/languages.md, run as they stand, and what the server has of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.feathers.node import FOLDER, check_installed
from tests.repo.test_docs import section, text_of
from tests.support.agnez_up import RunningServer

PROGRAMS = {"bash": "bash -euo pipefail", "js": "node", "perl": "perl -w"}
FENCE = re.compile(r"^```(bash|js|perl)\n(.*?)^```$", re.M | re.S)
PAGE = text_of("languages.md")
HEADINGS = [h for h in re.findall(r"^## .+$", PAGE, re.M) if FENCE.search(section(PAGE, h))]


def run_program(heading: str, server: RunningServer, folder: Path) -> str:
    """What the one program below *heading* prints; it has to succeed and complain of nothing."""
    ((language, code),) = FENCE.findall(section(PAGE, heading))
    file = folder / ("program.mjs" if language == "js" else "program")
    file.write_text(code.replace("http://localhost:3000", server.url.rstrip("/")))
    if language == "js":
        check_installed()
        (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    command = [*PROGRAMS[language].split(), str(file)]
    done = subprocess.run(
        command, env=server.environment, cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def asked(server: RunningServer, path: str, **params: str) -> Any:
    """The JSON of a GET."""
    answer = requests.get(f"{server.url.rstrip('/')}{path}", params=params, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_language_has_a_program() -> None:
    """Those that the page is for."""
    assert HEADINGS == ["## Shell", "## Node", "## Node and Feathers", "## Perl"]


@pytest.mark.parametrize(
    ("heading", "name", "channels"),
    [("## Shell", "from-the-shell", ["loss", "acc"]), ("## Node", "from-node", ["loss"]),
     ("## Perl", "from-perl", ["loss", "acc"])],
)  # fmt: skip
def test_a_program_sends_points_and_a_cell(
    documented_server: RunningServer, tmp_path: Path, heading: str, name: str, channels: list[str]
) -> None:
    """Its run has its channels, the loss as it was sent, and one cell that was patched."""
    run_program(heading, documented_server, tmp_path)

    (run,) = asked(documented_server, "/api/v1/runs", q=name)["items"]
    found = asked(documented_server, f"/api/v1/runs/{run['id']}/channels")["items"]
    assert [channel["name"] for channel in found] == channels
    loss = asked(documented_server, f"/api/v1/channels/{found[0]['id']}/raw")["items"]
    assert [point["x"] for point in loss] == [0, 1, 2, 3, 4]
    assert [point["y"] for point in loss] == pytest.approx([0.9, 0.8, 0.7, 0.6, 0.5])
    (cell,) = asked(documented_server, "/values", run=run["id"])
    assert (cell["type"], cell["pos"], cell["value"]) == ("html", 0, "<h1>step 4</h1>")


def test_a_client_of_feathers_hears_of_its_cell(
    documented_server: RunningServer, tmp_path: Path
) -> None:
    """It is told of the change that it makes, and finds what it made."""
    output = run_program("## Node and Feathers", documented_server, tmp_path)

    assert output == "from-feathers: step 4\nstep 4\n"
    (cell,) = asked(documented_server, "/values", name="from-feathers")
    assert cell["value"] == "step 4"
