"""What a reader takes along from a chart."""

from __future__ import annotations

from tests.browser.conftest import Site
from tests.dashboards.test_chart_controls import until


async def test_a_channel_is_saved_whole(site: Site) -> None:
    """The file that the menu offers has every point, and a name that tells what it holds."""
    run = await site.fill("long", {"loss": [0.5] * 12_000})
    page = await site.open(f"/runs/{run}")
    await page.get_by_role("button", name="More").click()

    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Save loss as CSV").click()
    download = await downloading.value

    assert len((await download.path()).read_text().splitlines()) == 1 + 12_000
    assert "loss" in download.suggested_filename and download.suggested_filename.endswith(".csv")


async def test_a_saved_picture_is_dark_in_the_dark(site: Site) -> None:
    """Its ground is the colour of the card, and above the plot there is room for the names."""
    await site.post("/points", {"run": "two", "channel": "a", "y": [1.0, 2.0]})
    run = (await site.post("/points", {"run": "two", "channel": "b", "y": [3.0]}))["runs"][0]
    await site.post(f"/runs/{run}/charts", {"title": "both", "channels": ["a", "b"]})
    page = await site.open(f"/runs/{run}")
    await page.get_by_role("button", name="Dark mode").click()
    await until(page, "c.painted > 0")
    card = page.get_by_role("region", name="both")
    await card.get_by_role("button", name="More").click()

    async with page.expect_download() as downloading:
        await card.get_by_role("button", name="Save as PNG").click()
    picture = (await (await downloading.value).path()).read_bytes()

    ground, height = await page.evaluate(
        """async bytes => {
            const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
            const canvas = new OffscreenCanvas(picture.width, picture.height);
            const pen = canvas.getContext("2d");
            pen.drawImage(picture, 0, 0);
            return [[...pen.getImageData(2, 2, 1, 1).data], picture.height]; }""",
        list(picture),
    )
    plot = await card.locator(".figure").bounding_box()
    assert ground == [0x14, 0x19, 0x21, 255]
    assert plot is not None and height > plot["height"] + 40
