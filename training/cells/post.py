"""
Two cells of the dashboard, kept fresh by plain HTTP: a curve as html, and an animated picture.

    cd training/cells && agnez up        # in one terminal
    python training/cells/post.py        # in another

Nothing of Agnez is imported: a cell is a JSON document which is posted once and patched whenever
there is something new to show. Needs requests, matplotlib and mpld3.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import matplotlib

matplotlib.use("agg")

import mpld3
import requests
from matplotlib.figure import Figure

WINDOW = 20
"""Numbers that the curve shows; older ones leave it."""
PICTURE = Path(__file__).parent / "images" / "main_img.gif"
PICTURE_URL = "./images/main_img.gif"


def post_cell(values: str, kind: str, pos: int) -> str:
    """Make an empty cell of *kind* ("html" or "img") at *pos*; returns the address of it."""
    cell = {"name": "", "description": "", "type": kind, "value": "", "pos": pos}
    answer = requests.post(values, json=cell, timeout=30)
    answer.raise_for_status()
    return f"{values}/{answer.json()['_id']}"


def patch_cell(cell: str, **fields: object) -> None:
    """Say what is new about the cell at the address *cell*; the rest of it stays."""
    requests.patch(cell, json=fields, timeout=30).raise_for_status()


def curve(numbers: list[float]) -> str:
    """*numbers* as html that can be zoomed."""
    figure = Figure(figsize=(6, 3.5))
    figure.subplots().plot(numbers)
    return str(mpld3.fig_to_html(figure))


def draw_picture(path: Path) -> None:
    """A small film of a dot that goes round, as an endless GIF."""
    import numpy as np
    from PIL import Image

    y, x = np.mgrid[-1:1:120j, -1:1:120j]
    frames = []
    for angle in np.linspace(0, 2 * np.pi, 24, endpoint=False):
        distance = np.hypot(x - 0.6 * np.cos(angle), y - 0.6 * np.sin(angle))
        frames.append(Image.fromarray((255 * np.exp(-20 * distance**2)).astype(np.uint8)))
    path.parent.mkdir(parents=True, exist_ok=True)
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=60, loop=0)


def main() -> None:
    """Post both cells, then patch them at each step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--url", default="http://localhost:3000", help="address of the server")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two steps")
    given = parser.parse_args()

    if not PICTURE.exists():
        draw_picture(PICTURE)
    values = f"{given.url.rstrip('/')}/values"
    html, img = post_cell(values, "html", 0), post_cell(values, "img", 1)
    numbers: list[float] = []
    for step in range(given.steps):
        time.sleep(given.pause)
        numbers = [*numbers, random.random()][-WINDOW:]
        patch_cell(html, name="random", value=curve(numbers), description=f"step {step + 1}")
        patch_cell(img, name="round", value=PICTURE_URL, description="a picture by its address")
    print(f"{given.steps} steps, the cells are at {given.url}")


if __name__ == "__main__":
    main()
