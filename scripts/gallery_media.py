"""Pictures, films, pages and figures for `gallery.py`."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from bokeh.embed import json_item
from bokeh.plotting import figure
from PIL import Image

mpl.use("Agg")
from matplotlib import pyplot as plt

SIDE = 8
SCALE = 6
ROOM = 480, 320


def scene(
    images: np.ndarray, truth: np.ndarray, guess: np.ndarray, seed: int
) -> tuple[np.ndarray, dict[str, Any], np.ndarray]:
    """
    Digits strewn over a ground: pixels ``(H, W, 3)`` uint8, boxes and keypoints, and a mask
    ``(H, W)`` uint8 of classes (the digit + 1).
    """
    rng = np.random.default_rng(seed)
    width, height = ROOM
    y, x = np.mgrid[0:height, 0:width]
    ground = 28 + 18 * np.sin(x / 37) * np.cos(y / 29)
    pixels = np.stack([ground, ground * 1.15, ground * 1.5], -1)
    mask = np.zeros((height, width), np.uint8)
    boxes, keypoints = [], []
    side = SIDE * SCALE
    cells = rng.permutation([(c, r) for c in range(5) for r in range(3)])[:7]
    for i, (column, row) in enumerate(cells):
        left = int(column * 94 + rng.integers(14, 34))
        top = int(row * 100 + rng.integers(20, 44))
        digit = np.kron(images[i] / 16, np.ones((SCALE, SCALE)))
        place = np.s_[top : top + side, left : left + side]
        hue = np.array([[90 + 60 * (truth[i] % 3), 230 - 12 * truth[i], 110 + 14 * truth[i]]])
        pixels[place] = pixels[place] * (1 - digit[..., None]) + digit[..., None] * hue
        mask[place][digit > 0.35] = truth[i] + 1
        boxes.append({"box": [left, top, left + side, top + side], "class": int(guess[i]) + 1,
                      "score": round(float(0.62 + 0.36 * rng.random()), 2)})  # fmt: skip
        if i < 2:
            corners = [[left, top, 1], [left + side, top, 1], [left + side // 2, top + side, 1]]
            keypoints.append({"points": corners, "skeleton": [[0, 1], [1, 2], [2, 0]],
                              "class": int(truth[i]) + 1})  # fmt: skip
    classes = {str(d + 1): f"digit {d}" for d in range(10)}
    marks = {"boxes": boxes, "keypoints": keypoints, "classes": classes}
    return pixels.clip(0, 255).astype(np.uint8), marks, mask


def animation(weights: np.ndarray) -> tuple[bytes, int]:
    """The filters of a layer ``(64, units)`` one by one, WebP; and their side in pixels."""
    frames = []
    for unit in weights.T[:24]:
        span = np.abs(unit).max() or 1
        gray = ((unit.reshape(SIDE, SIDE) / span + 1) * 127.5).astype(np.uint8)
        frames.append(Image.fromarray(gray).resize((192, 192), Image.Resampling.NEAREST))
    file = io.BytesIO()
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:], duration=160, loop=0)
    return file.getvalue(), 192


def html_page(step: int, right: Sequence[float]) -> str:
    """A page that draws its own bars, with a script."""
    return f"""<!doctype html><title>digits</title>
<style>body{{font:14px system-ui;margin:16px}}div.bar{{background:#3c58d2;height:16px;margin:3px 0;
color:#fff;font-size:11px;padding-left:4px;border-radius:3px}}</style>
<h3>Right by digit, step {step}</h3><div id="bars"></div>
<script>const right = {list(right)};
for (const [d, r] of right.entries()) {{ const bar = document.createElement("div");
bar.className = "bar"; bar.style.width = (r * 90) + "%";
bar.textContent = d + ": " + (100 * r).toFixed(0) + " %";
document.getElementById("bars").append(bar); }}</script>"""


def svg_figure(losses: Sequence[float]) -> bytes:
    """The loss by Matplotlib."""
    plot, axes = plt.subplots(figsize=(5, 3))
    axes.plot(losses, color="#3c58d2")
    axes.set(xlabel="epoch", ylabel="loss", title="By Matplotlib")
    axes.grid(alpha=0.3)
    plot.tight_layout()
    file = io.BytesIO()
    plot.savefig(file, format="svg", metadata={"Date": None})
    plt.close(plot)
    return file.getvalue()


def bokeh_figure(losses: Sequence[float]) -> dict[str, Any]:
    """The loss as a Bokeh document with its tools."""
    plot = figure(height=240, sizing_mode="stretch_width", title="By Bokeh: drag me",
                  tools="pan,wheel_zoom,reset,hover", active_drag="pan")  # fmt: skip
    plot.line(list(range(len(losses))), losses, line_width=2, color="#d57a0d")
    return dict(json_item(plot))
