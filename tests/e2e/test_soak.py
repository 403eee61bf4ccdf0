"""Much for long: 50,000 points a second, viewers that come and go, and nothing grows."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import subprocess
import time
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest

from agnez_client.columns import COLUMNS_CONTENT_TYPE, decode_columns
from agnez_server.store import SqliteStore
from agnez_server.store.base import raw_pages
from tests.support.machine import Machine
from tests.support.proof import FULL, proved, size
from tests.support.viewers import LightViewer, narrow_session, wide_session
from tests.support.vitals import Vitals, folder_mb, of_process

SECONDS = size(8, 600)
TRAINERS, CHANNELS = 4, 3
POINTS_A_SECOND = 50_000
RATE = size(5_000, POINTS_A_SECOND) / TRAINERS / CHANNELS
VIEWERS, STALLED = 20, 4
EVERY_S = size(0.25, 2.0)
# By so much a curve may grow in its second half: a share of what it is, and at least so much.
MARGINS = [
    ("memory", size(0.5, 0.10), size(60.0, 15.0)),
    ("threads", 0.0, 0.5),
    ("descriptors", 0.0, 12.0),
    ("waiting points", size(9.0, 0.5), POINTS_A_SECOND * 4.0),
    ("log and WAL", size(9.0, 0.5), 64.0),
    ("spools", size(9.0, 0.5), 32.0),
]

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800 if FULL else 240)]


class Crowd:
    """20 viewers: each looks for a while, leaves and comes back; some stop reading."""

    def __init__(self, machine: Machine, runs: list[str]) -> None:
        self._machine, self._runs, self._random = machine, runs, random.Random(3)
        self.frames = self.visits = self.views = 0
        self.delays_s: list[float] = []

    async def look(self, until: float) -> None:
        """All of them, until that second of the clock."""
        async with wide_session() as wide, narrow_session() as narrow:
            await asyncio.gather(
                *(self._one(narrow if k < STALLED else wide, k < STALLED, until)
                  for k in range(VIEWERS))
            )  # fmt: skip

    async def _one(self, http: aiohttp.ClientSession, stalls: bool, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            stay_s = min(left, self._random.uniform(1, size(3, 15)))
            viewer = LightViewer(http, self._machine.url)
            run = self._random.choice(self._runs)
            places = {n: await self._view(http, f"{run}.{n}") for n in range(CHANNELS)}
            await viewer.join()
            await viewer.watch(run, places)
            self.visits += 1
            if stalls:
                viewer.stall()
                await asyncio.sleep(stay_s)  # it does nothing at all: that is what is tried
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(stay_s):
                        await viewer.read()
                        raise AssertionError("the server closed a viewer who reads")
            await viewer.leave()
            self.frames += viewer.frames
            self.delays_s += viewer.delays_s

    async def _view(self, http: aiohttp.ClientSession, channel: str) -> dict[str, Any]:
        """What a page asks for before it watches: the whole curve, on 800 pixels."""
        url = f"{self._machine.url}/api/v1/channels/{channel}/points"
        headers = {"Accept": COLUMNS_CONTENT_TYPE}
        async with http.get(url, params={"px": 800}, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            _, blocks = decode_columns(await answer.read())
        self.views += 1
        longest = max((float(b.x[-1]) for b in blocks if len(b.x)), default=0.0)
        return {"dx": longest / 800, "cursors": {str(b.series): b.end for b in blocks}}


async def sample(machine: Machine, trainers: list[int], vitals: Vitals, until: float) -> None:
    """Look at everything, again and again."""
    began, server = time.monotonic(), machine.server_pid
    while (now := time.monotonic()) < until:
        stats = await asyncio.to_thread(machine.get, "/stats")
        second = now - began
        vitals.add(second, "server", of_process(server))
        vitals.add(second, "store", {
            "waiting points": stats["tail_points"],
            "log and WAL": (stats["log_bytes"] + stats["wal_bytes"]) / 1e6,
            "file": stats["file_bytes"] / 1e6,
        })  # fmt: skip
        for k, pid in enumerate(trainers):
            vitals.add(second, f"trainer {k}", of_process(pid))
        vitals.add(second, "disk", {"spools": folder_mb(machine.home / "spool")})
        await asyncio.sleep(EVERY_S)  # the rhythm of the samples


async def stored(data: Path, runs: list[str], counts: list[int]) -> int:
    """Every point of every run once and in order, as the store itself reads them; how many."""
    store, total = await SqliteStore.open(data), 0
    try:
        for run, count in zip(runs, counts, strict=True):
            series = store.series(run)
            assert [s.channel for s in series] == list(range(CHANNELS))
            for one in series:
                at = 0
                for page in raw_pages(store, one.id):
                    expected = np.arange(at, at + len(page.x))
                    assert np.array_equal(page.x, expected) and np.array_equal(page.y, expected)
                    at += len(page.x)
                assert at == count
                total += at
    finally:
        await store.close()
    return total


def end(trainers: list[subprocess.Popen[str]]) -> list[int]:
    """Tell them to end; how much each sent to each channel."""
    return [int(t.communicate("end\n", timeout=120)[0].split()[-1]) for t in trainers]


async def test_nothing_grows(machine: Machine) -> None:
    """Memory, threads, descriptors, logs and spools stay flat; every point once, in order."""
    trainers = [
        machine.train(
            "steady",
            f"soak-{k}",
            str(RATE),
            AGNEZ_RECORD="off",
            AGNEZ_CONSOLE="0",
            AGNEZ_SYSTEM_INTERVAL="0",
        )
        for k in range(TRAINERS)
    ]
    for trainer in trainers:
        assert trainer.stdout is not None
        trainer.stdout.readline()
    await asyncio.to_thread(
        machine.wait_for, lambda: all(r["points"] for r in machine.get("/runs")["items"])
        and machine.get("/runs")["total"] == TRAINERS,
    )  # fmt: skip
    runs = [str(machine.run_named(f"soak-{k}")["id"]) for k in range(TRAINERS)]
    vitals, crowd = Vitals(), Crowd(machine, runs)
    began = time.monotonic()
    until = began + SECONDS

    await asyncio.gather(
        sample(machine, [t.pid for t in trainers], vitals, until), crowd.look(until)
    )
    counts = end(trainers)
    assert time.monotonic() - began < SECONDS + 60
    machine.agnez("sync")
    curves = {
        name: list(zip(c.seconds, c.values, strict=True)) for name, c in vitals.curves.items()
    }
    (machine.home / "vitals.json").write_text(json.dumps(curves))
    machine.stop_server()
    total = await stored(machine.home / "data", runs, counts)

    assert vitals.growing(MARGINS) == []
    assert crowd.frames > SECONDS * 20
    if FULL:
        assert total > 0.95 * SECONDS * POINTS_A_SECOND
    file_mb = vitals.curves["store file"].values[-1]
    delays = sorted(crowd.delays_s)
    proved(
        "soak",
        f"{VIEWERS} viewers coming and going, {STALLED} of them reading nothing: nothing grows, "
        "every point once, in order",
        f"{total:,} points in {SECONDS} s ({total / SECONDS:,.0f}/s), {crowd.visits:,} visits, "
        f"{crowd.views:,} views, {crowd.frames:,} frames (age median "
        f"{1e3 * delays[len(delays) // 2]:.0f} ms, p99 {1e3 * delays[len(delays) * 99 // 100]:.0f} "
        f"ms); {vitals.figure('server memory', 'MB')}; {vitals.figure('server threads', '')}; "
        f"{vitals.figure('server descriptors', '')}; {vitals.figure('store log and WAL', 'MB')}; "
        f"{vitals.figure('trainer 0 memory', 'MB')}; {vitals.figure('disk spools', 'MB')}; "
        f"{file_mb * 1e6 / total:.1f} bytes a point",
    )
