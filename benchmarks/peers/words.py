"""The cells of a peer as texts, and the table of all."""

from __future__ import annotations

import statistics
from typing import Any

from cells import Cells, Found

POLLS = {
    "agnez": "pushed", "trackio": "1 s", "mlflow": "30 s", "tensorboardx": "30 s if switched on",
    "aim": "?",
}  # fmt: skip
"""Read in the pages that the packages bring; "?" where it wasn't found for this page."""
COLUMNS = (
    "", "log call, median / p99", "processor a call", "100,000 points kept", "read again", "page",
    "spike", "log to page", "page asks every", "left after SIGKILL",
)  # fmt: skip
CELLS = ("cost", "cost", "durable", "durable", "page", "page", "live", "", "kill")
"""Which cell each column behind the first comes from."""


def table(lines: list[list[str]]) -> str:
    """*lines* under their headings, in Markdown."""
    rows = [list(COLUMNS), ["---"] * len(COLUMNS), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def line(peer: Cells, title: str) -> list[str]:
    """The cells of *peer* under COLUMNS."""
    texts = {"cost": cost, "durable": durable, "page": page, "live": live, "kill": kill}
    told = {cell: said(peer, cell, text) for cell, text in texts.items()}
    # What failed is said in the first of a cell's columns.
    first = [t if isinstance(t, tuple) else (t, "–") for t in told.values()]
    cells = dict(zip(told, first, strict=True))
    return [
        title, *cells["cost"], *cells["durable"], *cells["page"], cells["live"][0],
        POLLS.get(peer.name, "–"), cells["kill"][0],
    ]  # fmt: skip


def said(peer: Cells, cell: str, text: Any) -> tuple[str, str] | str:
    """*text* of what was found; else why nothing was, or a dash where nothing was tried."""
    if found := peer.found.get(cell):
        answer: tuple[str, str] | str = text(found, peer)
        return answer
    return peer.failed.get(cell, "no page" if cell in ("page", "live") else "–")


def middle(found: list[Found], key: str) -> float:
    return float(statistics.median(f[key] for f in found))


def cost(found: list[Found], peer: Cells) -> tuple[str, str]:
    times = f"{micro(middle(found, 'median_us'))} / {micro(middle(found, 'p99_us'))}"
    return times, micro(middle(found, "cpu_us"))


def durable(found: list[Found], peer: Cells) -> tuple[str, str]:
    logged, counted = (int(middle(found, key)) for key in ("logged", "counted"))
    read = f"{middle(found, 'read_s'):.2g} s"
    seconds = f"{middle(found, 'kept_s'):.3g} s"
    if logged < peer.size.points:
        seconds = f"{logged:,} in {seconds}"
    elif logged < 100_000:
        seconds += f" for {logged:,}"
    return seconds, read if counted == logged else f"{read}, only {counted:,}"


def page(found: list[Found], peer: Cells) -> tuple[str, str]:
    f = found[-1]
    size = f"{f['points']:,} points, {f['bytes'] / 1000:,.0f} kB"
    return f"{f['ms']:,.0f} ms, {size}, of {f['logged']:,}", "there" if f["spike"] else "**lost**"


def live(found: list[Found], peer: Cells) -> str:
    f = found[-1]
    if "ms" in f:
        return f"{f['ms']:,.0f} ms"
    return f"not within {f['not_within_s']:.0f} s ({f['seen']} were)"


def kill(found: list[Found], peer: Cells) -> str:
    return f"{middle(found, 'counted'):,.0f} of {middle(found, 'logged'):,.0f}"


def micro(us: float) -> str:
    """Microseconds, in a unit that is easy to read."""
    return f"{us:.3g} µs" if us < 1000 else f"{us / 1000:.3g} ms"


def calibration(loops: dict[str, list[float]]) -> list[str]:
    """The last line: the calibration loop beside the cells of each column."""
    texts = ["*calibration loop*"]
    for cell in CELLS:
        ms = loops.get(cell)
        known = ms and f"{statistics.median(ms):.0f} ms ({min(ms):.0f} to {max(ms):.0f})"
        texts.append(known or "–")
    return texts
