"""
Make the pictures of the documentation: train the digits, look at each page, save what is seen.

    .venv/bin/python scripts/pictures.py [--epochs 12]

Writes docs/pictures/<page>-<light|dark>-<width>.png.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.async_api import Browser, async_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, ready
from tests.support.machine import ROOT, Machine

SIZES = ((1440, 900), (390, 844))


async def take(browser: Browser, url: str, name: str, mode: str, width: int, height: int) -> None:
    """One picture, once the page is drawn and its fonts are there."""
    context = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if mode == "dark" else None
    )
    page = await context.new_page()
    await page.goto(url)
    await ready(page)
    await page.evaluate("() => document.fonts.ready")
    await page.wait_for_timeout(1000)  # sparklines and last figures come in their own time
    await page.screenshot(path=ROOT / "docs" / "pictures" / f"{name}-{mode}-{width}.png")
    await context.close()


async def take_all(url: str, pages: dict[str, str]) -> None:
    """Every page, light and dark, wide and narrow."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, path in pages.items():
            for mode in ("light", "dark"):
                for width, height in SIZES:
                    await take(browser, url + path, name, mode, width, height)
        await browser.close()


def main() -> None:
    """Train, then take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--epochs", type=int, default=12)
    epochs = parser.parse_args().epochs
    with tempfile.TemporaryDirectory() as home:
        machine = Machine(Path(home))
        try:
            machine.up()
            script = ROOT / "training" / "digits" / "train.py"
            subprocess.run(
                [sys.executable, script, "--epochs", str(epochs)],
                env=machine.environment, check=True,
            )  # fmt: skip
            run = machine.run_named("lr=0.02")
            pages = {"home": "/", "run": f"/runs/{run['id']}", "login": "/login"}
            asyncio.run(take_all(machine.url, pages))
        finally:
            machine.close()


if __name__ == "__main__":
    main()
