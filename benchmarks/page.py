"""
A run's page while its charts grow: how long from `send()` to the chart, and does it stay so?

12 and 48 charts are in sight; a trainer sends the time of sending into each of them ten times a
second. In each browser frame the page's newest values are looked at: what is new then came so long
after it was sent. Before it, in the same browser, a bare page of Bokeh with as many charts is
painted as fast as that machine can: no page can show more. The slope is that of a line through all
lags over time; memory is the heap after a garbage collection, a third into the time and at its end.

    python benchmarks/page.py [--small] [--seconds 20]     10 minutes: --seconds 600
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from playwright.async_api import Browser, Page

from benchmarks._bare import bare_server
from benchmarks._pages import HEAP_FLAGS, chromium, fresh_page, machine, quantile
from benchmarks._rows import Row, report
from tests.browser.conftest import ready
from tests.support.machine import Machine

HZ = 10
DEMANDS = {12: 0.5, 48: 1.5}
FULL_SECONDS = 600.0
MOST_SLOPE = 0.02
"""Seconds that the lag may grow in a second: within it there is no backlog."""
WIDTH, HEIGHTS = 2200, {12: 1400, 48: 4300}
"""Of the window, in pixels, with all charts in sight."""

# Each lag stands with the time at which it was seen: in the data, before the frame is drawn.
LISTEN = """() => {
    window.lags = [];
    const charts = Bokeh.documents.map((doc) => {
        const [{ channels: [{ number }] }] = doc.get_model_by_name("plot").tags;
        // Without smoothing the line on top is that of the points as sent.
        return { source: doc.get_model_by_name("smooth:" + number), newest: 0 };
    });
    const look = () => {
        const now = (performance.timeOrigin + performance.now()) / 1000;
        for (const chart of charts) {
            const y = chart.source.data.y.at(-1) ?? 0;
            if (!(y > chart.newest)) continue; // NaN is a break in the line
            if (chart.newest) window.lags.push([now, now - y]);
            chart.newest = y;
        }
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


@dataclass
class Watched:
    """What was seen of one page: pairs of time and lag in s, MB of heap, paints a second."""

    lags: list[tuple[float, float]]
    heap: tuple[float, float]
    paints: float

    @property
    def p99(self) -> float:
        """In s."""
        return quantile([lag for _, lag in self.lags], 0.99)

    @property
    def slope(self) -> float:
        """By how much the lag grows, s per s; 0 where too little was seen."""
        if len(self.lags) < 3:
            return 0.0
        at, lag = np.array(self.lags).T
        return float(np.polyfit(at - at[0], lag, 1)[0])


async def heap(page: Page) -> float:
    """MB in use after a garbage collection."""
    found: float = await page.evaluate("() => { gc(); return performance.memory.usedJSHeapSize }")
    return found / 1e6


async def painted(page: Page) -> int:
    """Paints of charts so far."""
    charts: int = await page.evaluate(
        "() => Object.values(window.agnez.charts).reduce((sum, one) => sum + one.painted, 0)"
    )
    return charts


async def watch(one: Machine, browser: Browser, charts: int, seconds: float) -> Watched:
    """Open the page of a run of so many charts, and look at it for *seconds*."""
    trainer = one.train("clocks", str(HZ), str(charts))
    assert trainer.stdout is not None
    run = (await asyncio.to_thread(trainer.stdout.readline)).strip()
    async with fresh_page(browser, width=WIDTH, height=HEIGHTS[charts]) as page:
        await page.goto(f"{one.url}/runs/{run}")
        await ready(page)
        await page.wait_for_function(f"() => Object.keys(window.agnez.charts).length === {charts}")
        await asyncio.sleep(min(5, seconds / 4))
        await page.evaluate(LISTEN)
        before = await painted(page)
        await asyncio.sleep(seconds / 3)
        early = await heap(page)
        await asyncio.sleep(seconds * 2 / 3)
        paints = (await painted(page) - before) / seconds
        lags: list[tuple[float, float]] = await page.evaluate("() => window.lags")
        found = Watched(lags, (early, await heap(page)), paints)
    await asyncio.to_thread(trainer.communicate, "end\n")
    return found


async def bare_paints(browser: Browser, charts: int, seconds: float) -> float:
    """Paints a second of bare Bokeh."""
    with bare_server(charts) as url:
        async with fresh_page(browser, width=WIDTH, height=HEIGHTS[charts]) as page:
            await page.goto(url)
            await page.wait_for_function("() => window.paintFlatOut")
            found: float = await page.evaluate(f"() => window.paintFlatOut({seconds})")
            return found


def row(charts: int, seen: Watched, bare: float, seconds: float) -> Row:
    """One page's line."""
    demand, (early, late) = DEMANDS[charts], seen.heap
    lags = [lag * 1000 for _, lag in seen.lags]
    figure = (
        f"lag median {quantile(lags, 0.5):.0f} ms, p99 {seen.p99 * 1000:.0f} ms of {len(lags)}; "
        f"slope {seen.slope * 1000:+.2f} ms/s in {seconds:.0f} s; {seen.paints:.0f} paints/s; "
        f"heap {early:.0f} to {late:.0f} MB"
    )
    what, limit = f"{charts} charts in sight, {HZ} Hz", f"bare Bokeh paints {bare:.0f}/s"
    met = seen.p99 < demand and seen.slope < MOST_SLOPE
    return Row("page", what, limit, f"p99 < {demand} s, no backlog", figure, met)


async def main(seconds: float, counts: list[int]) -> int:
    """Measure and print; the exit status."""
    rows: list[Row] = []
    async with chromium(*HEAP_FLAGS) as browser:
        for charts in counts:
            bare = await bare_paints(browser, charts, min(5, seconds))
            async with machine() as one:
                seen = await watch(one, browser, charts, seconds)
            rows.append(row(charts, seen, bare, seconds))
    return report(*rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="12 charts, a few seconds")
    parser.add_argument("--seconds", type=float)
    given = parser.parse_args()
    full = FULL_SECONDS if os.environ.get("AGNEZ_FULL") else 20.0
    sys.exit(
        asyncio.run(
            main(given.seconds or (6.0 if given.small else full), [12] if given.small else [12, 48])
        )
    )
