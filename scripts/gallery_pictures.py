"""
Make the pictures of docs/gallery.md: send every kind to a server, take a picture of each card.

    .venv/bin/python scripts/gallery_pictures.py [--only NAME ...]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.async_api import Browser, Locator, Page, async_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, ready
from tests.support.machine import ROOT, Machine

PICTURES = ROOT / "docs" / "pictures" / "gallery"

# Name of the picture, section of the page, title of the chart.
SHOWN = (
    ("histogram", "charts", "weights/layer 0"),
    ("ridgeline", "charts", "weights/layer 0"),
    ("pr-curve", "charts", "precision and recall"),
    ("roc-curve", "charts", "roc"),
    ("confusion-matrix", "charts", "confusion"),
    ("images", "media", "digits"),
    ("overlays", "media", "scene"),
    ("text", "media", "report"),
    ("table", "media", "hardest digits"),
    ("audio", "media", "tone"),
    ("video", "media", "filters"),
    ("html", "media", "page"),
    ("figure", "media", "drawn"),
    ("figure-bokeh", "media", "interactive"),
)


async def take(page: Page, name: str, title: str, path: Path) -> None:
    """The card of the chart *title*, once it shows something."""
    card = page.get_by_role("region", name=title, exact=True)
    await card.scroll_into_view_if_needed()
    await page.wait_for_function(
        """title => Object.values(window.agnez.charts).some(
            (chart) => chart.title === title && chart.painted > 0)""",
        arg=title,
    )
    await prepare(card, name)
    await page.evaluate("() => document.fonts.ready")
    await page.wait_for_timeout(1200)  # frames and players draw in their own time
    await card.screenshot(path=path)


async def prepare(card: Locator, name: str) -> None:
    """What a reader would turn before looking."""
    if name == "ridgeline":
        await card.get_by_role("button", name="Ridgeline").click()
    slider = card.get_by_role("slider")
    if name in ("roc-curve", "pr-curve", "confusion-matrix") and await slider.count():
        await slider.press("Home")
        await slider.blur()


async def take_all(browser: Browser, url: str, only: list[str]) -> None:
    """Every picture, light and dark."""
    for (name, section, title), mode in itertools.product(SHOWN, ("light", "dark")):
        if only and name not in only:
            continue
        context = await browser.new_context(
            viewport={"width": 1240, "height": 3600},
            color_scheme="dark" if mode == "dark" else "light",
        )
        page = await context.new_page()
        await page.goto(f"{url}#{section}")
        await ready(page)
        await take(page, name, title, PICTURES / f"{name}-{mode}.png")
        await context.close()


async def look(url: str, only: list[str]) -> None:
    """Take the pictures with a browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        await take_all(browser, url, only)
        await browser.close()


def main() -> None:
    """Send, then look."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--only", metavar="NAME", nargs="*", default=[])
    given = parser.parse_args()
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        machine = Machine(Path(home))
        try:
            machine.up()
            script = ROOT / "scripts" / "gallery.py"
            sent = subprocess.run(
                [sys.executable, script, machine.url], check=True, capture_output=True, text=True
            )
            asyncio.run(look(f"{machine.url}/runs/{sent.stdout.strip()}", given.only))
        finally:
            machine.close()


if __name__ == "__main__":
    main()
