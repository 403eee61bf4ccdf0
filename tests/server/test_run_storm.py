"""Thousands of runs change at once, and a hundred pages list all of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.running import RunningServer, running
from tests.support.proof import FULL, proved, size
from tests.support.viewers import LightViewer, wide_session
from tests.support.vitals import of_process

RUNS, VIEWERS = size(200, 10_000), size(10, 100)
AT_ONCE = 50
MOST_TURN_S = 0.5
"""So much of the processor may be used before others have their turn; readers here included."""
MOST_GROWTH_MB = size(40.0, 400.0)

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800 if FULL else 240)]


class Page:
    """A viewer of the list of runs; ``whole`` is set when it has heard of the change of each."""

    def __init__(self) -> None:
        self.seen, self.whole, self.told = set[str](), asyncio.Event(), 0

    def hear(self, event: str, body: Any) -> None:
        self.told += 1
        if event == "run" and body["tags"] == ["storm"]:
            self.seen.add(body["id"])
        if len(self.seen) == RUNS:
            self.whole.set()


class Turns:
    """How much of the processor the loop used in one go, at most: nobody is answered meanwhile."""

    def __init__(self) -> None:
        self.longest_s = 0.0

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """For the time of the block."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()

    async def _watch(self) -> None:
        while True:
            used = time.thread_time()
            await asyncio.sleep(0.001)
            self.longest_s = max(self.longest_s, time.thread_time() - used)


async def in_turn(server: RunningServer, method: str, paths: list[str], body: Any) -> list[Any]:
    """The answers to many requests, of which some are on their way at any time."""
    found = []
    for at in range(0, len(paths), AT_ONCE):
        part = paths[at : at + AT_ONCE]
        found += await asyncio.gather(*(server.call(method, path, json=body) for path in part))
    return found


async def test_a_storm_of_runs_reaches_all_pages(tmp_path: Path) -> None:
    """Each page hears of each run; the loop stays free, and memory is bounded."""
    turns = Turns()
    async with running(tmp_path / "data") as server, wide_session() as http:
        made = await in_turn(server, "POST", ["/runs"] * RUNS, {})
        runs = [str(run["id"]) for _, run in made]
        pages = [Page() for _ in range(VIEWERS)]
        viewers = [LightViewer(http, server.base, on_event=page.hear) for page in pages]
        for viewer in viewers:
            await viewer.join()
            await viewer.watch_runs()
        reading = [asyncio.create_task(viewer.read()) for viewer in viewers]
        began, before = time.monotonic(), of_process(os.getpid())["memory"]

        with turns.watched():
            await in_turn(server, "PATCH", [f"/runs/{id}" for id in runs], {"tags": ["storm"]})
            await asyncio.gather(*(page.whole.wait() for page in pages))

        took, grown = time.monotonic() - began, of_process(os.getpid())["memory"] - before
        for task in reading:
            task.cancel()
        await asyncio.gather(*(viewer.leave() for viewer in viewers))

    assert turns.longest_s < MOST_TURN_S
    assert grown < MOST_GROWTH_MB
    proved(
        "run-storm",
        "many runs change at once, every page of the list hears of each; nobody waits long",
        f"{RUNS:,} runs, {VIEWERS} pages: all told after {took:.0f} s in "
        f"{sum(page.told for page in pages):,} messages; the loop was busy for at most "
        f"{1e3 * turns.longest_s:.0f} ms of processor in one go, the readers beside it included; "
        f"memory +{grown:.0f} MB",
    )
