"""
Make the pictures of docs/cells.md: train a small network, show it in cells, look at the page.

    .venv/bin/python scripts/cell_pictures.py [--all DIR]

Writes those of the page to docs/pictures; with --all every one, light and dark, wide and narrow, to
DIR, to be looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import matplotlib as mpl

mpl.use("agg")

from matplotlib.figure import Figure
from playwright.async_api import Browser, Page, async_playwright
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from agnez_client import Values
from agnez_client.plots import embedding2d, embedding2dplot, grid2d
from tests.browser.conftest import CHROMIUM, FLAGS, ready
from tests.support.machine import ROOT, Machine

SIZES = ((1440, 1130), (390, 844))
SHOWN = {"cells-light-1440", "cells-dark-1440", "cells-light-390", "cells-moved-light-1440"}
PICTURES = ROOT / "docs" / "pictures"
EPOCHS = 12


def train(url: str) -> None:
    """A network on the digits, and what it learns in four cells."""
    digits = load_digits()
    parts = train_test_split(digits.data / 16, digits.target, random_state=0, test_size=0.3)
    x, x_val, y, y_val = parts
    net = MLPClassifier((36,), learning_rate_init=0.004, batch_size=64, random_state=0)
    values = Values(url)
    loss = values.cell("Loss", pos=0, description="train and validation, after each epoch")
    filters = values.cell("First layer", pos=1, description="the weights of its 36 units")
    confusion = values.cell("Confusion", pos=2, description="rows are the truth, columns the guess")
    plane = values.cell("Hidden layer", pos=3, description="validation digits, by two main axes")
    curves: list[list[float]] = [[], []]
    for _ in range(EPOCHS):
        net.partial_fit(x, y, classes=range(10))
        for curve, (images, truth) in zip(curves, ((x, y), (x_val, y_val)), strict=True):
            curve.append(log_loss(truth, net.predict_proba(images)))
        loss.show(drawn(curves), interactive=True)
        filters.show(grid2d(net.coefs_[0].T).repeat(8, 0).repeat(8, 1))
        confusion.show(table(confusion_matrix(y_val, net.predict(x_val))))
    hidden = (x_val @ net.coefs_[0] + net.intercepts_[0]).clip(0)
    plane.show(embedding2dplot(embedding2d(hidden)[0], y_val))


def drawn(curves: list[list[float]]) -> Figure:
    """Both losses over the epochs."""
    figure = Figure(figsize=(6.4, 3.9))
    axes = figure.add_subplot()
    for curve, name in zip(curves, ("train", "validation"), strict=True):
        axes.plot(range(1, len(curve) + 1), curve, marker="o", label=name)
    axes.set_xlabel("epoch")
    axes.set_ylabel("cross-entropy")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def table(counts: Any) -> str:
    """A confusion matrix as HTML, darker where there is more."""
    rows = "".join(
        "<tr>" + "".join(
            f'<td style="background:rgb(60 88 210/{n / row.sum():.2f});'
            f'color:{"#fff" if n > row.sum() / 2 else "#333"}">{n or ""}</td>' for n in row
        ) + "</tr>"
        for row in counts
    )  # fmt: skip
    style = (
        "body{margin:6px;font:13px system-ui}table{width:100%;border-spacing:3px}"
        "td{height:27px;text-align:center;border-radius:4px}"
    )
    return f"<style>{style}</style><table>{rows}</table>"


async def take(page: Page, url: str, name: str, path: Path) -> None:
    """One picture, once everything in the cells is drawn."""
    await page.goto(url)
    await ready(page)
    await page.evaluate("() => document.fonts.ready")
    await page.wait_for_timeout(1500)  # frames draw in their own time
    if name == "cells-moved":
        await hold(page)
    await page.screenshot(path=path)


async def hold(page: Page) -> None:
    """The first cell is dragged over the second one, and not let go."""
    box = await page.locator(".cell-slot .card-head").first.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 120, box["y"] + 14)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 860, box["y"] + 110, steps=12)
    await page.wait_for_timeout(500)


async def take_all(browser: Browser, url: str, folder: Path | None) -> None:
    """Every picture; without *folder* those of the documentation."""
    for name, mode, (width, height) in itertools.product(
        ("cells", "cells-moved"), ("light", "dark"), SIZES
    ):
        picture = f"{name}-{mode}-{width}"
        if folder is None and picture not in SHOWN:
            continue
        context = await browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if mode == "dark" else "light",
            has_touch=width < 500, is_mobile=width < 500,
        )  # fmt: skip
        page = await context.new_page()
        await take(page, url, name, (folder or PICTURES) / f"{picture}.png")
        await context.close()


async def look(url: str, folder: Path | None) -> None:
    """Take the pictures with a browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        await take_all(browser, url, folder)
        await browser.close()


def main() -> None:
    """Train, then look."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--all", type=Path, metavar="DIR")
    given = parser.parse_args()
    (given.all or PICTURES).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        machine = Machine(Path(home))
        try:
            machine.up()
            train(machine.url)
            asyncio.run(look(machine.url, given.all))
        finally:
            machine.close()


if __name__ == "__main__":
    main()
