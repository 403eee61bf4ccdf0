"""
A page that nobody has seen, of a run with 48 charts of a million points each: when does the first
chart stand there?

Beside it a bare page of Bokeh with one chart of 2,000 points: the same bokeh.min.js, packed in the
same way, served by aiohttp too, the figure and its numbers in the page itself. Each navigation has
a profile of its own, so an empty cache. Both in turns; the time runs from the start of the
navigation to the frame after that in which the figure was drawn.

    python benchmarks/cold_page.py [--small] [--points 1000000] [--rounds 9]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import aiohttp
import numpy as np
from playwright.async_api import Browser

from benchmarks._bare import bare_server
from benchmarks._pages import chromium, fresh_page, machine
from benchmarks._rows import Row, report
from tests.browser.conftest import Site

CHARTS, POINTS, ROUNDS = 48, 1_000_000, 9
DEMAND = 1.3

# The first canvas of Bokeh that holds a drawn pixel; then the frame after it.
WATCH = """(() => {
    const isDrawn = (canvas) => {
        if (!canvas.width || !canvas.height) return false;
        const row = [0, canvas.height >> 1, canvas.width, 1];
        const { data } = canvas.getContext("2d").getImageData(...row);
        return data.some((value) => value !== 0);
    };
    const canvases = (root) => [...root.querySelectorAll("*")].flatMap((one) =>
        one.shadowRoot ? canvases(one.shadowRoot) : one.tagName === "CANVAS" ? [one] : []);
    const figures = () => [...document.querySelectorAll(".figure, #figure")];
    const filled = () => document.querySelector("#figure") ? window.filled
        : Object.values(window.agnez?.charts ?? {}).some((one) => one.painted > 0);
    const look = () => {
        if (filled() && figures().some((one) => canvases(one).some(isDrawn))) {
            requestAnimationFrame(() => (window.firstChart = performance.now()));
        } else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})()"""


async def fill(url: str, points: int) -> str:
    """A run with `CHARTS` channels of *points* points; its id."""
    y = np.cumsum(np.random.default_rng(0).normal(size=points))
    async with aiohttp.ClientSession() as http:
        site = Site(url, None, http)  # type: ignore[arg-type]  # nothing is opened with it
        return await site.fill("cold", {f"channel {n:02}": y + n for n in range(CHARTS)})


async def first_chart(browser: Browser, url: str) -> float:
    """Milliseconds until the first chart, in a profile that has seen nothing."""
    async with fresh_page(browser, WATCH) as page:
        await page.goto(url, wait_until="commit")
        await page.wait_for_function("() => window.firstChart", timeout=120_000)
        found: float = await page.evaluate("() => window.firstChart")
        return found


async def main(points: int, rounds: int) -> int:
    """Measure and print; the exit status."""
    ours: list[float] = []
    bare: list[float] = []
    again: list[float] = []
    async with machine() as one, chromium() as browser:
        run = await fill(one.url, points)
        with bare_server(1) as plain:
            for _ in range(rounds):
                ours.append(await first_chart(browser, f"{one.url}/runs/{run}"))
                bare.append(await first_chart(browser, plain))
                again.append(await first_chart(browser, plain))
    ratio, control = median(ours) / median(bare), median(again) / median(bare)
    what = f"first of {CHARTS} charts x {points:,} points, nothing cached"
    limit = f"a bare page of Bokeh with one chart: {median(bare):.0f} ms (A/A {control:.2f})"
    figure = f"{median(ours):.0f} ms, {ratio:.2f}x"
    return report(Row("cold_page", what, limit, f"<= {DEMAND}x", figure, ratio <= DEMAND))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="10,000 points, three rounds")
    parser.add_argument("--points", type=int)
    parser.add_argument("--rounds", type=int)
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.points or (10_000 if given.small else POINTS),
                              given.rounds or (3 if given.small else ROUNDS))))  # fmt: skip
