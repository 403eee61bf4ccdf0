"""Names and texts that would command the terminal of whoever lists them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agnez_client.cli.output import printable
from tests.cli.conftest import post
from tests.support.agnez_up import RunningServer, agnez_up

CSI = "\x9b31m"
"""An escape sequence in one byte, which no check of ASCII sees."""
TURNED = "\u202egnp.exe"
ESCAPE = "\x1b]0;title\x07\x1b[2J"
NAME = f"n{CSI}{TURNED}\u200b"
HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose only run is called, and holds, what commands a terminal."""
    with agnez_up(tmp_path_factory.mktemp("hostile"), "--verbose") as server:
        run = {"name": NAME, "project": NAME, "tags": [NAME], "notes": f"a\n{CSI}",
               "params": {f"lr{ESCAPE}": ESCAPE}}  # fmt: skip
        post(server, "/runs", run)
        post(server, "/points", {"run": NAME, "project": NAME, "channel": NAME, "y": [1, 2]})
        yield server


VERBS = [["runs"], ["channels", NAME], ["get", f"{NAME}/{NAME}"], ["show", NAME, "--json"]]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_no_verb_hands_it_on(hostile: RunningServer, verb: list[str]) -> None:
    """Tables, lines and JSON show it as signs that do nothing."""
    out = hostile.agnez(*verb)

    assert HARMFUL.findall(out) == []
    if "--json" in verb:
        found = json.loads(out)
        assert found["name"] == NAME


def test_what_is_printable_stays() -> None:
    """Letters of all scripts, tabs and lines; all else that a terminal obeys is a question mark."""
    assert printable("Größe\t漢字\nשלום") == "Größe\t漢字\nשלום"
    assert printable(f"{ESCAPE}{NAME}") == "?]0;title??[2Jn?31m?gnp.exe?"


def test_a_log_line_is_one_line(tmp_path: Path) -> None:
    """What a caller sends makes up no line of its own."""
    import logging

    from agnez_client.cli.up import OneLine

    record = logging.LogRecord("x", 30, "x", 1, "no %s", ("a\nERROR forged\r\x1b[2J",), None)

    assert OneLine("%(levelname)s %(message)s").format(record) == "WARNING no a\\nERROR forged??[2J"
