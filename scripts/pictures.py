"""
Make the pictures of the documentation: train the digits, look at each page, save what is seen.

    .venv/bin/python scripts/pictures.py [--epochs 12] [--all DIR]

Writes those that the README shows to docs/pictures; with --all every page, light and dark, wide and
narrow, to DIR, to be looked at.
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

from playwright.async_api import Browser, async_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, ready
from tests.support.machine import ROOT, Machine

SIZES = ((1440, 900), (390, 844))
SHOWN = {"run-light-1440", "home-dark-1440"}
PICTURES = ROOT / "docs" / "pictures"


async def take(browser: Browser, url: str, path: Path, mode: str, size: tuple[int, int]) -> None:
    """One picture, once the page is drawn and its fonts are there."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if mode == "dark" else "light",
    )
    page = await context.new_page()
    await page.goto(url)
    await ready(page)
    if path.name.startswith("run"):
        await page.get_by_label("Smoothing").first.fill("0.7")
        await page.evaluate("() => document.activeElement.blur()")
    await page.evaluate("() => document.fonts.ready")
    await page.wait_for_timeout(1000)  # sparklines and last figures come in their own time
    await page.screenshot(path=path)
    await context.close()


async def take_all(url: str, pages: dict[str, str], folder: Path | None) -> None:
    """Every page, light and dark, wide and narrow; without *folder* those of the README."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for (name, path), mode, size in itertools.product(pages.items(), ("light", "dark"), SIZES):
            picture = f"{name}-{mode}-{size[0]}"
            if folder is not None or picture in SHOWN:
                target = (folder or PICTURES) / f"{picture}.png"
                await take(browser, url + path, target, mode, size)
        await browser.close()


def main() -> None:
    """Train, then take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--all", type=Path, metavar="DIR")
    given = parser.parse_args()
    (given.all or PICTURES).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        machine = Machine(Path(home))
        try:
            machine.up()
            script = ROOT / "training" / "digits" / "train.py"
            subprocess.run(
                [sys.executable, script, "--epochs", str(given.epochs)],
                env=machine.environment, check=True,
            )  # fmt: skip
            run = machine.run_named("lr=0.02")
            pages = {"home": "/", "run": f"/runs/{run['id']}", "login": "/login"}
            asyncio.run(take_all(machine.url, pages, given.all))
        finally:
            machine.close()


if __name__ == "__main__":
    main()
