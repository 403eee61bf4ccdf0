"""Entries for the pages, sent over HTTP as any language could, and how to wait for them."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import numpy as np
from PIL import Image
from playwright.async_api import Locator, Page

from tests.browser.conftest import Site


class Entries:
    """The entries of one run, found by its name."""

    def __init__(self, site: Site, run: str = "kinds") -> None:
        self.site, self.name, self.run = site, run, ""

    async def send(self, channel: str, type: str, x: float, body: dict[str, Any]) -> None:
        """One entry; its blobs are there already."""
        point = {"run": self.name, "channel": channel, "type": type, "x": x, "y": body}
        self.run = (await self.site.post("/points", point))["runs"][0]

    async def blob(self, data: bytes, mime: str) -> dict[str, Any]:
        """*data* on the server, and how a body names it."""
        sha256 = hashlib.sha256(data).hexdigest()
        url, head = f"{self.site.url}/api/v1/blobs/{sha256}", {"Content-Type": mime}
        async with self.site.http.put(url, data=data, headers=head) as answer:
            assert answer.status in (200, 201), await answer.text()
        return {"sha256": sha256, "mime": mime, "size": len(data)}

    async def image(self, gray: int, **more: Any) -> dict[str, Any]:
        """An image of one shade, 64 pixels wide and 48 high, as an item of a body."""
        pixels = np.full((48, 64), gray, np.uint8)
        size = {"width": 64, "height": 48}
        blob = await self.blob(png(pixels), "image/png")
        return {**blob, **size, "thumb": {**blob, **size}, **more}

    async def open(self, section: str = "media", query: str = "") -> Page:
        """The section of the run's page."""
        return await self.site.open(f"/runs/{self.run}{query}#{section}")


def png(pixels: np.ndarray) -> bytes:
    """*pixels* as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def card(page: Page, title: str) -> Locator:
    """The card of the chart *title*."""
    return page.get_by_role("region", name=title, exact=True)


async def stands_at(page: Page, title: str, x: float, places: int | None = None) -> None:
    """Wait until the chart *title* shows the entry at *x* (and has so many places)."""
    await page.wait_for_function(
        """([title, x, places]) => Object.values(window.agnez.charts).some(
            ({title: t, entries: e}) => t === title && e?.shown[0]?.x === x
                && (places === null || e.places === places))""",
        arg=[title, x, places],
    )  # fmt: skip


async def columns(page: Page, title: str, source: str) -> dict[str, list[Any]]:
    """The columns of a Bokeh source of the chart *title*."""
    found: dict[str, list[Any]] = await page.evaluate(
        """([title, source]) => window.agnez.data(
            Object.entries(window.agnez.charts).find(([, c]) => c.title === title)[0], source)""",
        [title, source],
    )
    return found
