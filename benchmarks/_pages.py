"""
What the benchmarks of pages share: a Chromium, a server of its own, and how frames are timed.

Times are those of the page: milliseconds since the navigation began.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.support.machine import Machine

HEAP_FLAGS = ["--enable-precise-memory-info", "--js-flags=--expose-gc"]

FRAMES = """() => {
    const told = window.frames_ = { longest: 0, count: 0, task: 0, busy: 0, on: true };
    let last = performance.now();
    const look = () => {
        const now = performance.now();
        told.longest = Math.max(told.longest, now - last); told.count++;
        last = now;
        if (told.on) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    told.observer = new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) {
            told.task = Math.max(told.task, duration); told.busy += duration;
        }
    });
    told.observer.observe({ entryTypes: ["longtask"] });
}"""
"""Looks at every frame of the browser from now on, and at every task over 50 ms."""

TOLD = """() => {
    const { longest, count, task, busy } = window.frames_;
    window.frames_.on = false; window.frames_.observer.disconnect();
    return { longest, count, task, busy };
}"""
"""The longest frame, how many there were, the longest task and the sum of those over 50 ms."""

SCROLL = """async ({ step, frames }) => {
    for (let i = 0; i < frames; i++) {
        scrollBy(0, step);
        await new Promise(requestAnimationFrame);
    }
    return scrollY;
}"""


@asynccontextmanager
async def machine() -> AsyncIterator[Machine]:
    """A server of its own, as a process, with nothing in it."""
    with tempfile.TemporaryDirectory() as home:
        one = Machine(Path(home))
        try:
            one.up()
            yield one
        finally:
            one.close()


@asynccontextmanager
async def chromium(*flags: str) -> AsyncIterator[Browser]:
    """Debian's Chromium, headless."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        yield browser
        await browser.close()


@asynccontextmanager
async def fresh_page(browser: Browser, *scripts: str, **size: int) -> AsyncIterator[Page]:
    """A page of a profile that has seen nothing; *scripts* run in it before its own."""
    viewport: Any = {"width": 1440, "height": 900, **size}
    context = await browser.new_context(viewport=viewport)
    page = await context.new_page()
    for script in scripts:
        await page.add_init_script(script)
    yield page
    await context.close()


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which *share* of *values* lie; *values* are not empty."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]
