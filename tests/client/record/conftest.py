"""Settings under which everything is recorded, and a way to look at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.client.ingest_server import IngestServer, TakenSpool

Lines = Callable[..., list[str]]


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is recorded, in this process and in programs that it starts."""
    for name in ("AGNEZ_RECORD", "AGNEZ_CONSOLE", "AGNEZ_SYSTEM_INTERVAL"):
        monkeypatch.delenv(name)


def lines_of(spool: TakenSpool) -> list[tuple[str, str]]:
    """Stream and text of each line, in the order of their numbers, as a store would keep them."""
    kept: dict[int, tuple[str, str]] = {}
    for event in spool.of_kind("console"):
        for place, text in enumerate(event["lines"], event["first"]):
            kept[place] = (event["stream"], text)
    assert sorted(kept) == list(range(len(kept)))
    return [kept[number] for number in sorted(kept)]


def about_of(server: IngestServer) -> dict[str, Any]:
    """The facts about the only run, merged."""
    found: dict[str, Any] = {}
    for spool in server.spools.values():
        for event in spool.of_kind("about"):
            found |= event["facts"]
    return found


def entries(server: IngestServer, channel: str) -> list[tuple[float, dict[str, Any]]]:
    """x and body of the entries of one channel."""
    spool = server.only
    numbers = [e["n"] for e in spool.of_kind("channel") if e["name"] == channel]
    return [(e["x"], e["body"]) for e in spool.of_kind("entry") if e["n"] in numbers]
