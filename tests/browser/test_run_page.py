"""What a person sees of a run, in a real browser."""

from __future__ import annotations

import asyncio
import math

import numpy as np
from playwright.async_api import Page

from tests.browser.conftest import Site, ready

SPIKE_AT, SPIKE = 654_321, 40.0


async def column(page: Page, chart: str, source: str) -> list[tuple[float, float]]:
    """x and y of a Bokeh source as the page holds it."""
    data = await page.evaluate("([c, s]) => window.agnez.data(c, s)", [chart, source])
    return list(zip(data["x"], data["y"], strict=True))


async def painted(page: Page, count: int, chart: str = "channel.0") -> None:
    """Wait until the chart's series hold *count* points of the server's, and are drawn."""
    await page.wait_for_function(
        """([chart, count]) => {
            const one = window.agnez?.charts[chart];
            if (!one || !one.mounted) return false;
            if (!Object.values(one.sources).some(rows => rows > 0)) return false;
            return Object.values(one.cursors).reduce((a, b) => a + b, 0) >= count;
        }""",
        arg=[chart, count],
    )


async def drawn(page: Page, chart: str, source: str, length: int) -> None:
    """Wait until a Bokeh source has *length* rows."""
    await page.wait_for_function(
        "([c, s, n]) => window.agnez?.charts[c]?.sources[s] === n", arg=[chart, source, length]
    )


async def test_a_point_changes_the_chart_without_reload(site: Site) -> None:
    """A value that somebody sends appears in the chart that is open."""
    answer = await site.post("/points", {"run": "live", "channel": "loss", "x": 0, "y": 1.0})
    page = await site.open(f"/runs/{answer['runs'][0]}")
    await drawn(page, "channel.0", "raw:0", 1)

    await site.post("/points", {"run": "live", "channel": "loss", "x": 1, "y": 0.5})

    await drawn(page, "channel.0", "raw:0", 2)
    assert await column(page, "channel.0", "raw:0") == [(0, 1.0), (1, 0.5)]


async def test_a_channel_that_comes_later_gets_its_chart(site: Site) -> None:
    """A new channel of the run is drawn without reload."""
    answer = await site.post("/points", {"run": "grows", "channel": "loss", "y": 1.0})
    page = await site.open(f"/runs/{answer['runs'][0]}")

    await site.post("/points", {"run": "grows", "channel": "accuracy", "y": 0.9})

    await page.wait_for_function("() => 'channel.1' in window.agnez.charts")
    await page.get_by_role("heading", name="accuracy").wait_for()


async def test_reload_in_the_middle_of_a_stream_shows_every_point_once(site: Site) -> None:
    """Points that come while the page loads again are neither missing nor double."""
    answer = await site.post("/points", {"run": "stream", "channel": "loss", "x": 0, "y": 0.0})
    page = await site.open(f"/runs/{answer['runs'][0]}")

    async def stream() -> None:
        for x in range(1, 400):
            await site.post("/points", {"run": "stream", "channel": "loss", "x": x, "y": float(x)})

    streaming = asyncio.create_task(stream())
    for _ in range(2):
        await painted(page, 20)
        await page.reload()
        await ready(page)
    await streaming
    await drawn(page, "channel.0", "raw:0", 400)

    assert await column(page, "channel.0", "raw:0") == [(x, float(x)) for x in range(400)]


async def test_a_single_spike_of_a_million_points_is_seen(site: Site) -> None:
    """The spike is in the chart at full view, and after zooming in on it."""
    y = np.random.default_rng(5).normal(size=1_000_000)
    y[SPIKE_AT] = SPIKE
    run = await site.fill("spike", {"loss": y})
    page = await site.open(f"/runs/{run}")
    await painted(page, 1_000_000)

    full = await column(page, "channel.0", "raw:0")
    assert (SPIKE_AT, SPIKE) in full
    assert len(full) < 20_000

    before = await page.evaluate("() => window.agnez.charts['channel.0'].loads")
    box = await page.locator(".card .plot").first.bounding_box()
    assert box is not None
    span = await page.evaluate("() => window.agnez.charts['channel.0'].range.x")
    share = (SPIKE_AT - span[0]) / (span[1] - span[0])
    await page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
    for _ in range(10):
        await page.mouse.wheel(0, -300)
    await page.wait_for_function(
        """before => { const c = window.agnez.charts['channel.0'];
                       return c.zoomed && c.loads > before && !c.loading
                              && c.range.x[1] - c.range.x[0] < 5e5; }""",
        arg=before,
    )
    zoomed = await column(page, "channel.0", "raw:0")
    assert (SPIKE_AT, SPIKE) in zoomed


async def test_nan_and_infinity_are_marked(site: Site) -> None:
    """They have markers of their own, and the range of the chart is that of the finite values."""
    body = {"run": "odd", "channel": "loss", "x": [0, 1, 2, 3, 4],
            "y": [1.0, "NaN", 2.0, "Infinity", "-Infinity"]}  # fmt: skip
    answer = await site.post("/points", body)
    page = await site.open(f"/runs/{answer['runs'][0]}")
    await drawn(page, "channel.0", "odd:0", 3)

    assert [x for x, _ in await column(page, "channel.0", "odd:0")] == [1, 3, 4]
    low, high = await page.evaluate("() => window.agnez.charts['channel.0'].range.y")
    assert math.isfinite(low) and math.isfinite(high)
    assert 0 < low < 1 and 2 < high < 3


async def test_a_run_s_state_changes_by_push(site: Site) -> None:
    """The chip says finished as soon as the run is."""
    answer = await site.post("/points", {"run": "ends", "channel": "loss", "y": 1.0})
    run = answer["runs"][0]
    page = await site.open(f"/runs/{run}")

    async with site.http.patch(f"{site.url}/api/v1/runs/{run}", json={"state": "finished"}):
        pass

    await page.locator(".head-state", has_text="finished").wait_for()


async def test_names_are_text(site: Site) -> None:
    """A script in the name of a run, channel or project is shown, not run."""
    evil = "<img src=x onerror=document.title='broken'>"
    answer = await site.post("/points", {"run": evil, "project": evil, "channel": evil, "y": 1.0})
    page = await site.open(f"/runs/{answer['runs'][0]}")
    await painted(page, 1)

    assert await page.title() != "broken"
    assert await page.locator("img[src=x]").count() == 0
    assert await page.locator("h1").inner_text() == evil


async def test_a_phone_needs_no_sideways_scroll(site: Site) -> None:
    """At 390 pixels the page is as wide as the screen."""
    answer = await site.post("/points", {"run": "small", "channel": "loss", "y": [3.0, 2.0, 1.0]})
    page = await site.open(f"/runs/{answer['runs'][0]}")
    await page.set_viewport_size({"width": 390, "height": 844})
    await painted(page, 3)

    assert await page.evaluate("() => document.documentElement.scrollWidth") <= 390
