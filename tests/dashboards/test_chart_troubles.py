"""Charts that could not be loaded at first."""

from __future__ import annotations

from tests.browser.conftest import Site
from tests.dashboards.test_chart_controls import until


async def test_a_chart_that_failed_to_load_is_tried_again(site: Site) -> None:
    """The card says so in words of ours, and its button brings the chart."""
    site.forgiven = ("ERR_FAILED",)
    answer = await site.post("/points", {"run": "late", "channel": "loss", "y": [1.0, 2.0]})
    await site.context.route("**/charts/*/figure", lambda route: route.abort())
    page = await site.open(f"/runs/{answer['runs'][0]}")
    await page.get_by_text("This chart could not be loaded.").wait_for()
    assert "TypeError" not in await page.locator(".card").inner_text()
    await site.context.unroute("**/charts/*/figure")

    await page.locator(".card").get_by_role("button", name="Try again").click()

    await until(page, "c.painted > 0 && c.sources['raw:0'] === 2")


async def test_a_chart_without_bokeh_is_tried_again(site: Site) -> None:
    """Bokeh's script is fetched anew when it did not come with the page."""
    site.forgiven = ("ERR_FAILED",)
    answer = await site.post("/points", {"run": "late", "channel": "loss", "y": [1.0, 2.0]})
    await site.context.route("**/bokeh.min.js*", lambda route: route.abort())
    page = await site.open(f"/runs/{answer['runs'][0]}")
    await page.get_by_text("This chart could not be loaded.").wait_for()
    await site.context.unroute("**/bokeh.min.js*")

    await page.locator(".card").get_by_role("button", name="Try again").click()

    await until(page, "c.painted > 0 && c.sources['raw:0'] === 2")
