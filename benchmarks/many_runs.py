"""
A list of 10,000 runs and a run of 10,000 channels, in a real browser.

Each page is opened by a profile that has seen nothing. First screen: from the start of the
navigation to the frame in which the window is filled, with rows, or with charts that have their
lines. Then it is scrolled, a part of a screen a frame, with jumps to far places; then, on the list,
all runs change within seconds. The longest frame is the longest time between two browser frames.

    python benchmarks/many_runs.py [--small] [--count 10000]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import aiohttp
from playwright.async_api import Browser, Page

from benchmarks._pages import FRAMES, SCROLL, TOLD, chromium, fresh_page, machine
from benchmarks._rows import Row, report
from tests.browser.conftest import ready

COUNT = 10_000
FIRST_MS, FRAME_MS = 1000, 100
AT_ONCE = 200
STEPS = 5

# The bottom of the window shows a row, or all charts in sight were painted.
WATCH = """(() => {
    const isFull = () => {
        if (location.pathname === "/") {
            if (!document.querySelector(".row[data-run]")) return false;
            const place = document.elementFromPoint(innerWidth / 2, innerHeight - 24);
            return !!place?.closest(".row")?.textContent;
        }
        const charts = Object.values(window.agnez?.charts ?? {});
        return charts.length > 2 && charts.every((one) => one.painted > 0);
    };
    const look = () => {
        if (document.body && isFull()) window.firstScreen = performance.now();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})()"""


async def post(http: aiohttp.ClientSession, url: str, points: list[dict[str, Any]]) -> None:
    """Some points by JSON."""
    async with http.post(f"{url}/api/v1/points", json=points) as answer:
        assert answer.status < 300, await answer.text()


async def make_runs(http: aiohttp.ClientSession, url: str, count: int) -> None:
    """*count* runs with a curve and a value each."""
    x = list(range(STEPS))
    for first in range(0, count, AT_ONCE):
        points: list[dict[str, Any]] = []
        for n in range(first, min(count, first + AT_ONCE)):
            run = {"run": f"run-{n:05}", "project": f"project {n % 7}"}
            points.append({**run, "channel": "loss", "x": x, "y": [1 / (1 + n % 9 + k) for k in x]})
            points.append(
                {**run, "channel": "acc", "x": x, "y": [n % 10 / 10 + k / 100 for k in x]}
            )
        await post(http, url, points)


async def make_channels(http: aiohttp.ClientSession, url: str, count: int) -> str:
    """A run with *count* channels, in groups of ten; its page's address."""
    x = list(range(STEPS))
    for first in range(0, count, AT_ONCE):
        names = (f"layer{n // 10:04}/value{n % 10}" for n in range(first, first + AT_ONCE))
        await post(http, url, [{"run": "wide", "project": "wide", "channel": name, "x": x,
                                "y": [k * k for k in x]} for name in names])  # fmt: skip
    async with http.get(f"{url}/api/v1/runs", params={"project": "wide"}) as answer:
        return f"{url}/runs/{(await answer.json())['items'][0]['id']}"


async def first_screen(page: Page, url: str) -> float:
    """Milliseconds until the window was full."""
    await page.goto(url, wait_until="commit")
    await page.wait_for_function("() => window.firstScreen", timeout=120_000)
    found: float = await page.evaluate("() => window.firstScreen")
    await ready(page)
    return found


async def scrolled(page: Page) -> dict[str, float]:
    """The frames while the page is scrolled: on and on, then to far places."""
    await page.evaluate(FRAMES)
    await page.evaluate(SCROLL, {"step": 240, "frames": 120})
    for share in (0.9, 0.3, 0.6, 0.05):
        await page.evaluate(f"() => scrollTo(0, document.body.scrollHeight * {share})")
        await page.evaluate(SCROLL, {"step": 120, "frames": 40})
    told: dict[str, float] = await page.evaluate(TOLD)
    return told


async def stormed(
    page: Page, http: aiohttp.ClientSession, url: str, count: int
) -> dict[str, float]:
    """The frames while every run gets a point, and until the page has heard of the last one."""
    await page.evaluate("() => scrollTo(0, 0)")
    await page.evaluate(FRAMES)
    for first in range(0, count, AT_ONCE):
        point = {"channel": "loss", "x": STEPS, "y": 0.5}
        numbers = range(first, min(count, first + AT_ONCE))
        runs = [{"run": f"run-{n:05}", "project": f"project {n % 7}"} for n in numbers]
        await post(http, url, [{**run, **point} for run in runs])
    await asyncio.sleep(2)
    told: dict[str, float] = await page.evaluate(TOLD)
    return told


async def look(browser: Browser, url: str, times: int) -> tuple[float, dict[str, float]]:
    """The median first screen of *times* fresh profiles, and the frames of the last one."""
    firsts: list[float] = []
    for _ in range(times):
        async with fresh_page(browser, WATCH) as page:
            firsts.append(await first_screen(page, url))
            if len(firsts) == times:
                return sorted(firsts)[times // 2], await scrolled(page)
    raise AssertionError("no time at all")


def told(frames: dict[str, float]) -> str:
    """The longest of them, in words."""
    longest, count, task = frames["longest"], frames["count"], frames["task"]
    return f"longest frame {longest:.0f} ms of {count}, longest task {task:.0f} ms"


def row(what: str, first: float, frames: dict[str, float]) -> Row:
    """One page's line."""
    met = first < FIRST_MS and frames["longest"] <= FRAME_MS
    demand = f"< {FIRST_MS} ms; no frame over {FRAME_MS} ms"
    return Row("many_runs", what, "–", demand, f"first screen {first:.0f} ms, {told(frames)}", met)


async def main(count: int, times: int) -> int:
    """Measure and print; the exit status."""
    async with machine() as one, chromium() as browser, aiohttp.ClientSession() as http:
        wide = await make_channels(http, one.url, count)
        channels = row(f"a run with {count} channels", *await look(browser, wide, times))
        await make_runs(http, one.url, count)
        runs = row(f"{count} runs listed", *await look(browser, f"{one.url}/", times))
        async with fresh_page(browser, WATCH) as page:
            await first_screen(page, f"{one.url}/")
            frames = await stormed(page, http, one.url, count)
    what, demand = f"{count} runs change by push", f"no frame over {FRAME_MS} ms"
    met = frames["longest"] <= FRAME_MS
    storm = Row("many_runs", what, "–", demand, told(frames), met)
    return report(runs, channels, storm)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a thousand of each, once")
    parser.add_argument("--count", type=int)
    given = parser.parse_args()
    sys.exit(
        asyncio.run(main(given.count or (1000 if given.small else COUNT), 1 if given.small else 3))
    )
