"""Resumed runs, many ranks and markers as a reader sees them, in a real browser."""

from __future__ import annotations

from typing import Any

import numpy as np
from playwright.async_api import Page

from agnez_client.protocol import CONTENT_TYPE, encode_batch, join_buffers, new_ulid
from tests.browser.conftest import Site
from tests.server.spools import WALL_US, Spool, records

CHART = "() => Object.values(window.agnez.charts)[0]"
SECOND = 1_000_000


class Process:
    """A process of a run; what it sends is at the server when `send` returns."""

    def __init__(self, site: Site, run: str, *, rank: int = 0, began: int = WALL_US) -> None:
        self._site, self._began = site, began
        self._spool = Spool(run, rank=rank, session=began)

    async def send(self, ys: Any, *, x0: int = 0, pace_s: float = 0.1) -> None:
        """A point of each of *ys* at the steps from *x0* on."""
        spool, first = self._spool, len(self._spool.points)
        points = records(ys, x0=x0)
        wall = self._began + (first + np.arange(len(ys))) * int(pace_s * SECOND)
        points["wall_ns"] = wall * 1000
        spool.write(points)
        batch = spool.batch(first, first_event=len(spool.events) if first else 0)
        url, headers = f"{self._site.url}/api/v1/ingest", {"Content-Type": CONTENT_TYPE}
        body = join_buffers(encode_batch(batch))
        async with self._site.http.post(url, data=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()


async def until(page: Page, condition: str) -> None:
    """Wait for *condition* on ``c``, the first chart's state."""
    await page.wait_for_function(f"() => {{ const c = ({CHART})(); return c && {condition}; }}")


async def source(page: Page, name: str) -> dict[str, list[Any]]:
    """The columns of a source of the first chart."""
    columns: dict[str, list[Any]] = await page.evaluate(
        "name => window.agnez.data(Object.keys(window.agnez.charts)[0], name)", name
    )
    return columns


# -- sessions --------------------------------------------------------------------------------


async def test_a_run_resumed_at_203_goes_on_and_keeps_its_tail(site: Site) -> None:
    """The line is the newest session at each step; 203 to 249 of the first one are its tail."""
    run = new_ulid()
    await Process(site, run).send(np.arange(250.0))
    page = await site.open(f"/runs/{run}")
    await until(page, "c.sources['raw:0'] === 250 && c.sources['old:0'] === 0")

    resumed = Process(site, run, began=WALL_US + 100 * SECOND)
    await resumed.send(1000.0 + np.arange(203, 401), x0=203)
    await until(page, "c.sources['raw:0'] === 401")

    line, tail = await source(page, "raw:0"), await source(page, "old:0")
    assert line["x"] == list(range(401))
    assert line["y"] == [*range(203), *range(1203, 1401)]
    assert tail["x"] == list(range(202, 250)) and tail["y"] == list(range(202, 250))
    assert await page.locator(".value").first.inner_text() == "1,400"
    await page.get_by_text("1 earlier session").wait_for()
    assert await page.evaluate(f"({CHART})().loads") == 1

    await page.reload()
    await page.evaluate("() => window.agnez.ready")
    await until(page, "c.sources['raw:0'] === 401 && c.sources['old:0'] === 48")


# -- ranks -----------------------------------------------------------------------------------


async def family(site: Site, run: str, ranks: int, steps: int) -> list[Process]:
    """Ranks that each have sent their own number at every step; the last is 120 steps behind."""
    found = [Process(site, run, rank=rank) for rank in range(ranks)]
    for rank, process in enumerate(found):
        await process.send([float(rank)] * (steps - 120 if rank == ranks - 1 else steps))
    return found


async def test_many_ranks_are_their_mean_and_a_band(site: Site) -> None:
    """No rank's points travel; who is behind is told; the band grows with the run."""
    run = new_ulid()
    processes = await family(site, run, 5, 200)
    page = await site.open(f"/runs/{run}")
    await until(page, "c.sources['band:0'] > 0")

    band, mean = await source(page, "band:0"), await source(page, "raw:0")
    assert (set(band["lo"]), set(band["hi"])) == ({0.0}, {4.0, 3.0})
    assert dict(zip(mean["x"], mean["y"], strict=True))[50.0] == 2.0
    assert (await page.evaluate(f"({CHART})()"))["cursors"] == {}
    await page.get_by_text("rank 4 is 120 steps behind").wait_for()
    await page.get_by_text("mean of 5 ranks").wait_for()

    for process in processes:
        await process.send([10.0] * 100, x0=200)
    await page.wait_for_function(
        "() => window.agnez.data(Object.keys(window.agnez.charts)[0], 'raw:0').x.at(-1) === 299"
    )
    await page.get_by_text("rank 4 is 120 steps behind").wait_for(state="hidden")


async def test_each_rank_can_be_seen(site: Site) -> None:
    """One rank with a colour and a value of its own, live; then every rank."""
    run = new_ulid()
    processes = await family(site, run, 4, 150)
    page = await site.open(f"/runs/{run}")
    await page.get_by_role("button", name="4 ranks").click()

    await page.get_by_label("rank 3").check()
    await until(page, "c.sources['ranks:0'] === 1")
    assert (await source(page, "ranks:0"))["ys"] == [[3.0] * 30]
    await page.locator(".chosen-rank", has_text="rank 3").wait_for()

    await processes[3].send([7.5], x0=30)
    await page.locator(".chosen-rank .value", has_text="7.5").wait_for()
    assert len((await page.evaluate(f"({CHART})()"))["cursors"]) == 1

    await page.get_by_role("button", name="Every rank").click()
    await until(page, "c.sources['ranks:0'] === 4")
    await page.keyboard.press("Escape")
    assert await page.locator(".rank-sheet").is_hidden()


async def test_a_second_rank_turns_a_line_into_a_band(site: Site) -> None:
    """It begins to send while somebody looks."""
    run = new_ulid()
    first = Process(site, run)
    await first.send([1.0, 1.0, 1.0])
    page = await site.open(f"/runs/{run}")
    await until(page, "c.sources['raw:0'] === 3 && c.sources['band:0'] === 0")

    await Process(site, run, rank=1).send([3.0, 3.0, 3.0])

    await until(page, "c.sources['band:0'] === 3")
    assert (await source(page, "raw:0"))["y"] == [2.0, 2.0, 2.0]


# -- markers ---------------------------------------------------------------------------------


async def mark(site: Site, run: str, x: int, text: str, level: str = "info") -> None:
    """A marker of *run*."""
    body = {"text": text, "level": level}
    await site.post(
        "/points", {"run": run, "channel": "markers", "type": "MARKER", "x": x, "y": body}
    )


async def test_markers_stand_on_the_charts(site: Site) -> None:
    """A flag at the step, its text when the reader comes near, new ones as they are set."""
    run = new_ulid()
    await Process(site, run).send(np.arange(100.0))
    await mark(site, run, 40, "<b>learning rate</b> halved", "warning")
    page = await site.open(f"/runs/{run}")
    flags = page.locator(".flag")
    await flags.nth(0).wait_for()

    await flags.nth(0).hover()
    text = page.locator(".flag-text")
    assert await text.inner_text() == "<b>learning rate</b> halved"
    assert await flags.nth(0).get_attribute("data-level") == "warning"

    await mark(site, run, 80, "checkpoint saved")
    await flags.nth(1).wait_for()
    await flags.nth(1).focus()
    assert await text.inner_text() == "checkpoint saved"


async def test_changes_of_stage_are_quiet_and_many_are_left_out(site: Site) -> None:
    """Flags show to who comes near; with more than eight in sight only other markers stay."""
    run = new_ulid()
    await Process(site, run).send(np.arange(100.0))
    await mark(site, run, 50, "rate halved")
    for n in range(8):
        await mark(site, run, n * 10, f"stage {'VAL' if n % 2 else 'TRAIN'}")
    page = await site.open(f"/runs/{run}")
    stages = page.locator(".flag[data-level=stage]")
    await stages.nth(6).wait_for()
    assert await stages.nth(0).evaluate("flag => getComputedStyle(flag).opacity") == "0"

    await stages.nth(0).hover()
    assert await page.locator(".flag-text").inner_text() == "stage TRAIN"
    assert await stages.nth(0).evaluate("flag => getComputedStyle(flag).opacity") == "1"

    await mark(site, run, 90, "stage TRAIN")
    await stages.nth(0).wait_for(state="detached")
    assert await page.locator(".flag").count() == 1
