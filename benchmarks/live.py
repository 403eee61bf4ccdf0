"""
From `send()` in a training process to the column data of a chart in a browser.

One chart, ten sends a second, a real server, a real trainer, a real Chromium. Each value sent is
the time of its sending, so the page that finds it in its data knows how long it took.

    python benchmarks/live.py [--seconds 20]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.async_api import Page, async_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, ready
from tests.support.machine import Machine

DEMAND_MS = 100

# Looks at every frame of the browser whether the newest value has changed.
LISTEN = """() => {
    window.delays = []; let last = 0;
    const look = () => {
        const now = performance.timeOrigin + performance.now();
        const y = window.agnez.data("channel.0", "raw:0").y;
        for (let i = y.length - 1; i >= 0 && y[i] > last; i--) {
            window.delays.push(now - y[i] * 1000);
        }
        last = y.at(-1) ?? last;
        requestAnimationFrame(look);
    };
    last = window.agnez.data("channel.0", "raw:0").y.at(-1) ?? 0;
    requestAnimationFrame(look);
}"""


async def measure(machine: Machine, page: Page, seconds: float) -> list[float]:
    """Delays in ms, ascending."""
    trainer = machine.train("clock", "10")
    assert trainer.stdout is not None
    run = await asyncio.to_thread(trainer.stdout.readline)
    await asyncio.to_thread(machine.wait_for, lambda: machine.get("/runs")["total"] == 1)
    await page.goto(f"{machine.url}/runs/{run.strip()}")
    await ready(page)
    await page.wait_for_function("() => window.agnez.charts['channel.0']?.sources['raw:0'] > 2")
    await page.evaluate(LISTEN)
    await asyncio.sleep(seconds)
    delays: list[float] = await page.evaluate("() => window.delays")
    await asyncio.to_thread(trainer.communicate, "end\n")
    return sorted(delays)


async def main(seconds: float) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as home:
        machine = Machine(Path(home))
        try:
            machine.up()
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                page = await browser.new_page(viewport={"width": 1280, "height": 800})
                delays = await measure(machine, page, seconds)
                await browser.close()
        finally:
            machine.close()
    n = len(delays)
    p50, p95, most = delays[n // 2], delays[min(n - 1, n * 95 // 100)], delays[-1]
    print("send() to column data, 1 chart, 10 sends/s")
    print(f"  n {n}  median {p50:.1f} ms  p95 {p95:.1f} ms  max {most:.1f} ms")
    print(f"  demand: p95 < {DEMAND_MS} ms: {'met' if p95 < DEMAND_MS else 'MISSED'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    asyncio.run(main(parser.parse_args().seconds))
