"""
What `send()` of an array and of a picture costs, beside what it can't do without.

    python benchmarks/kinds.py

In turns within one process: a histogram of a million float32 beside `numpy.histogram` of the same;
a picture of one megabyte (RGB, noise over a gradient, as a photograph compresses) beside Pillow's
own PNG of the same at the same level and SHA-256 of the result, which is the least that a picture
with an immutable name can cost. Each is timed twice in a round (the A/A control). Nothing is
delivered: the spool has no server.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from agnez_client import Context
from agnez_client.kinds.pixels import COMPRESSION

ELEMENTS = 1_000_000
SIDE = 592
"""592 x 592 x 3 bytes: a megabyte."""
Call = Callable[[], object]


def photograph() -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A megabyte that PNG makes about half of."""
    rng = np.random.default_rng(0)
    slope = np.linspace(0, 200, SIDE)[:, None, None] + np.linspace(0, 40, SIDE)[None, :, None]
    noise = rng.normal(0, 3, (SIDE, SIDE, 3))
    return np.clip(slope + noise, 0, 255).astype(np.uint8)


def floor_of_a_picture(pixels: np.ndarray[Any, np.dtype[np.uint8]]) -> str:
    """PNG and its name."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=COMPRESSION)
    return hashlib.sha256(stream.getvalue()).hexdigest()


def timed(call: Call) -> float:
    """Duration of one call in ms."""
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def measure(rounds: int, folder: Path) -> dict[str, float]:
    """All figures, in ms and ratios."""
    values = np.random.default_rng(1).normal(size=ELEMENTS).astype(np.float32)
    pixels, scaled = photograph(), np.random.default_rng(2).random((512, 512), np.float32)
    with Context(url="http://127.0.0.1:9", spool=folder) as ctx:
        weights = ctx.job.create_channel("weights", "HISTOGRAM")
        image = ctx.job.create_channel("image", "IMAGE")
        step = iter(range(10**9))

        def fresh() -> np.ndarray[Any, np.dtype[np.uint8]]:
            pixels[0, 0] = next(step) % 256, next(step) % 251, next(step) % 241
            return pixels  # other bytes each time: equal ones are kept once

        calls: dict[str, Call] = {
            "numpy": lambda: np.histogram(values, 10),
            "numpy again": lambda: np.histogram(values, 10),
            "histogram": lambda: weights.send(y=values),
            "png": lambda: floor_of_a_picture(pixels),
            "png again": lambda: floor_of_a_picture(pixels),
            "image": lambda: image.send(y=fresh()),
            "scaled": lambda: image.send(y=scaled),
        }
        found: dict[str, list[float]] = {name: [] for name in calls}
        for number in range(rounds + 1):
            for name, call in calls.items():
                duration = timed(call)
                if number:  # the first round loads Pillow and warms up
                    found[name].append(duration)
        dropped = ctx.job.dropped
        ctx.job.finish(timeout_s=0)
    median = {name: statistics.median(durations) for name, durations in found.items()}
    return {
        "numpy_ms": median["numpy"],
        "histogram_ms": median["histogram"],
        "histogram_ratio": median["histogram"] / median["numpy"],
        "histogram_a_a": median["numpy again"] / median["numpy"],
        "png_ms_per_mb": median["png"] / (pixels.nbytes / 1e6),
        "image_ms_per_mb": median["image"] / (pixels.nbytes / 1e6),
        "image_ratio": median["image"] / median["png"],
        "image_a_a": median["png again"] / median["png"],
        "float_image_ms_per_mb": median["scaled"] / (scaled.nbytes / 1e6),
        "dropped": dropped,
    }


def main() -> None:
    """Measure, print, and fail when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        found = measure(rounds, Path(folder))
    print(json.dumps({name: round(value, 3) for name, value in found.items()}, indent=1))
    assert not found["dropped"], "the spool was full: fewer rounds"
    assert found["histogram_ratio"] <= 1.5 * max(1.0, found["histogram_a_a"]), "histogram"
    assert found["image_ratio"] <= 1.5 * max(1.0, found["image_a_a"]), "image"


if __name__ == "__main__":
    main()
