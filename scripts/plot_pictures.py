"""
Make the pictures of docs/plots.md: run each of its examples, and show what the examples have made.

    .venv/bin/python scripts/plot_pictures.py [--only NAME ...]

A picture `pictures/plots/NAME.png` is the variable NAME of the last example above it: an image, or
with `-light` and `-dark` a figure of Bokeh. `NAME.gif` and `NAME.webp` are files whose path it
holds.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bokeh
import numpy as np
from bokeh.embed import json_item
from PIL import Image
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agnez_client import plots
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.support.machine import ROOT

PAGE = ROOT / "docs" / "plots.md"
PICTURES = ROOT / "docs" / "pictures" / "plots"
PART = re.compile(
    r"^```python\n(?P<code>.*?)^```$|\(pictures/plots/(?P<file>[\w.-]+)\)", re.M | re.S
)
LEAST_WIDTH = 300
"""Pixels: smaller images are enlarged, with hard pixels."""


def with_mode(mode: str) -> None:
    """Every plot that has a mode takes this one where it is not told another."""
    for name in plots.__all__:
        defaults: Any = getattr(getattr(plots, name), "__kwdefaults__", None) or {}
        if "mode" in defaults:
            defaults["mode"] = mode


def run(code: str, mode: str, place: str) -> dict[str, Any]:
    """The variables of the example after it has run, in an empty folder."""
    with_mode(mode)
    os.chdir(tempfile.mkdtemp(dir=place))
    found: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), found)
    return {k: v.resolve() if isinstance(v, Path) else v for k, v in found.items()}


def save_image(image: Any, path: Path) -> None:
    """As a PNG: enlarged by a whole number where it is small."""
    pixels = np.asarray(image)
    times = -(-LEAST_WIDTH // pixels.shape[1])
    picture = Image.fromarray(pixels.repeat(times, axis=0).repeat(times, axis=1))
    picture.save(path, optimize=True)


def save_figure(figure: Any, path: Path, page: Page) -> None:
    """As a browser draws it, at twice the pixels."""
    script = Path(bokeh.__file__).parent / "server" / "static" / "js" / "bokeh.min.js"
    page.set_content("<style>body{margin:0}#figure{display:inline-block}</style><div id=figure>")
    page.add_script_tag(path=script)
    page.evaluate(
        """async item => {
            await Bokeh.embed.embed_item(item, document.getElementById("figure"));
            await document.fonts.ready;
        }""",
        json_item(figure),
    )
    page.wait_for_function("() => Bokeh.documents[0].is_idle")
    page.locator("#figure").screenshot(path=path)
    quantized = Image.open(path).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    quantized.save(path, optimize=True)


def save(file: str, variables: Callable[[str], dict[str, Any]], page: Page) -> None:
    """The picture *file* of the example with these variables by mode."""
    path = PICTURES / file
    name, _, mode = path.stem.partition("-")
    found = variables(mode or "light")[name]
    if path.suffix != ".png":
        shutil.copyfile(found, path)
    elif mode:
        save_figure(found, path, page)
    else:
        save_image(found, path)
    sys.stdout.write(f"{file}: {path.stat().st_size // 1024 + 1} KiB\n")


def make_all(page: Page, only: list[str], place: str) -> None:
    """Every picture of the page."""
    code, made = "", dict[tuple[str, str], dict[str, Any]]()

    def variables(mode: str) -> dict[str, Any]:
        if (code, mode) not in made:
            made[code, mode] = run(code, mode, place)
        return made[code, mode]

    for part in PART.finditer(PAGE.read_text(encoding="utf-8")):
        if part["code"]:
            code = part["code"]
        elif not only or Path(part["file"]).stem.partition("-")[0] in only:
            save(part["file"], variables, page)


def main() -> None:
    """Run, then draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--only", metavar="NAME", nargs="*", default=[])
    given = parser.parse_args()
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1000, "height": 800}, device_scale_factor=1.5)
        make_all(page, given.only, place)
        browser.close()


if __name__ == "__main__":
    main()
